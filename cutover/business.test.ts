import { expect, it } from 'vitest';
import type { TriggerRule } from '../checks/contract/cutover.ts';
import { seeded } from '../checks/kit/statistics/testing/seeded.ts';
import type { Reading } from '../checks/cutover/second-source.ts';
import { businessKey, businessWatch } from './business.ts';

const ORDERS = { name: 'Orders', fresh: 'a', stable: 'b', good: 'up', effect: 0.2, dispersion: 1 } as const;
const RULE: TriggerRule = {
  item: 'TRI-BUS',
  metric: 'business',
  threshold: 0,
  forMs: 0,
  windowMs: 60_000,
  minSamples: 1,
  onNoData: 'hold',
  business: { metrics: [ORDERS], chance: 0.01, scrapeIntervalMs: 1000 },
};
/** Percent, and seconds. */
const STEPS = [
  [0, 30],
  [5, 300],
  [25, 600],
  [50, 600],
  [100, 1800],
] as const;

/** Users who bring ten orders a second; the new release keeps `kept` of its own. Answers the weight at which it was called worse. */
function watched(kept: number, tamper?: (counters: { fresh: number; stable: number }, second: number) => void) {
  const chance = seeded(3);
  const counters = { fresh: 0, stable: 0 };
  let now = 0;
  const seen = (key: string): Reading => {
    const side = key === businessKey('TRI-BUS', ORDERS, 'fresh') ? 'fresh' : 'stable';
    return { at: now, value: counters[side], why: null };
  };
  const watch = businessWatch(RULE, { seen });
  let second = 0;
  for (const [weight, seconds] of STEPS) {
    const since = now;
    for (let i = 0; i < seconds; i += 1) {
      second += 1;
      now += 1000;
      counters.fresh += chance.poisson(((10 * weight) / 100) * kept);
      counters.stable += chance.poisson(10 * (1 - weight / 100));
      tamper?.(counters, second);
      if ((watch.look(now, weight, since) ?? []).length > 0) return weight;
    }
  }
  return null;
}

it('stays where the new release brings its share', () => expect(watched(1)).toBeNull());
it('names it well before all users are moved where it brings a fifth less', () =>
  expect([5, 25, 50]).toContain(watched(0.8)));
it('one that loses everything is named at the first step', () => expect(watched(0)).toBe(5));
it('more than its share is no harm', () => expect(watched(1.6)).toBeNull());
it('a counter that begins anew is no loss', () =>
  expect(
    watched(1, (counters, second) => {
      if (second % 100 === 0) counters.fresh = 0;
    }),
  ).toBeNull());
it('a loss that begins when all users are moved is seen by the rate of before', () =>
  expect(
    watched(1, (counters, second) => {
      if (second > 1600) counters.fresh -= counters.fresh > 6 ? 6 : 0;
    }),
  ).toBe(100));

it('knows nothing without an answer of either side, or with an old one', () => {
  const answers = new Map<string, Reading>();
  const watch = businessWatch(RULE, { seen: (key) => answers.get(key) ?? null });
  expect(watch.look(0, 5, 0)).toBeNull();
  answers.set(businessKey('TRI-BUS', ORDERS, 'fresh'), { at: 0, value: 1, why: null });
  expect(watch.look(0, 5, 0)).toBeNull();
  answers.set(businessKey('TRI-BUS', ORDERS, 'stable'), { at: 0, value: 1, why: null });
  expect(watch.look(0, 5, 0)).toEqual([]);
  expect(watch.look(6000, 5, 0)).toBeNull();
  answers.set(businessKey('TRI-BUS', ORDERS, 'stable'), { at: 6000, value: null, why: 'refused' });
  expect(watch.look(6000, 5, 0)).toBeNull();
});

it('levels are compared once for each stretch they look back over, and not while all users are on one release', () => {
  const rating = { ...ORDERS, name: 'Rating', level: '10s' } as const;
  const rule = { ...RULE, business: { metrics: [rating], chance: 0.01, scrapeIntervalMs: 1000 } };
  let now = 0;
  const seen = (key: string): Reading => ({ at: now, value: key.endsWith('fresh') ? 3 : 4, why: null });
  const lookedUntilWorse = (weight: number, everyMs: number): number => {
    const watch = businessWatch(rule, { seen });
    const since = now;
    for (let looks = 1; looks <= 200; looks += 1) {
      now += everyMs;
      if ((watch.look(now, weight, since) ?? []).length > 0) return now - since;
    }
    return Number.POSITIVE_INFINITY;
  };
  const [seldom, often] = [lookedUntilWorse(5, 10_000), lookedUntilWorse(5, 1000)];
  expect(seldom).toBeGreaterThan(80_000);
  expect(Math.abs(often - seldom)).toBeLessThanOrEqual(10_000);
  expect([lookedUntilWorse(0, 10_000), lookedUntilWorse(100, 10_000)]).toEqual([Infinity, Infinity]);
});

it('says what is missing where too little has come to judge, and knows nothing without a rate of before', () => {
  const counters = { fresh: 0, stable: 0 };
  let now = 0;
  const seen = (key: string): Reading => ({
    at: now,
    value: counters[key.endsWith('fresh') ? 'fresh' : 'stable'],
    why: null,
  });
  const watch = businessWatch(RULE, { seen });
  const live = (seconds: number, weight: number, events: readonly [fresh: number, stable: number]) => {
    const since = now;
    let last: readonly string[] | null = null;
    for (let i = 0; i < seconds; i += 1) {
      now += 1000;
      counters.fresh += events[0];
      counters.stable += events[1];
      last = watch.look(now, weight, since);
    }
    return last;
  };
  // Two scrapes are of neither weight: 8 seconds.
  expect(live(10, 50, [1, 1])).toEqual([]);
  expect(watch.lacks(5, false)).toEqual([]);
  expect(watch.lacks(50, true)).toEqual(['Orders: 16 of 30 events to compare with']);
  expect(live(5, 100, [2, 0])).toBeNull();
  expect(watch.lacks(100, true)).toEqual(['Orders: not yet seen with all users moved']);
  expect(live(20, 50, [1, 1])).toEqual([]);
  expect(watch.lacks(50, true)).toEqual([]);
  expect(live(5, 100, [2, 0])).toEqual([]);
  expect(watch.lacks(100, true)).toEqual([]);
});
