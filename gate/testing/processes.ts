/** The processes of a run that tests look at, stop, kill and starve. */
import { execFileSync } from 'node:child_process';

/** Sends a signal; a process that has ended meanwhile is none to tell. */
export function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}

/** Files of this process may not grow beyond so many bytes (RLIMIT_FSIZE); a process that has gone has none. */
export function limitFiles(pid: number, size: number | 'unlimited'): void {
  try {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${size}:`], { stdio: 'pipe' });
  } catch (error) {
    if (isRunning(pid)) throw error;
  }
}

const processes = (): readonly (readonly [pid: number, state: string, command: string])[] =>
  execFileSync('ps', ['-ww', '-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const found = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line);
      return found ? [[Number(found[1]), found[2] ?? '', found[3] ?? ''] as const] : [];
    })
    .filter(([, state]) => !state.startsWith('Z'));
const isRunning = (pid: number): boolean => processes().some(([one]) => one === pid);
/** By SIGSTOP. */
export const isStopped = (pid: number): boolean =>
  processes().some(([one, state]) => one === pid && state.startsWith('T'));

/** Processes whose command line names this project, and this program of it. */
export function pidsOf(root: string, program = ''): readonly number[] {
  return processes().flatMap(([pid, , command]) => (command.includes(root) && command.includes(program) ? [pid] : []));
}
