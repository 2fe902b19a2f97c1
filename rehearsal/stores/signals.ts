/** Levers that every server has: killed, and stopped in its tracks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Release } from '../levers.ts';

/** Its pod starts it again, later each time (CrashLoopBackOff); how long that may take. */
const RESTART_LIMIT_MS = 60_000;

interface Process {
  readonly pid: number | undefined;
}

/** SIGKILL. There is nothing to put back: the pod starts the server again, and the release waits for that. */
export function kill(server: Process): Release {
  const pid = signal(server, 'SIGKILL');
  return async () => {
    const until = performance.now() + RESTART_LIMIT_MS;
    while (server.pid === undefined || server.pid === pid) {
      if (performance.now() > until)
        throw new Error(`its pod has not started it again in ${RESTART_LIMIT_MS / 1000} s`);
      await sleep(50);
    }
  };
}

/** SIGSTOP: the port still takes connections, nobody answers on them. */
export function freeze(server: Process): Release {
  const pid = signal(server, 'SIGSTOP');
  return () => {
    // Killed meanwhile: its successor was never stopped.
    if (server.pid === pid) process.kill(pid, 'SIGCONT');
    return Promise.resolve();
  };
}

function signal({ pid }: Process, name: NodeJS.Signals): number {
  if (pid === undefined) throw new Error('it is not running');
  process.kill(pid, name);
  return pid;
}

/** Settings a lever is pulled with: every member, as text. */
export function settingsOf(args: LeverArguments): readonly (readonly [string, string])[] {
  const settings = Object.entries(args).map(([name, value]) => {
    if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`${name} must be text or a number`);
    return [name, String(value)] as const;
  });
  if (settings.length === 0) throw new Error('no setting was named');
  return settings;
}

export function textOf(args: LeverArguments, name: string, otherwise: string): string {
  const value = args[name] ?? otherwise;
  if (typeof value !== 'string') throw new Error(`${name} must be text`);
  return value;
}

export function numberOf(args: LeverArguments, name: string, otherwise: number): number {
  const value = args[name] ?? otherwise;
  if (typeof value !== 'number') throw new Error(`${name} must be a number`);
  return value;
}
