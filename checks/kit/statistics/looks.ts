/**
 * Looking again and again without being misled: tests that stay valid however often they are looked at (e-processes), and how a chance of
 * error is spent over planned looks. Of tests made for one look, ten turn a chance of 5 % into one of 16 %.
 */
import { normalCdf, normalQuantile } from './distributions.ts';
import { limitOf, type Direction, type Tolerance } from './stable.ts';

/** What an alternative is: by how much more, or less, the new release does. A mixture of them finds any change nearly as soon as its own. */
const STEPS = [1, 1.5, 2.5, 4] as const;

export interface SequentialTest<Look> {
  /** Takes what has come since the last look; answers what speaks against "nothing that matters". */
  look(seen: Look): Evidence;
}
export interface Evidence {
  /** How much more likely what was seen is under a change; above 1 / chance it is proven at that chance, whenever one looks. */
  readonly against: number;
  /** Which side it speaks for. */
  readonly side: 'up' | 'down';
}

interface Alternative {
  readonly side: 'up' | 'down';
  readonly ratio: number;
  /** What it must beat: the largest change on that side that does not matter yet. */
  readonly tolerated: number;
  log: number;
}

/**
 * Up to which part of the effect a change is tolerated. Beside the other release little else can be the reason; against a rate of before, the
 * hour of the day can. A change of half the effect proves nothing in either: it is nearer to what is tolerated than to any alternative.
 */
const TOLERATED = { beside: 1 / 3, alone: 1 / 2 } as const;

function alternativesOf({ good, effect }: Tolerance, against: keyof typeof TOLERATED): Alternative[] {
  const sides = good === 'steady' ? (['up', 'down'] as const) : [otherThan(good)];
  return sides.flatMap((side) =>
    STEPS.map((step) => ({
      side,
      ratio: ratioAt(side, Math.min(0.9, effect * step)),
      tolerated: ratioAt(side, effect * TOLERATED[against]),
      log: 0,
    })),
  );
}
const otherThan = (good: Exclude<Direction, 'steady'>): 'up' | 'down' => (good === 'up' ? 'down' : 'up');
const ratioAt = (side: 'up' | 'down', effect: number): number => limitOf('ratio', side, effect);

function strongest(alternatives: readonly Alternative[]): Evidence {
  const of = (side: 'up' | 'down'): number =>
    alternatives
      .filter((one) => one.side === side)
      .reduce((sum, { log }) => sum + Math.exp(Math.min(log, 600)) / alternatives.length, 0);
  const [up, down] = [of('up'), of('down')];
  return { against: up + down, side: up > down ? 'up' : 'down' };
}

/** Events of two releases that share the traffic. */
export interface SplitCounts {
  /** What the new release is given, 0 to 1. */
  readonly share: number;
  readonly fresh: number;
  readonly stable: number;
}

/**
 * Whether the new release brings as many events as its share of the traffic: given how many there were, which of both each belongs to is a
 * coin of known bias. No rate has to be known and none has to stay the same: whatever moves both, moves nothing.
 */
export function splitTest(tolerance: Tolerance, dispersion = 1): SequentialTest<SplitCounts> {
  const alternatives = alternativesOf(tolerance, 'beside');
  return {
    look({ share, fresh, stable }) {
      for (const one of alternatives) {
        const of = (ratio: number): number =>
          fresh * Math.log(ratio) - (fresh + stable) * Math.log(share * ratio + 1 - share);
        one.log += (of(one.ratio) - of(one.tolerated)) / dispersion;
      }
      return strongest(alternatives);
    },
  };
}

/** Events of all users, once nobody is left to compare with: against a rate of before. */
export interface RateCounts {
  readonly events: number;
  /** What there would have been at the rate of before. */
  readonly expected: number;
}

/** Whether events go on as before. */
export function rateTest(tolerance: Tolerance, dispersion = 1): SequentialTest<RateCounts> {
  const alternatives = alternativesOf(tolerance, 'alone');
  return {
    look({ events, expected }) {
      for (const one of alternatives) {
        const of = (ratio: number): number => events * Math.log(ratio) - expected * ratio;
        one.log += (of(one.ratio) - of(one.tolerated)) / dispersion;
      }
      return strongest(alternatives);
    },
  };
}

/** A level of both releases over the same moment. */
export interface PairedLevels {
  readonly fresh: number;
  readonly stable: number;
}
/** How often the worse of two lies on one side, by how many standard deviations they are apart: 1 to 4. */
const ODDS = [1, 1.5, 2, 3].map((apart) => normalCdf(apart / Math.SQRT2));

/**
 * Whether one release's level lies below or above the other's more often than by chance: signs alone, whatever the distribution. For levels
 * without a ratio, where a change of two standard deviations matters. Moments must not overlap.
 */
export function signTest({ good }: Pick<Tolerance, 'good'>): SequentialTest<PairedLevels> {
  const sides = good === 'steady' ? (['up', 'down'] as const) : [otherThan(good)];
  const alternatives = sides.flatMap((side) => ODDS.map((odds) => ({ side, ratio: odds, tolerated: 0.5, log: 0 })));
  return {
    look({ fresh, stable }) {
      if (fresh !== stable)
        for (const one of alternatives) {
          const isSo = one.side === 'up' ? fresh > stable : fresh < stable;
          one.log += Math.log((isSo ? one.ratio : 1 - one.ratio) / one.tolerated);
        }
      return strongest(alternatives);
    },
  };
}

/**
 * What of a chance of error may be spent once this share of all that is planned has been seen, 0 to 1: O'Brien and Fleming's way spends
 * nearly all of it at the end, Pocock's evenly (Lan and DeMets, 1983).
 */
export function spent(chance: number, seen: number, way: 'obrien-fleming' | 'pocock'): number {
  if (seen <= 0) return 0;
  const share = Math.min(1, seen);
  if (way === 'pocock') return chance * Math.log(1 + (Math.E - 1) * share);
  return Math.min(chance, 2 * (1 - normalCdf(normalQuantile(1 - chance / 2) / Math.sqrt(share))));
}
