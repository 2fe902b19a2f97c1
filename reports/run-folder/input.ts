/** Everything a decision about a run rests on, read from its folder, the ledger and the files that people wrote. */
import type { DecisionInput, EndedBy } from '../decide/input.ts';
import { phasesFor } from '../ledger/lookup.ts';
import { readLedger } from '../ledger/read.ts';
import type { People } from '../waivers/load.ts';
import { loadPeople } from '../waivers/load.ts';
import { ledgerFolder } from './paths.ts';
import { readRun } from './read.ts';

export interface RunInputOptions {
  readonly runDir: string;
  readonly root: string;
  readonly now: Date;
  readonly endedBy: EndedBy;
  /** Default: what stands beside the checklist. */
  readonly people?: People;
}

/** Throws RunFileError when the run's plan or header cannot be read. */
export function runInput({ runDir, root, now, endedBy, people }: RunInputOptions): DecisionInput {
  const run = readRun(runDir);
  const said = people ?? loadPeople(root, run.plan);
  const ledger = readLedger(ledgerFolder(root));
  const earlier = run.identity === null ? [] : phasesFor(ledger, run.plan.release, run.identity);
  return {
    plan: run.plan,
    runHeader: run.runHeader,
    identity: run.identity,
    outcomes: run.outcomes,
    torn: run.torn,
    events: run.events,
    waivers: said.waivers,
    attestations: said.attestations,
    approvals: [],
    ledger: earlier.filter(({ runId }) => runId !== run.runHeader.runId),
    now,
    endedBy,
    selectedPhases: run.runHeader.selectedPhases,
    damage: [...run.damage, ...ledger.damage.map((text) => `the ledger is damaged (golive verify): ${text}`)],
    notes: [...run.warnings, ...said.problems],
  };
}
