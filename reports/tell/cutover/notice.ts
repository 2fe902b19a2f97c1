/** What everybody must see first where traffic was taken back or nothing says that it was: the same words on the page and the terminal. */
import type { DecidedCutover } from '../../../checks/contract/decision.ts';
import { formatMs } from '../../../checks/contract/units.ts';
import { listOf } from '../wording.ts';
import type { CutoverStory } from '../../decide/cutover-story.ts';

export interface CutoverNotice {
  readonly heading: string;
  /** Why, and how long it took. Texts from the log are in them. */
  readonly lines: readonly string[];
  /** What to do now; null where nothing is left to do but to find the cause. */
  readonly fix: string | null;
}

/** decision.json knows less than the log: what it does not tell is left out. */
export type NoticedCutover = DecidedCutover & Partial<CutoverStory>;

/** Null for a cutover that ended well or did not begin. */
export function cutoverNotice(cutover: NoticedCutover): CutoverNotice | null {
  if (cutover.outcome === 'rolled-back') return rolledBack(cutover);
  return cutover.outcome === 'unfinished' ? unfinished(cutover) : null;
}

function rolledBack(cutover: NoticedCutover): CutoverNotice {
  const { verified, highestWeight, unverified = [] } = cutover;
  const moved = highestWeight !== 0;
  const wrong = unverified.map(({ item, outcome }) => `${item} (${outcome})`);
  return {
    heading: `${moved ? 'Traffic was taken back' : 'The cutover was given up before traffic moved'}${verified === true ? '' : '; what serves now is NOT verified'}`,
    lines: [cutover.reason ?? 'No reason was recorded.', ...(moved ? zeroLine(cutover) : []), recoveryLine(cutover)],
    fix:
      verified === true
        ? null
        : `Look by hand at what users get now${wrong.length > 0 ? `, and at ${listOf(wrong)}` : ''}.`,
  };
}

function unfinished(cutover: NoticedCutover): CutoverNotice {
  const { weight, attempts, unfinished: why } = cutover;
  return {
    heading: attempts === 0 ? 'How the cutover ended is not known' : 'THE ROLLBACK IS NOT FINISHED',
    lines: [
      ...(cutover.reason === null ? [] : [cutover.reason]),
      ...(why == null ? [] : [`Not finished: ${why}.`]),
      ...zeroLine(cutover),
      weight === 0
        ? 'By the log no traffic goes to the new release; whether all is as it was before is not known.'
        : `The new release may still get ${weight} % of the traffic.`,
    ],
    fix: 'Run golive rollback, unless a run is still at it.',
  };
}

function zeroLine({ msFromBreachToZero, msToZero }: NoticedCutover): readonly string[] {
  const times = [
    ...(msFromBreachToZero === null ? [] : [`${formatMs(msFromBreachToZero)} after the breach began`]),
    ...(msToZero == null ? [] : [`${formatMs(msToZero)} after the rollback began`]),
  ];
  return times.length === 0 ? [] : [`At 0 %: ${times.join(', ')}.`];
}

function recoveryLine({ verified, msToRecovery, msFromBreachToRecovery }: NoticedCutover): string {
  const how = verified === true ? 'Recovered and verified' : 'The rollback is done, but what serves is NOT verified,';
  if (msToRecovery === null) return `${how} at a time that is not known.`;
  const whole = msFromBreachToRecovery == null ? '' : ` (${formatMs(msFromBreachToRecovery)} after the breach began)`;
  return `${how} ${formatMs(msToRecovery)} after the rollback began${whole}.`;
}
