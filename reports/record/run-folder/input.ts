/** Everything a decision about a run rests on, read from its folder, the ledger and the files that people wrote. */
import type { DecisionInput, EndedBy } from '../../decide/input.ts';
import { phasesFor } from '../ledger/lookup.ts';
import { readLedger } from '../ledger/read.ts';
import type { People } from '../../../specs/loader/people/load.ts';
import { ledgerFolder } from '../paths.ts';
import type { RunContents } from './read.ts';

export interface RunInputOptions {
  readonly run: RunContents;
  readonly root: string;
  /** What people said: `loadPeople`. */
  readonly people: People;
  readonly now: Date;
  readonly endedBy: EndedBy;
}

export function inputFor({ run, root, people, now, endedBy }: RunInputOptions): DecisionInput {
  const ledger = readLedger(ledgerFolder(root));
  const earlier = run.identity === null ? [] : phasesFor(ledger, run.plan.release, run.identity);
  return {
    plan: run.plan,
    runHeader: run.runHeader,
    identity: run.identity,
    outcomes: run.outcomes,
    torn: run.torn,
    events: run.events,
    ...(run.cutover ? { cutover: run.cutover } : {}),
    waivers: people.waivers,
    attestations: people.attestations,
    approvals: [],
    ledger: earlier.filter(({ runId }) => runId !== run.runHeader.runId),
    now,
    endedBy,
    selectedPhases: run.runHeader.selectedPhases,
    damage: [...run.damage, ...ledger.damage.map((text) => `the ledger is damaged (golive verify): ${text}`)],
    notes: [...run.warnings, ...people.problems],
  };
}
