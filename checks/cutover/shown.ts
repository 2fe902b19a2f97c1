/**
 * How many answers of the new release it takes to say that it serves well, as pure functions. Few can show a bad release, but not a good one:
 * of forty without an error, one in twelve may fail.
 */
import type { TriggerRule } from '../contract/cutover.ts';
import { SLOW_SHARE } from './new-release.ts';
import { isCountOfWrongs } from './triggers.ts';

/** Chance that a release which is just as bad as the threshold says shows no bad answer among so many. */
const CHANCE = 0.05;
/** No number of answers shows that none ever fails: thresholds below this need as many as this one. */
const LEAST_SHARE = 0.001;

/** Answers of which all can be good by chance alone, at that threshold, once in twenty times: 299 at 1 %, 59 at 5 % and for a P95. */
export function answersToShow({ metric, threshold }: Pick<TriggerRule, 'metric' | 'threshold'>): number {
  if (isCountOfWrongs(metric)) return 0;
  const share = metric === 'p95' ? SLOW_SHARE : Math.max(threshold, LEAST_SHARE);
  return share >= 1 ? 1 : Math.ceil(Math.log(CHANCE) / Math.log(1 - share));
}

/** The trigger that needs the most, where there are fewer answers; null: there are enough for all of them. */
export function fewestFor<Rule extends Pick<TriggerRule, 'metric' | 'threshold'>>(
  triggers: readonly Rule[],
  answers: number,
): { readonly rule: Rule; readonly needed: number } | null {
  const short = triggers
    .map((rule) => ({ rule, needed: answersToShow(rule) }))
    .filter(({ needed }) => answers < needed)
    .sort((a, b) => b.needed - a.needed);
  return short[0] ?? null;
}
