/** What only the run's folder knows of a decision. It may be gone; then the exports hold what the decision holds. */
import { join } from 'node:path';
import type { Decision } from '../../checks/contract/decision.ts';
import { readRun } from '../record/run-folder/read.ts';
import type { RunFacts } from './graph.ts';

/** Never throws. */
export function runFacts(runs: string, { runId }: Decision): RunFacts {
  try {
    const { runHeader, outcomes } = readRun(join(runs, runId));
    return {
      startedAt: runHeader.startedAt,
      startedByItem: new Map(outcomes.map(({ item, startedAt }) => [item, startedAt])),
      images: [...new Set(outcomes.flatMap(({ images = [] }) => images))].sort(),
    };
  } catch {
    return {};
  }
}
