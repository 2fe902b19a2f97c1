/** Finds the cutover that somebody must finish: the latest whose log says that it began and not that it ended. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CutoverEventOf } from '../checks/contract/cutover.ts';
import { endOf, readCutover } from '../reports/record/run-folder/cutover-log.ts';
import { isAlive } from '../fixtures/rehearsal-client/process-identity.ts';
import { runsFolder } from '../reports/record/paths.ts';

export interface StandingCutover {
  readonly run: string;
  readonly runDir: string;
  readonly begun: CutoverEventOf<'begun'>;
  /** `under-way`: its process lives. `died`: it ended without a word, or could not finish. `over`: traffic is where it shall be. */
  readonly is: 'under-way' | 'died' | 'over';
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
    const end = endOf(events)?.event;
    const lives = isAlive({ pid: begun.pid, pidStartedAt: begun.pidStartedAt });
    const is = end === 'finished' || end === 'rolled-back' ? 'over' : lives ? 'under-way' : 'died';
    return { run: name, runDir: join(runs, name), begun, is };
  }
  return undefined;
}
