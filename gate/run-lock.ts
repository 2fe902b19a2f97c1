/**
 * One run at a time in a project: two would write one `reports/out/decision.json`, and the decision of the first could cover that
 * the second was killed. The lock names its process and when that started, so that a dead one's lock holds nobody up.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, processStartedAt } from '../fixtures/rehearsal-client/process-identity.ts';

interface Holder {
  readonly pid: number;
  readonly pidStartedAt: string;
}

/** Takes the project's lock. Answers null, or the pid of the run that holds it. */
export function takeRunLock(root: string): number | null {
  mkdirSync(join(root, '.golive'), { recursive: true });
  const mine: Holder = { pid: process.pid, pidStartedAt: processStartedAt(process.pid) ?? '' };
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      writeFileSync(lockFile(root), JSON.stringify(mine), { flag: 'wx' });
      return null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(root);
    if (holder && isAlive(holder)) return holder.pid;
    rmSync(lockFile(root), { force: true });
  }
  return readHolder(root)?.pid ?? 0;
}

/** Gives it back, if it is ours. */
export function releaseRunLock(root: string): void {
  if (readHolder(root)?.pid === process.pid) rmSync(lockFile(root), { force: true });
}

function lockFile(root: string): string {
  return join(root, '.golive', 'run.lock');
}

function readHolder(root: string): Holder | null {
  try {
    return JSON.parse(readFileSync(lockFile(root), 'utf8')) as Holder;
  } catch {
    // Gone meanwhile, or cut short by the death of its writer.
    return null;
  }
}
