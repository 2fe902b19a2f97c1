/**
 * Two stretches of time, or two releases, compared: how much of a change there is, between which bounds, and how surely it is one. Pure; each
 * answer is an effect with its interval, never a bare "significant".
 */
import { betaQuantile, normalCdf, normalQuantile, tQuantile } from './distributions.ts';

/** A change: of a ratio around 1, of a difference around 0. */
export interface Change {
  readonly kind: 'ratio' | 'difference';
  /** Now over before, or now less before. */
  readonly effect: number;
  /** Interval of the confidence that was asked for; unbounded where there is too little. */
  readonly low: number;
  readonly high: number;
}
/** Events, and for how long or among how many they could happen. */
export interface Counted {
  readonly events: number;
  readonly exposure: number;
}

/**
 * Ratio of two Poisson rates. Exact: given their sum the events of now are binomial (Clopper and Pearson). `dispersion` above 1 where events
 * come in clusters, such as orders of one user or sums of money: variance over mean.
 */
export function compareCounts(now: Counted, before: Counted, confidence: number, dispersion = 1): Change {
  const effect = now.events / now.exposure / (before.events / before.exposure);
  const [a, b] = [now.events / dispersion, before.events / dispersion];
  const tail = (1 - confidence) / 2;
  const ratioOf = (share: number): number => (share / (1 - share)) * (before.exposure / now.exposure);
  const low = a === 0 ? 0 : ratioOf(betaQuantile(tail, a, b + 1));
  const high = b === 0 ? Number.POSITIVE_INFINITY : ratioOf(betaQuantile(1 - tail, a + 1, b));
  return { kind: 'ratio', effect, low, high };
}

/** Difference of two shares: Newcombe's hybrid of Wilson's intervals, which holds near 0 and 1, too. */
export function compareShares(now: Counted, before: Counted, confidence: number): Change {
  const z = normalQuantile((1 + confidence) / 2);
  const [one, other] = [now, before].map(({ events, exposure }) => wilsonOf(events, exposure, z));
  if (!one || !other) throw new RangeError('two shares are compared');
  const effect = one.share - other.share;
  return {
    kind: 'difference',
    effect,
    low: effect - Math.hypot(one.share - one.low, other.high - other.share),
    high: effect + Math.hypot(one.high - one.share, other.share - other.low),
  };
}

function wilsonOf(hits: number, total: number, z: number) {
  if (total <= 0) return { share: 0.5, low: 0, high: 1 };
  const share = hits / total;
  const spread = z ** 2 / total;
  const margin = z * Math.sqrt((share * (1 - share)) / total + spread / (4 * total));
  const centre = share + spread / 2;
  return { share, low: (centre - margin) / (1 + spread), high: (centre + margin) / (1 + spread) };
}

/** Mean and variance of so many values. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** Ratio of two means of positive values: see `compareMeans`. */
export function compareLevels(now: readonly number[], before: readonly number[], confidence: number): Change {
  return compareMeans(momentsOf(now), momentsOf(before), confidence);
}

/** Ratio of two means of positive values: Welch's t on its logarithm (by the delta method). Nothing is said of one value. */
export function compareMeans(now: Moments, before: Moments, confidence: number): Change {
  const effect = now.mean / before.mean;
  const relative = ({ mean, variance, count }: Moments): number => variance / count / mean ** 2;
  const [own, other] = [relative(now), relative(before)];
  const error = Math.sqrt(own + other);
  if (!(effect > 0) || Math.min(now.count, before.count) < 2 || !Number.isFinite(error))
    return { kind: 'ratio', effect, low: 0, high: Number.POSITIVE_INFINITY };
  if (error === 0) return { kind: 'ratio', effect, low: effect, high: effect };
  const freedom = error ** 4 / (own ** 2 / (now.count - 1) + other ** 2 / (before.count - 1));
  const margin = Math.exp(tQuantile((1 + confidence) / 2, freedom) * error);
  return { kind: 'ratio', effect, low: effect / margin, high: effect * margin };
}

/** Mean, variance and number; the variance of one value is unknown, not 0. */
export function momentsOf(values: readonly number[]): Moments {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = count < 2 ? Number.NaN : values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { count, mean, variance };
}

/**
 * How likely values as far apart in rank come from one distribution (Mann and Whitney, two-sided, with ties): for times, whose tails no mean
 * describes. The normal approximation holds from about eight values on each side; with fewer it is 1: nothing is said.
 */
export function rankTest(
  now: readonly number[],
  before: readonly number[],
): { readonly p: number; readonly above: number } {
  const [n, m] = [now.length, before.length];
  if (n === 0 || m === 0) return { p: 1, above: 0.5 };
  const all = [...now.map((value) => ({ value, own: true })), ...before.map((value) => ({ value, own: false }))].sort(
    (a, b) => a.value - b.value,
  );
  let [rankSum, ties] = [0, 0];
  for (let from = 0; from < all.length;) {
    let to = from + 1;
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1;
    const rank = (from + to + 1) / 2;
    rankSum += rank * all.slice(from, to).filter(({ own }) => own).length;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  const u = rankSum - (n * (n + 1)) / 2;
  const above = u / (n * m);
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (Math.min(n, m) < 8 || variance <= 0) return { p: 1, above };
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return { p: 2 * (1 - normalCdf(z)), above };
}
