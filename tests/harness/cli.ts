/** The command line as it is built, spawned. */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { ensureBuilt } from '../../gate/fresh-build.ts';

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

const BUILT = join(ROOT, 'dist', 'golive.js');

/** Registers the hook of one test file that builds it where it is older than its sources. Only PATH and what a test names is inherited. */
export function bundledCli(): Cli {
  beforeAll(() => expect(ensureBuilt(ROOT)).toBeNull(), 60_000);

  const settings = (cwd: string, env: Readonly<Record<string, string>>) => ({
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  const run = (args: readonly string[], cwd = ROOT, env: Readonly<Record<string, string>> = {}): CliResult => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BUILT, ...args], {
      ...settings(cwd, env),
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const later: Cli['later'] = (args, cwd = ROOT, env = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [BUILT, ...args], {
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
