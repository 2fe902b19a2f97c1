/** For tests and benchmarks: the ramp of a cutover, 55 minutes as seeds make them, looked at every five seconds. */
import { signTest, splitTest, rateTest, type Evidence } from '../looks.ts';
import type { Tolerance } from '../stable.ts';
import { seeded } from './seeded.ts';

/** Share and minutes of each step. */
const STEPS = [
  [0.05, 5],
  [0.25, 10],
  [0.5, 10],
  [1, 30],
] as const;
const LOOK_S = 5;
/** Levels are sampled so seldom that no two look back on the same time. */
const LEVEL_EVERY_S = 15;
/** All that is looked at together shares this chance of a needless rollback. */
export const CHANCE = 0.01;
const METRICS = 4;

export interface Ladder {
  readonly seed: number;
  /** Of all users, per second. */
  readonly perSecond: number;
  /** What the new release brings of it: 1 is no change. */
  readonly ratio: number;
  /** By how many standard deviations the new release's level lies lower. */
  readonly lower?: number;
}

/** The share at which traffic would go back, or null where it stays. */
export function climbed({ seed, perSecond, ratio, lower = 0 }: Ladder): number | null {
  const chance = seeded(seed);
  const tolerance: Tolerance = { good: 'up', effect: 0.2 };
  const tests = Array.from({ length: METRICS - 1 }, () => ({ split: splitTest(tolerance), rate: rateTest(tolerance) }));
  const level = signTest(tolerance);
  const proven = ({ against }: Evidence): boolean => against >= METRICS / CHANCE;
  for (const [share, minutes] of STEPS) {
    for (let second = 0; second < minutes * 60; second += LOOK_S) {
      const events = perSecond * LOOK_S;
      // The first metric changes; the others go on as they were.
      for (const [index, { split, rate }] of tests.entries()) {
        const change = index === 0 ? ratio : 1;
        const fresh = chance.poisson(events * share * change);
        const evidence =
          share === 1
            ? rate.look({ events: fresh, expected: events })
            : split.look({ share, fresh, stable: chance.poisson(events * (1 - share)) });
        if (proven(evidence)) return share;
      }
      if (share < 1 && second % LEVEL_EVERY_S === 0) {
        const pair = { fresh: chance.normal(100 - 10 * lower, 10), stable: chance.normal(100, 10) };
        if (proven(level.look(pair))) return share;
      }
    }
  }
  return null;
}

/** How many of so many ladders go back, and how many of these before all users are on the new release. */
export function ladders(count: number, of: Omit<Ladder, 'seed'>) {
  const ends = Array.from({ length: count }, (_, index) => climbed({ ...of, seed: index + 1 }));
  return {
    back: ends.filter((at) => at !== null).length,
    beforeAll: ends.filter((at) => at !== null && at < 1).length,
  };
}
