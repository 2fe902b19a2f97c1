import { describe, expect, it } from 'vitest';
import { compareCounts, compareLevels, compareShares, rankTest } from './compare.ts';
import { betaQuantile, incompleteBeta, logGamma, normalCdf, normalQuantile, tQuantile } from './distributions.ts';
import { rateTest, signTest, spent, splitTest } from './looks.ts';
import { confidenceOf, heldBy, type Direction } from './stable.ts';
import { seeded } from './testing/seeded.ts';

describe('distributions, against published tables', () => {
  it.each([
    ['log of 9!', logGamma(10), 12.801827480081469],
    ['gamma of a half', logGamma(0.5), 0.5723649429247001],
    ['I_0.5(2, 3)', incompleteBeta(0.5, 2, 3), 0.6875],
    ['I_0.1(0.5, 0.5)', incompleteBeta(0.1, 0.5, 0.5), 0.20483276469913345],
    ['upper end of 0 of 10', betaQuantile(0.975, 1, 10), 0.30849710781876083],
    ['normal at 1.96', normalCdf(1.96), 0.9750021048517795],
    ['normal at -4', normalCdf(-4), 3.167124183311992e-5],
    ['normal quantile of 0.995', normalQuantile(0.995), 2.5758293035489004],
    ['t of 0.975 with 7', tQuantile(0.975, 7), 2.364624251592784],
    ['t of 0.05 with 2', tQuantile(0.05, 2), -2.919985580353726],
  ])('%s', (_, actual, expected) => expect(actual).toBeCloseTo(expected, 9));
});

describe('two things compared', () => {
  it('counts: the exact interval of a ratio of two rates', () => {
    // Clopper and Pearson of 15 of 35: 26.3 % to 60.6 %.
    const { effect, low, high } = compareCounts({ events: 15, exposure: 1 }, { events: 20, exposure: 1 }, 0.95);
    expect([effect, low, high].map((one) => Number(one.toFixed(3)))).toEqual([0.75, 0.357, 1.541]);
    expect(compareCounts({ events: 0, exposure: 1 }, { events: 0, exposure: 1 }, 0.95)).toMatchObject({
      low: 0,
      high: Number.POSITIVE_INFINITY,
    });
  });

  it('counts in clusters are worth fewer', () => {
    const of = (dispersion: number) =>
      compareCounts({ events: 800, exposure: 1 }, { events: 1000, exposure: 1 }, 0.99, dispersion);
    expect(of(1).high).toBeLessThan(1);
    expect(of(8).high).toBeGreaterThan(1);
  });

  it('shares: Newcombe’s example of 56 of 70 and 48 of 80', () => {
    const { effect, low, high } = compareShares({ events: 56, exposure: 70 }, { events: 48, exposure: 80 }, 0.95);
    expect([effect, low, high].map((one) => Number(one.toFixed(4)))).toEqual([0.2, 0.0524, 0.3339]);
    expect(compareShares({ events: 0, exposure: 0 }, { events: 1, exposure: 2 }, 0.95)).toMatchObject({ effect: 0 });
  });

  it('levels: nothing is said of one value, nor of a mean of nothing', () => {
    for (const now of [[5], [0, 0, 0]])
      expect(compareLevels(now, [5, 6, 7], 0.95)).toMatchObject({ low: 0, high: Number.POSITIVE_INFINITY });
    const { low, high } = compareLevels([70, 72, 68, 71], [100, 99, 101, 102], 0.99);
    expect([low > 0.6, high < 0.8]).toEqual([true, true]);
  });

  it('intervals hold the true ratio as often as they say', () => {
    const chance = seeded(7);
    let [counts, levels] = [0, 0];
    for (let i = 0; i < 400; i += 1) {
      const one = compareCounts(
        { events: chance.poisson(80), exposure: 1 },
        { events: chance.poisson(400), exposure: 4 },
        0.95,
      );
      if (one.low <= 0.8 && one.high >= 0.8) counts += 1;
      const draw = (mean: number, many: number) => Array.from({ length: many }, () => chance.normal(mean, 20));
      const other = compareLevels(draw(80, 8), draw(100, 40), 0.95);
      if (other.low <= 0.8 && other.high >= 0.8) levels += 1;
    }
    expect(counts / 400).toBeGreaterThan(0.92);
    expect(levels / 400).toBeGreaterThan(0.92);
  });

  it('ranks: a long tail does not hide a shift', () => {
    const before = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000];
    const { p, above } = rankTest(
      before.map((value) => value + 9),
      before,
    );
    expect([p < 0.01, above > 0.8]).toEqual([true, true]);
    expect(rankTest(before, before)).toEqual({ p: 1, above: 0.5 });
    expect(rankTest([1, 2, 3], [7, 8, 9])).toEqual({ p: 1, above: 0 });
    expect(rankTest([], [1])).toEqual({ p: 1, above: 0.5 });
  });
});

