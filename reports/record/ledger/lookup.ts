/** Questions to the ledger: what earlier runs found out about a release in an environment. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../../checks/contract/canonical.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { EnvironmentIdentity } from '../../../checks/contract/run.ts';
import type { LedgerPhase } from '../../decide/input.ts';
import { byText } from '../../decide/order.ts';
import { fileProblem } from '../io.ts';
import { parseLedgerFile } from './read.ts';
import type { RunSummary } from './records.ts';

/**
 * Every phase any run decided, or started and never decided, for this release and environment. Oldest first; their outcomes are left to
 * `readOutcomes`, since a decision rests on few of them.
 */
export function phasesFor(
  runs: readonly RunSummary[],
  plan: Pick<Plan, 'release' | 'environment'>,
  identity: EnvironmentIdentity,
): LedgerPhase[] {
  return runs
    .filter((run) => concerns(run, plan, identity))
    .flatMap((run) => (run.closed ? decidedPhases(run) : openPhases(run)))
    .sort((a, b) => byText(a.decidedAt, b.decidedAt) || byText(a.runId, b.runId));
}

/**
 * Whether a run is about this release in this environment. One that has ended without reaching a cluster is about none; one that never ended
 * may have meant any of that name: it counts against each of them.
 */
export function concerns(
  { header, environment, closed }: RunSummary,
  plan: Pick<Plan, 'release' | 'environment'>,
  identity: EnvironmentIdentity,
): boolean {
  if (canonicalJson(header.release) !== canonicalJson(plan.release) || header.environment !== identity.name)
    return false;
  if ((header.rehearsal === true) !== plan.environment.rehearsal) return false;
  if (environment === null) return !closed;
  return environment.name === identity.name && environment.uid === identity.uid;
}

function decidedPhases({ runId, header, phases }: RunSummary): LedgerPhase[] {
  return phases.map(({ phase, decidedAt, decision, decisionWithoutWaivers, readiness, items }) => {
    const part = items === undefined ? {} : { items };
    const decided = { decidedAt, decision, decisionWithoutWaivers, readiness, ...part };
    return { runId, phase, planDigest: header.planDigest, ...decided, outcomes: [] };
  });
}

function openPhases({ runId, header }: RunSummary): LedgerPhase[] {
  const nothing = { decision: null, decisionWithoutWaivers: null, readiness: null, outcomes: [] };
  return header.phases.map((phase) => {
    return { runId, phase, decidedAt: header.startedAt, planDigest: header.planDigest, ...nothing };
  });
}

/** The outcomes of a decided phase, verified as they are read; what is wrong with its file goes into `damage`. */
export function readOutcomes(folder: string, { runId, phase }: LedgerPhase, damage: string[]): LedgerPhase['outcomes'] {
  const path = join(folder, `${runId}.jsonl`);
  try {
    const { file, damage: found } = parseLedgerFile(readFileSync(path, 'utf8'), path, runId);
    damage.push(...found);
    return (file?.records ?? []).flatMap((record) =>
      record.record === 'outcome' && record.outcome.phase === phase ? [record.outcome] : [],
    );
  } catch (error) {
    damage.push(fileProblem('read', path, error).message);
    return [];
  }
}
