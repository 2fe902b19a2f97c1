/** Looks at the branches of the decision tree over and over, while traffic moves. */
import { errorText } from '../checks/contract/text.ts';
import type { HttpClient } from '../checks/contract/http.ts';
import type { DecisionTree, TreeBranch } from '../checks/contract/notify.ts';
import { readBranch, type BranchReading } from '../checks/people/tree.ts';
import type { Clock } from './clock.ts';

/** Network time-outs and how often a source is asked: facts of the platform, never compressed. */
const EVERY_MS = 1000;
const TIMEOUT_MS = 5000;

export interface TreeReading extends BranchReading {
  /** By the clock of the cutover. */
  readonly at: number;
}
export interface TreeWatch {
  /** The last look at each branch that was looked at. */
  readonly seen: () => readonly TreeReading[];
  readonly stop: () => void;
}

/** Looks at every branch over and over; one waits for no other. Nothing where no tree is declared. */
export function watchTree(
  http: HttpClient,
  tree: DecisionTree | undefined,
  clock: Pick<Clock, 'now' | 'wait'>,
): TreeWatch {
  const readings = new Map<string, TreeReading>();
  const over = new AbortController();
  const bounded: HttpClient = { request: (request) => http.request({ ...request, timeoutMs: TIMEOUT_MS }) };
  const watchOne = async (declared: DecisionTree, branch: TreeBranch): Promise<void> => {
    while (!over.signal.aborted) {
      const at = clock.now();
      const reading = await readBranch(bounded, declared, branch).catch((error: unknown): BranchReading => ({
        branch: branch.name,
        value: null,
        why: errorText(error),
      }));
      readings.set(branch.name, { ...reading, at });
      await clock.wait(EVERY_MS, over.signal).catch(() => undefined);
    }
  };
  for (const branch of tree?.branches ?? []) void watchOne(tree as DecisionTree, branch);
  return { seen: () => [...readings.values()], stop: () => over.abort() };
}
