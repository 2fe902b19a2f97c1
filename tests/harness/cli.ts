/** The command line as one bundle, built for the tests of a file and spawned. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export interface Cli {
  (args: readonly string[], cwd?: string, env?: Readonly<Record<string, string>>): CliResult;
  /** The same while this process goes on answering: for commands that ask a server of the test. */
  later(args: readonly string[], cwd?: string, env?: Readonly<Record<string, string>>): Promise<CliResult>;
}

/** Registers the hooks of one test file that build the bundle and remove it. Only PATH and what a test names is inherited. */
export function bundledCli(): Cli {
  let folder = '';
  let file = '';
  beforeAll(async () => {
    mkdirSync(join(ROOT, '.golive'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.golive', 'cli-'));
    file = join(folder, 'golive.js');
    await build({
      entryPoints: [join(ROOT, 'golive.ts')],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'silent',
      banner: { js: "import { createRequire as __r } from 'node:module';const require = __r(import.meta.url);" },
      external: ['@playwright/test', 'playwright', 'playwright-core', 'esbuild', 'fsevents', 'pg-native'],
    });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const settings = (cwd: string, env: Readonly<Record<string, string>>) => ({
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const run = (args: readonly string[], cwd = ROOT, env: Readonly<Record<string, string>> = {}): CliResult => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
      ...settings(cwd, env),
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const later: Cli['later'] = (args, cwd = ROOT, env = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [file, ...args], {
        ...settings(cwd, env),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, stdout, stderr }));
    });
  return Object.assign(run, { later });
}
