/** Proof of a traffic split by counted answers. */
import type { SplitProof } from '../contract/cutover.ts';

/** Standard normal quantile of a two-sided interval of 99.9 %. */
export const Z_999 = 3.2905;
/** A count less likely than this refutes a split. */
export const REFUTING_CHANCE = 1e-6;
/** Answers below which nothing is said of a split. */
export const LEAST_ANSWERS = 50;

/** Wilson score interval of a share: E. B. Wilson, JASA 22 (1927); holds for shares near 0 and 1, too. Of nothing: 0 to 1. */
export function wilson(
  hits: number,
  total: number,
  z: number = Z_999,
): { readonly low: number; readonly high: number } {
  if (!(Number.isInteger(hits) && Number.isInteger(total) && hits >= 0 && hits <= total))
    throw new RangeError(`not a count out of a total: ${hits} of ${total}`);
  if (total === 0) return { low: 0, high: 1 };
  const share = hits / total;
  const spread = z ** 2 / total;
  const centre = share + spread / 2;
  const margin = z * Math.sqrt((share * (1 - share)) / total + spread / (4 * total));
  // At the ends rounding would leave 1e-18, and a target of 0 outside.
  return {
    low: hits === 0 ? 0 : Math.max(0, (centre - margin) / (1 + spread)),
    high: hits === total ? 1 : Math.min(1, (centre + margin) / (1 + spread)),
  };
}

/**
 * Judges a split, shares from 0 to 1; to be asked again as answers come in. Proven: the 99.9 % interval holds the target and is no wider than
 * `maxHalfWidth` to either side. Refuted: the interval does not hold the target, and a good split gives such a
 * count less than once in a million times. Else, and with fewer than 50 answers, there are too few.
 *
 * Why 99.9 % alone does not refute: a good split that is looked at every 20 answers leaves that interval once in 70 proofs (simulated, target
 * 5 %), and each would take traffic back. What lies in between is counted further.
 */
export function proveSplit(target: number, canary: number, total: number, maxHalfWidth: number): SplitProof {
  const { low, high } = wilson(canary, total);
  const holds = low <= target && target <= high;
  const enough = total >= LEAST_ANSWERS;
  const proven = enough && holds && (high - low) / 2 <= maxHalfWidth;
  const refuted = enough && !holds && chance(target, canary, total) < REFUTING_CHANCE;
  const verdict = proven ? 'proven' : refuted ? 'refuted' : 'too-few';
  return { target, canary, total, low, high, maxHalfWidth, verdict };
}

/**
 * Upper bound of the chance that a share of `target` gives a count so far off to this side: Chernoff's, exp(−n·KL), Hoeffding, JASA 58 (1963).
 * Unlike a number of standard deviations it holds for small shares of few answers, too. An answer that cannot be has the chance 0.
 */
function chance(target: number, hits: number, total: number): number {
  const part = (share: number, expected: number): number => (share === 0 ? 0 : share * Math.log(share / expected));
  return Math.exp(-total * (part(hits / total, target) + part(1 - hits / total, 1 - target)));
}

/** How narrow a proof must be: closer for a target of at most 5 %, of which a few points are a lot. Half widths as shares. */
export function halfWidthFor(
  target: number,
  { maxHalfWidthAt5, maxHalfWidth }: { readonly maxHalfWidthAt5: number; readonly maxHalfWidth: number },
): number {
  return target <= 0.05 ? maxHalfWidthAt5 : maxHalfWidth;
}
