/** The two stretches of time that are compared: since all users are on the new release, and before the release. */
import { duration } from '../contract/param-schemas.ts';
import { durationMs, formatMs } from '../contract/units.ts';
import type { CutoverEvent } from '../contract/cutover.ts';
import { is, lastCutover } from '../cutover/log.ts';
import type { Say, Messages } from '../kit/kind.ts';

export const stretchParams = {
  window: duration(
    'The time that is looked at, up to now. It begins no sooner than all users were on the new release.',
    '24h',
  ),
  before: {
    type: 'object',
    additionalProperties: false,
    default: { ago: '7d', window: '24h' },
    description: 'The time before the release: one as long ago as a week has the same hours of the same weekday.',
    properties: {
      ago: duration('How long ago it ended.', '7d'),
      window: duration('How long it was.', '24h'),
    },
  },
} as const;

/** Unix seconds. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}
export interface Stretches {
  readonly now: Stretch;
  readonly before: Stretch;
  /** Why the two do not stand for the release and the time before it; null when they do. */
  readonly problem: string | null;
}
interface Given {
  readonly window: string;
  readonly before: { readonly ago: string; readonly window: string };
}

/** `time` in Unix seconds by the clock of the metrics; the log of the cutover is empty where this run had none. */
export function stretchesOf(given: Given, time: number, events: readonly CutoverEvent[]): Stretches {
  const [window, ago, length] = [given.window, given.before.ago, given.before.window].map(
    (text) => durationMs(text) / 1000,
  ) as [number, number, number];
  const shifts = lastCutover(events).filter(is('shifted'));
  const seconds = (at: string | undefined): number | null => (at === undefined ? null : Date.parse(at) / 1000);
  const begun = seconds(shifts.find(({ weight }) => weight > 0)?.at);
  const all = seconds(shifts.find(({ weight }) => weight === 100)?.at);
  const start = Math.max(time - window, all ?? -Infinity);
  const before = { start: time - ago - length, end: time - ago };
  const back = lastCutover(events).find(is('rolled-back')) ?? lastCutover(events).find(is('rollback-begun'));
  return {
    now: { start, end: time },
    before,
    problem:
      back !== undefined
        ? 'traffic went back to the old release, whose users say nothing of the new one'
        : begun !== null && all === null
          ? 'not all users are on the new release yet'
          : begun !== null && before.end > begun
            ? `the time before the release ended ${formatMs(ago * 1000)} ago, when it had begun`
            : null,
  };
}

/** Says so where the stretches do not stand for what they should. */
export function judgeStretches<M extends Messages>({ problem }: Stretches, say: Say<M>): void {
  if (problem !== null) say.unsure('no-positive-control', `Nothing can be compared: ${problem}.`);
}
