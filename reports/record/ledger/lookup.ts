/** Questions to the ledger: what earlier runs found out about a release in an environment. */
import type { Release } from '../../../checks/contract/plan.ts';
import type { EnvironmentIdentity } from '../../../checks/contract/run.ts';
import { canonicalJson } from '../../../checks/contract/canonical.ts';
import type { LedgerOutcome, LedgerPhase } from '../../decide/input.ts';
import { byText } from '../../decide/order.ts';
import type { Ledger, LedgerFile } from './read.ts';

/** Every phase any run decided, or started and never decided, for this release and environment. Oldest first. */
export function phasesFor(ledger: Ledger, release: Release, identity: EnvironmentIdentity): LedgerPhase[] {
  return ledger.files
    .filter((file) => concerns(file, release, identity))
    .flatMap((file) => (file.closed ? decidedPhases(file) : openPhases(file)))
    .sort((a, b) => byText(a.decidedAt, b.decidedAt) || byText(a.runId, b.runId));
}

/** The latest decision of each phase. */
export function latestPhases(
  ledger: Ledger,
  release: Release,
  identity: EnvironmentIdentity,
): Map<string, LedgerPhase> {
  return new Map(phasesFor(ledger, release, identity).map((phase) => [phase.phase, phase]));
}

export interface AgedOutcome {
  readonly runId: string;
  readonly outcome: LedgerOutcome;
  readonly ageMs: number;
}

/** The latest outcome of each item and how old it is at `now`. */
export function latestOutcomes(
  ledger: Ledger,
  release: Release,
  identity: EnvironmentIdentity,
  now: Date,
): Map<string, AgedOutcome> {
  const latest = new Map<string, AgedOutcome>();
  for (const { runId, outcomes } of phasesFor(ledger, release, identity)) {
    for (const outcome of outcomes) {
      const ageMs = now.getTime() - Date.parse(outcome.startedAt);
      const known = latest.get(outcome.item);
      if (!known || ageMs <= known.ageMs) latest.set(outcome.item, { runId, outcome, ageMs });
    }
  }
  return latest;
}

/** A run that never reached its cluster may have meant any of that name: it counts against each of them. */
function concerns({ header, records }: LedgerFile, release: Release, identity: EnvironmentIdentity): boolean {
  if (canonicalJson(header.release) !== canonicalJson(release) || header.environment !== identity.name) return false;
  const reached = records.find((record) => record.record === 'environment');
  return reached === undefined || (reached.name === identity.name && reached.uid === identity.uid);
}

function decidedPhases({ runId, header, records }: LedgerFile): LedgerPhase[] {
  const outcomes = records.flatMap((record) => (record.record === 'outcome' ? [record.outcome] : []));
  return records.flatMap((record) => {
    if (record.record !== 'phase') return [];
    const { phase, decidedAt, decision, decisionWithoutWaivers, readiness } = record;
    const own = outcomes.filter((outcome) => outcome.phase === phase);
    const { planDigest } = header;
    return [{ runId, phase, decidedAt, planDigest, decision, decisionWithoutWaivers, readiness, outcomes: own }];
  });
}

function openPhases({ runId, header }: LedgerFile): LedgerPhase[] {
  const nothing = { decision: null, decisionWithoutWaivers: null, readiness: null, outcomes: [] };
  return header.phases.map((phase) => {
    return { runId, phase, decidedAt: header.startedAt, planDigest: header.planDigest, ...nothing };
  });
}
