/** The orders that decisions rest on: which outcome is worse, which decision is worse. */
import type { DecisionName } from '../../checks/contract/decision.ts';
import type { OutcomeName, Severity } from '../../checks/contract/outcome.ts';

/** Best first. Of several records of an item the worst counts, so a retry never improves anything. */
const OUTCOMES_FROM_BEST: readonly OutcomeName[] = [
  'pass',
  'not-applicable',
  'planned',
  'pending',
  'not-run',
  'inconclusive',
  'error',
  'fail',
];
const DECISIONS_FROM_BEST: readonly DecisionName[] = ['GO', 'HOLD', 'NO-GO'];

/** 0 for the best outcome; an outcome nobody knows is as bad as `error`. */
export function badness(outcome: OutcomeName): number {
  const rank = OUTCOMES_FROM_BEST.indexOf(outcome);
  return rank < 0 ? OUTCOMES_FROM_BEST.indexOf('error') : rank;
}

/** The worst of some decisions; of none, HOLD: nothing was decided. */
export function worstDecision(decisions: readonly DecisionName[]): DecisionName {
  let worst: DecisionName | null = null;
  for (const decision of decisions) {
    if (worst === null || DECISIONS_FROM_BEST.indexOf(decision) > DECISIONS_FROM_BEST.indexOf(worst)) worst = decision;
  }
  return worst ?? 'HOLD';
}

export function isBlocking(severity: Severity): boolean {
  return severity !== 'minor';
}

/** Sorts by code unit, so that every machine agrees whatever its locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
