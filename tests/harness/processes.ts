/** The processes of a run that tests look at, stop, kill and starve. Linux only. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { commandLines } from './process-tree.ts';

/** Sends a signal; a process that has ended meanwhile is none to tell. */
export function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}

/** Files of this process may not grow beyond so many bytes (RLIMIT_FSIZE); a process that has gone has none. */
export function limitFiles(pid: number, size: number): void {
  try {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${size}:`], { stdio: 'pipe' });
  } catch (error) {
    if (isRunning(pid)) throw error;
  }
}

/** By SIGSTOP. */
export const isStopped = (pid: number): boolean => stateOf(pid) === 'T';
export const isRunning = (pid: number): boolean => !['', 'Z'].includes(stateOf(pid));

/** As `ps` shows it; empty for a process that has gone. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command before it is in parentheses, and may hold any character.
    return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '';
  } catch {
    return '';
  }
}

/** Processes whose command line names this project, and this program of it. */
export function pidsOf(root: string, program = ''): readonly number[] {
  return commandLines().flatMap(({ pid, command }) =>
    command.includes(root) && command.includes(program) ? [pid] : [],
  );
}
