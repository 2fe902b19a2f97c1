/** Everything a decision about a run rests on, read from its folder, the ledger and the files that people wrote. */
import type { DecisionInput, EndedBy } from '../../decide/input.ts';
import { ledgerUsed } from '../../decide/gather.ts';
import { phasesFor, readOutcomes } from '../ledger/lookup.ts';
import { surveyLedger, type LedgerSurvey } from '../ledger/survey.ts';
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
  /** The ledger as it stands, where it has been looked at. */
  readonly survey?: LedgerSurvey;
}

export function inputFor({ run, root, people, now, endedBy, survey }: RunInputOptions): DecisionInput {
  const folder = ledgerFolder(root);
  const { runs, damage: found } = survey ?? surveyLedger(folder);
  const earlier = run.identity === null ? [] : phasesFor(runs, run.plan.release, run.identity);
  const input: DecisionInput = {
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
    notes: [...run.warnings, ...people.problems],
  };
  const damage = [...found];
  const ledger = ledgerUsed(input).map((phase) =>
    phase.planDigest === run.plan.digest && phase.decision !== null
      ? { ...phase, outcomes: readOutcomes(folder, phase, damage) }
      : phase,
  );
  const told = [...new Set(damage)].map((text) => `the ledger is damaged (golive verify): ${text}`);
  return { ...input, ledger, damage: [...run.damage, ...told] };
}
