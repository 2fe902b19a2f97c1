/** For tests and benchmarks: chance that is the same in each run. */

export interface Chance {
  /** Evenly between 0 and 1. */
  readonly next: () => number;
  readonly poisson: (mean: number) => number;
  readonly normal: (mean: number, deviation: number) => number;
}

/** mulberry32 by T. Ettinger, and what is made of it. */
export function seeded(seed: number): Chance {
  let state = (seed * 0x9e37_79b9) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  // Box and Muller: a quantile by bisection would cost a hundred times as much.
  const normal = (mean: number, deviation: number): number =>
    mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const poisson = (mean: number): number => {
    if (mean > 50) return Math.max(0, Math.round(normal(mean, Math.sqrt(mean))));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = next(); product > limit; product *= next()) count += 1;
    return count;
  };
  return { next, poisson, normal };
}