describe('whether it held', () => {
  const judged = (now: number, good: Direction, exposure = 1) => {
    const [one, before] = [
      { events: now, exposure },
      { events: 10_000 * exposure, exposure: 10 * exposure },
    ];
    const sure = compareCounts(one, before, confidenceOf(0.01, 4));
    return heldBy(sure, compareCounts(one, before, 0.9), { good, effect: 0.2 });
  };
  it.each([
    ['a fall that matters', 750, 'up', 'worse'],
    ['a fall of what is better low', 750, 'down', 'held'],
    ['a rise of what is better low', 1300, 'down', 'worse'],
    ['a rise of what should stay', 1300, 'steady', 'worse'],
    ['a rise of what is better high', 1300, 'up', 'held'],
    ['a sure fall that does not matter', 900, 'up', 'held'],
    ['a fall that may matter', 820, 'up', 'too-few'],
  ] as const)('%s', (_, now, good, expected) => expect(judged(now, good)).toBe(expected));
  it('too little says nothing', () => {
    const none = compareCounts({ events: 3, exposure: 1 }, { events: 30, exposure: 10 }, 0.9);
    expect(heldBy(none, none, { good: 'up', effect: 0.2 })).toBe('too-few');
  });
});

describe('looking again and again', () => {
  it('what is tolerated is no evidence, however long it lasts', () => {
    const test = splitTest({ good: 'up', effect: 0.2 });
    let most = 0;
    for (let i = 0; i < 2000; i += 1) most = Math.max(most, test.look({ share: 0.5, fresh: 19, stable: 20 }).against);
    expect(most).toBeLessThan(1);
    // Nor is half of what matters: 10 % less.
    let half = 0;
    const of = splitTest({ good: 'up', effect: 0.2 });
    for (let i = 0; i < 2000; i += 1) half = Math.max(half, of.look({ share: 0.5, fresh: 18, stable: 20 }).against);
    expect(half).toBeLessThan(1);
  });

  it('names the side', () => {
    const test = splitTest({ good: 'steady', effect: 0.2 });
    let last = test.look({ share: 0.5, fresh: 20, stable: 10 });
    for (let i = 0; i < 20; i += 1) last = test.look({ share: 0.5, fresh: 20, stable: 10 });
    expect([last.side, last.against > 1000]).toEqual(['up', true]);
    const fall = rateTest({ good: 'up', effect: 0.2 });
    let seen = fall.look({ events: 70, expected: 100 });
    for (let i = 0; i < 10; i += 1) seen = fall.look({ events: 70, expected: 100 });
    expect([seen.side, seen.against > 1000]).toEqual(['down', true]);
    expect(signTest({ good: 'up' }).look({ fresh: 5, stable: 5 }).against).toBe(1);
  });

  it('spends what it has by the end, and no more', () => {
    expect(spent(0.05, 1, 'obrien-fleming')).toBeCloseTo(0.05);
    expect(spent(0.05, 1, 'pocock')).toBeCloseTo(0.05);
    expect(spent(0.05, 0.25, 'obrien-fleming')).toBeLessThan(1e-3);
    expect(spent(0.05, 0.25, 'pocock')).toBeCloseTo(0.0179, 3);
    expect(spent(0.05, 0, 'pocock')).toBe(0);
  });
});
