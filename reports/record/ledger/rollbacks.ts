/** What the ledger tells of rollbacks that another environment rehearsed: its runs come here by `golive ledger import`. */
import { canonicalJson } from '../../../checks/contract/canonical.ts';
import type { PastRollback, Rollbacks } from '../../../checks/contract/history.ts';
import { oldestFirst, outcomesIn, type HistoryOptions } from './since-approval.ts';
import { trustOf } from './trust.ts';

interface RollbackOptions extends Pick<HistoryOptions, 'folder' | 'survey' | 'plan' | 'keys'> {
  /** Name of the other environment. */
  readonly environment: string;
  /** The item that rehearses the rollback. */
  readonly item: string;
}

/** Of the same release: name, version and commit. A rehearsal's runs count only for a rehearsal. */
export function rollbacksOf(options: RollbackOptions): Omit<Rollbacks, 'isSimulated'> {
  const { folder, survey, plan, keys, environment, item } = options;
  const release = canonicalJson(plan.release);
  const runs = survey.runs
    .filter(({ runId, closed }) => closed && !survey.quarantined.has(runId))
    .filter(({ header }) => header.environment === environment && canonicalJson(header.release) === release)
    .filter(({ header }) => (header.rehearsal === true) === plan.environment.rehearsal)
    // A run that reached no cluster is about no environment, whatever its plan says.
    .filter((run) => run.environment?.name === environment)
    .toSorted(oldestFirst);
  const records: PastRollback[] = [];
  const refused: string[] = [];
  let lastImages: readonly string[] = [];
  for (const run of runs) {
    const outcomes = outcomesIn(folder, run);
    const tried = outcomes.filter((one) => one.item === item);
    const trust = trustOf(run, keys);
    if ('refused' in trust) {
      if (tried.length > 0) refused.push(`run ${run.runId} ${trust.refused}`);
      continue;
    }
    const images = [...new Set(outcomes.flatMap((one) => one.images ?? []))];
    // Phases may run one by one: the run that rolls back need not be the one that looks at images.
    if (images.length > 0) lastImages = images;
    for (const { startedAt: at, outcome } of tried) records.push({ runId: run.runId, at, outcome, images: lastImages });
  }
  return { records, refused };
}
