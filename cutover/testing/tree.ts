/** For tests: the branches of a decision tree, each with what it reads now; null: its source does not answer. */
import type { TreeWatch } from '../tree-watch.ts';

export function readingsOf(branches: () => Readonly<Record<string, number | null>>, now: () => number): TreeWatch {
  const read = ([branch, value]: readonly [string, number | null]) => ({
    branch,
    value,
    why: value === null ? 'connection refused' : null,
    at: now(),
  });
  return { seen: () => Object.entries(branches()).map(read), stop: () => undefined };
}
