/** What a whole drill proved, what it did not, and what is wrong. Pure. */
import type { BoundFault } from './bound.ts';
import { BUSY, isLate, verdictOf, type Coverage, type Seen } from './compare.ts';
import type { DrillResult } from './drill.ts';

export interface DrillSummary {
  /** Faults and items: an item stays green, is red for another reason, moved, or did not come back. */
  readonly wrong: readonly string[];
  /** Faults and items that the machine was too busy for. */
  readonly notProven: readonly string[];
}

export function summaryOf(
  coverage: readonly Coverage[],
  { results, leftOut, notRecovered, busyAtEnd }: DrillResult,
  faults: readonly BoundFault[],
): DrillSummary {
  const named = (verdict: 'wrong' | 'not proven'): string[] =>
    results.filter((one) => verdictOf(one) === verdict).map(({ fault }) => fault);
  const tried = new Set(results.map(({ fault }) => fault));
  const unproven = new Set(named('not proven'));
  const open = faults.filter(({ name }) => unproven.has(name) || !tried.has(name));
  const excused = new Set([...idsOf(leftOut), ...itemsOf(open)]);
  const never = coverage.filter(({ faults: red }) => red.length === 0).map(({ item }) => item);
  const isSlow = (one: Seen): boolean => busyAtEnd >= BUSY || isLate(one);
  const [slow, lost] = [notRecovered.filter(isSlow), notRecovered.filter((one) => !isSlow(one))];
  return {
    wrong: unique([...named('wrong'), ...never.filter((item) => !excused.has(item)), ...idsOf(lost)]),
    notProven: unique([...named('not proven'), ...never.filter((item) => excused.has(item)), ...idsOf(slow)]),
  };
}

const idsOf = (seen: readonly Seen[]): string[] => seen.map(({ item }) => item);
const itemsOf = (faults: readonly BoundFault[]): readonly string[] =>
  faults.flatMap(({ changes }) => changes.map(({ item }) => item));
const unique = (names: readonly string[]): string[] => [...new Set(names)];
