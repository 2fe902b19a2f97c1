/** Programs of this machine (Redis, Prometheus, …) as parts of the rehearsal: found, started on the leash, stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { pause } from '../checks/contract/pause.ts';
import { exitOf, openLog, stopChild } from './child-process.ts';
import { MissingComponent, type PlatformContext } from './platform-types.ts';
import { findTool, toolEnvironment } from '../fixtures/rehearsal-client/tools.ts';

export interface ToolProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Settles when it ends, with its exit code. */
  readonly exited: Promise<number>;
  /** SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}
export interface ToolStart {
  readonly program: string;
  readonly args: readonly string[];
  /** Name of its log file. */
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The temporary folder unless said. A process that begins elsewhere just as the rehearsal is killed is not found by the leash. */
  readonly cwd?: string;
}

/** Starts a program in a process group of its own. Throws MissingComponent, with the command to type, where the machine has none. */
export function startTool(context: PlatformContext, start: ToolStart): ToolProcess {
  const path = findTool(start.program);
  if (path === undefined) {
    throw new MissingComponent(`${start.program} is not installed on this machine`);
  }
  const log = openLog(context.dir, start.log);
  const child = spawn(path, [...start.args], {
    detached: true,
    cwd: start.cwd ?? context.temporary,
    stdio: ['ignore', log, log],
    env: { ...toolEnvironment(), ...start.env },
  });
  closeSync(log);
  context.leash.hold(child);
  const exited = exitOf(child);
  return { child, pid: child.pid ?? 0, exited, stop: (graceMs) => stopChild(child, exited, 'SIGTERM', graceMs) };
}

/**
 * Tries `probe` until it answers true, every `everyMs`. Throws when the process ended first or the time is up; the message names the log.
 */
export async function untilReady(
  tool: ToolProcess,
  what: string,
  probe: () => Promise<boolean>,
  { limitMs = 20_000, everyMs = 20 }: { readonly limitMs?: number; readonly everyMs?: number } = {},
): Promise<void> {
  let ended: number | undefined;
  void tool.exited.then((code) => (ended = code));
  const until = performance.now() + limitMs;
  while (!(await probe().catch(() => false))) {
    if (ended !== undefined) throw new Error(`${what} ended at once (exit code ${ended}); see its log`);
    if (performance.now() > until) throw new Error(`${what} was not ready within ${limitMs / 1000} s; see its log`);
    await pause(everyMs);
  }
}
