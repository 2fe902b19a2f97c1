/** Finds the cutover that somebody must finish: the latest whose log says that it began and not that it ended. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CutoverEvent, CutoverEventOf } from '../../checks/contract/cutover.ts';
import { endOf, readCutover } from '../../fixtures/cutover/log.ts';
import { isAlive } from '../../fixtures/rehearsal/process-identity.ts';
import { runsFolder } from '../../reports/run-folder/paths.ts';

export interface StandingCutover {
  readonly run: string;
  readonly runDir: string;
  readonly begun: CutoverEventOf<'begun'>;
  /** `under-way`: its process lives. `died`: it ended without a word, or could not finish. `over`: traffic is where it shall be. */
  readonly is: 'under-way' | 'died' | 'over';
}

/** How it stands: an end after which somebody began to go back is none any more. */
export function presentEnd(events: readonly CutoverEvent[]): CutoverEvent | undefined {
  const end = endOf(events);
  const begun = events.findLastIndex(({ event }) => event === 'rollback-begun');
  return end && events.lastIndexOf(end) > begun ? end : undefined;
}

/** The latest cutover of a project that began, or that of one run; undefined where there is none. */
export function standingCutover(root: string, run?: string): StandingCutover | undefined {
  const runs = runsFolder(root);
  if (!existsSync(runs)) return undefined;
  // Their names begin with the time.
  for (const name of readdirSync(runs).sort().reverse()) {
    if (run !== undefined && name !== run) continue;
    const events = readCutover(join(runs, name));
    const begun = events.findLast((one): one is CutoverEventOf<'begun'> => one.event === 'begun');
    if (!begun) continue;
    const end = presentEnd(events)?.event;
    const lives = isAlive({ pid: begun.pid, pidStartedAt: begun.pidStartedAt });
    const is = end === 'finished' || end === 'rolled-back' ? 'over' : lives ? 'under-way' : 'died';
    return { run: name, runDir: join(runs, name), begun, is };
  }
  return undefined;
}
