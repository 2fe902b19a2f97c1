import { describe, expect, it } from 'vitest';
import { halfWidthFor, proveSplit, wilson } from './split.ts';

const verdictOf = (...args: Parameters<typeof proveSplit>): string => proveSplit(...args).verdict;

/** Deterministic numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The verdict of somebody who looks every 20 answers. */
function watched(target: number, actual: number, maxHalfWidth: number, seed: number, most = 20_000): string {
  const random = randomFrom(seed);
  let canary = 0;
  for (let total = 1; total <= most; total++) {
    if (random() < actual) canary++;
    if (total % 20 !== 0) continue;
    const verdict = verdictOf(target, canary, total, maxHalfWidth);
    if (verdict !== 'too-few') return verdict;
  }
  return 'too-few';
}
const seeds = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('the Wilson interval', () => {
  // R: prop.test(k, n, conf.level = .95, correct = FALSE)$conf.int, with z = 1.959964.
  it.each([
    [0, 10, 0, 0.2775328],
    [10, 10, 0.7224672, 1],
    [1, 10, 0.0178762, 0.40415],
    [5, 10, 0.2365931, 0.7634069],
    [81, 263, 0.2552652, 0.3661754],
    [15, 148, 0.0623864, 0.1604896],
  ])('of %i in %i at 95 %%', (hits, total, low, high) => {
    const interval = wilson(hits, total, 1.959964);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });
  it('is at 99.9 % unless told', () => {
    // 0 of n: from 0 to z²/(n + z²).
    const z2 = 3.2905 ** 2;
    expect(wilson(0, 100).low).toBe(0);
    expect(wilson(0, 100).high).toBeCloseTo(z2 / (100 + z2), 12);
    expect(wilson(100, 100)).toEqual({ low: expect.closeTo(100 / (100 + z2), 12) as number, high: 1 });
  });
  it('of nothing is everything', () => expect(wilson(0, 0)).toEqual({ low: 0, high: 1 }));
  it.each([
    [2, 1],
    [-1, 1],
    [Number.NaN, 1],
    [0.5, 1],
    [0, Infinity],
  ])('of %d in %d is refused', (hits, total) => {
    expect(() => wilson(hits, total)).toThrow(RangeError);
  });
});

describe('a split', () => {
  it('is proven once the interval is narrow enough, not before', () => {
    expect(verdictOf(0.05, 60, 1200, 0.02)).toBe('too-few');
    expect(verdictOf(0.05, 70, 1400, 0.02)).toBe('proven');
    expect(proveSplit(0.05, 70, 1400, 0.02)).toMatchObject({
      target: 0.05,
      canary: 70,
      total: 1400,
      maxHalfWidth: 0.02,
    });
    const { low, high } = proveSplit(0.05, 70, 1400, 0.02);
    expect((high - low) / 2).toBeLessThanOrEqual(0.02);
  });
  it('is not proven by another one', () => {
    expect(verdictOf(0.05, 140, 1400, 0.02)).toBe('refuted');
    expect(verdictOf(0.25, 1400, 1400, 0.05)).toBe('refuted');
    expect(verdictOf(0.25, 0, 1400, 0.05)).toBe('refuted');
  });
  it('is neither while chance could explain it', () => {
    // Outside of 99.9 %, and more likely than one in a million.
    const proof = proveSplit(0.5, 570, 1000, 0.06);
    expect(proof.low).toBeGreaterThan(0.5);
    expect(proof.verdict).toBe('too-few');
    expect(verdictOf(0.5, 600, 1000, 0.06)).toBe('refuted');
  });
  it('needs answers', () => {
    expect(verdictOf(0.5, 0, 0, 0.05)).toBe('too-few');
    expect(verdictOf(0.05, 49, 49, 0.02)).toBe('too-few');
    expect(verdictOf(0.05, 50, 50, 0.02)).toBe('refuted');
    expect(verdictOf(0, 0, 0, 1)).toBe('too-few');
    expect(verdictOf(0, 0, 49, 1)).toBe('too-few');
  });
  it('of all or nothing is refuted by a single answer of the other version', () => {
    expect(verdictOf(0, 0, 1000, 0.02)).toBe('proven');
    expect(verdictOf(0, 1, 1000, 0.02)).toBe('refuted');
    expect(verdictOf(1, 1000, 1000, 0.05)).toBe('proven');
    expect(verdictOf(1, 999, 1000, 0.05)).toBe('refuted');
    expect(verdictOf(1, 50, 50, 0.01)).toBe('too-few');
    expect(verdictOf(0, 1, 10, 0.02)).toBe('too-few');
  });
  it('that is good is not refuted by looking often', () => {
    for (const [target, width] of [
      [0.05, 0.02],
      [0.25, 0.05],
      [0.5, 0.05],
    ] as const) {
      const verdicts = seeds(300).map((seed) => watched(target, target, width, seed));
      expect(new Set(verdicts)).toEqual(new Set(['proven']));
    }
  });
  it('that is wrong is refuted', () => {
    const wrong = [0, 0.15, 0.5, 1].map((actual) => watched(0.05, actual, 0.02, 7));
    expect(wrong).toEqual(['refuted', 'refuted', 'refuted', 'refuted']);
    // Nobody can tell 5 from 6 % by the answers that a half width of 2 points takes.
    expect(seeds(100).filter((seed) => watched(0.05, 0.1, 0.02, seed) === 'proven').length).toBeLessThan(5);
  });
});

describe('how narrow a proof must be', () => {
  it('depends on the target', () => {
    const bounds = { maxHalfWidthAt5: 0.02, maxHalfWidth: 0.05 };
    expect([0, 0.01, 0.05, 0.051, 0.25, 1].map((target) => halfWidthFor(target, bounds))).toEqual([
      0.02, 0.02, 0.02, 0.05, 0.05, 0.05,
    ]);
  });
});
