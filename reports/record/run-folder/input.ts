/** Everything a decision about a run rests on, read from its folder, the ledger and the files that people wrote. */
import type { DecisionInput, EndedBy, LedgerPhase } from '../../decide/input.ts';
import { ledgerUsed } from '../../decide/gather.ts';
import { clockBy } from '../ledger/clock.ts';
import { concerns, phasesFor, readOutcomes } from '../ledger/lookup.ts';
import { unknownQuarantined } from '../ledger/quarantine.ts';
import { surveyLedger, type LedgerSurvey } from '../ledger/survey.ts';
import type { RunSummary } from '../ledger/records.ts';
import { ledgerKeys, trustOf, type LedgerKeys } from '../ledger/trust.ts';
import { readSeen } from '../ledger/witness.ts';
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

export function inputFor(options: RunInputOptions): DecisionInput {
  const { run, root, people, endedBy } = options;
  const folder = ledgerFolder(root);
  const survey = options.survey ?? surveyLedger(folder);
  const counting = survey.runs.filter(({ runId }) => !survey.quarantined.has(runId));
  const keys = ledgerKeys(root, run.plan.checklist.file);
  const others = counting.filter(({ runId }) => runId !== run.runHeader.runId);
  const clock = clockBy(others, run.runHeader.startedAt, options.now, (one) => 'by' in trustOf(one, keys));
  const speaks = isVouchedFor(run, people);
  const input: DecisionInput = {
    plan: run.plan,
    runHeader: run.runHeader,
    identity: run.identity,
    outcomes: run.outcomes,
    torn: run.torn,
    events: run.events,
    ...(run.cutover ? { cutover: run.cutover } : {}),
    waivers: people.waivers,
    attestations: speaks ? people.attestations : [],
    approvals: speaks ? people.approvals : [],
    ledger: run.identity === null ? [] : phasesFor(others, run.plan, run.identity),
    now: clock.now,
    endedBy,
    selectedPhases: run.runHeader.selectedPhases,
    notes: [...run.warnings, ...people.problems, ...(speaks ? [] : [ANOTHER_REHEARSAL])],
  };
  const damage = [...survey.damage];
  const refusal = refusals(run, survey, keys);
  const ledger = ledgerUsed(input).map((phase, _, used) => {
    if (phase.planDigest !== run.plan.digest || phase.decision === null) return phase;
    const isNewest = used.find((one) => one.phase === phase.phase) === phase;
    const refused = refusal(phase, isNewest);
    return refused === null ? { ...phase, outcomes: readOutcomes(folder, phase, damage) } : { ...phase, refused };
  });
  const told = [...new Set(damage)].map((text) => `the ledger is damaged (golive verify): ${text}`);
  return { ...input, ledger, damage: [...run.damage, ...told, ...clock.damage] };
}

const ANOTHER_REHEARSAL =
  'the keys in .golive/rehearsal/signers are of another rehearsal than this run looked at: nothing that they signed counts';

/** The people of a rehearsal speak for its own cluster only. */
function isVouchedFor({ plan, identity }: RunContents, { cluster }: People): boolean {
  return !plan.environment.rehearsal || cluster === undefined || cluster === identity?.uid;
}

/** Why an earlier run's phase is not believed, or null. Asked of few: it costs a signature. */
function refusals(
  { plan, identity }: RunContents,
  { runs, quarantined }: LedgerSurvey,
  keys: LedgerKeys,
): (phase: LedgerPhase, isNewest: boolean) => string | null {
  if (identity === null) return () => null;
  const seen = readSeen({ planDigest: plan.digest, uid: identity.uid });
  return ({ runId, phase, decidedAt }, isNewest) => {
    const summary = runs.find((one) => one.runId === runId);
    if (summary === undefined) return 'is gone';
    const trust = trustOf(summary, keys);
    if ('refused' in trust) return trust.refused;
    const touches = (one: RunSummary): boolean => concerns(one, plan, identity) && one.header.phases.includes(phase);
    const [aside] = unknownQuarantined(runId, runs, quarantined, touches);
    if (aside !== undefined) return `was made without knowing of run ${aside}, which was quarantined`;
    const newest = seen[phase];
    const isCut = isNewest && newest !== undefined && newest.decidedAt > decidedAt && !quarantined.has(newest.runId);
    return isCut
      ? `is older than that of run ${newest.runId}, which this machine has seen and the ledger has lost`
      : null;
  };
}
