/**
 * For tests and benchmarks: the ramp of 55 minutes before the triggers that the cutover really runs (`watching.ts`), with users, probes, Prometheus
 * and its scrapes as a seed makes them. Nothing waits: an hour takes a tenth of a second.
 */
import type { BusinessMetric, ProbeRecord, TriggerRule } from '../../checks/contract/cutover.ts';
import { seeded, type Chance } from '../../checks/kit/statistics/testing/seeded.ts';
import { businessKey } from '../business.ts';
import { RollbackRequested } from '../rollback-requested.ts';
import { watching } from '../watching.ts';

/** Percent and minutes of each step; before the first, all users are on the old release. */
const STEPS = [
  [0, 1],
  [5, 5],
  [25, 10],
  [50, 10],
  [100, 30],
] as const;
/** As often as counters are scraped: in between, nothing is new but the probes. */
const LOOK_MS = 15_000;
const SCRAPE_MS = LOOK_MS;
const PROBES_PER_LOOK = 20;
const KEPT_MS = 80_000;
const NEW = '2';
const ROUTE = {
  ...{ namespace: 'shop', name: 'api', rule: 0, stable: 'old', canary: 'new' },
  ...{ versionHeader: 'x-version', canaryVersion: NEW },
};

const orders: BusinessMetric = { name: 'Orders', fresh: '', stable: '', good: 'up', effect: 0.2, dispersion: 1 };
const METRICS = {
  orders,
  revenue: { ...orders, name: 'Revenue', dispersion: 1.3 },
  uses: { ...orders, name: 'Uses of features' },
  rating: { ...orders, name: 'Rating', level: '15s' },
} as const;
type Name = keyof typeof METRICS;
const NAMES = Object.keys(METRICS) as Name[];

const common = { windowMs: 60_000, minSamples: 50, onNoData: 'hold' } as const;
const second = { query: '', windowMs: 60_000, scrapeIntervalMs: SCRAPE_MS };
/** Those of the CODE platform in production, and one level more. */
const TRIGGERS: readonly TriggerRule[] = [
  {
    ...common,
    ...{ item: 'ERR', metric: 'error-rate', threshold: 0.05, forMs: 120_000 },
    prometheus: { ...second, tolerance: 0.02 },
  },
  {
    ...common,
    ...{ item: 'P95', metric: 'p95', threshold: 5000, forMs: 300_000 },
    prometheus: { ...second, tolerance: 2500 },
  },
  { ...common, item: 'SVC', metric: 'critical-service', threshold: 0, forMs: 0, minSamples: 1 },
  {
    ...common,
    ...{ item: 'BUS', metric: 'business', threshold: 0, forMs: 120_000, minSamples: 1 },
    business: { metrics: Object.values(METRICS), chance: 0.01, scrapeIntervalMs: SCRAPE_MS },
  },
];

/** What the new release changes; nothing by default. */
export interface Changes {
  /** Orders of a user, as a share of before. */
  readonly orders?: number;
  /** By how many standard deviations ratings lie lower. */
  readonly rating?: number;
  /** By how much users' own habits move within the hour, on either release: a share. */
  readonly drift?: number;
  /** Orders of all users, per second. */
  readonly perSecond?: number;
}

/** The weight at which traffic went back, and by which trigger; null where it stayed. */
export function climbed(seed: number, changes: Changes): { readonly weight: number; readonly item: string } | null {
  const world = worldOf(seeded(seed), changes);
  const triggers = watching({
    settings: { triggers: TRIGGERS, intervalMs: LOOK_MS, route: ROUTE, probeTimeoutMs: 10_000 },
    clock: { date: () => new Date(world.now()) },
    journal: { now: world.now, tell: () => undefined },
    probes: { records: world.records },
    services: { seen: () => ({ down: [], known: true }) },
    prometheus: { seen: world.seen },
  });
  for (const [weight, minutes] of STEPS) {
    const from = world.now();
    try {
      while (world.now() - from < minutes * 60_000) {
        world.live(weight);
        triggers.evaluate(weight);
      }
      triggers.beforeEnd(weight, from);
    } catch (error) {
      if (error instanceof RollbackRequested) return { weight, item: String(error.reason.facts?.['trigger'] ?? '') };
      throw error;
    }
  }
  return null;
}

function worldOf(chance: Chance, { orders = 1, rating = 0, drift = 0, perSecond = 10 }: Changes) {
  let at = 0;
  let scraped = 0;
  let probes: ProbeRecord[] = [];
  const phase = chance.next();
  const counters = Object.fromEntries(NAMES.map((name) => [name, { fresh: 0, stable: 0 }])) as Record<
    Name,
    { fresh: number; stable: number }
  >;
  const readings = new Map<string, number>();
  const bring = (side: 'fresh' | 'stable', share: number): void => {
    const habit = 1 + drift * Math.sin(2 * Math.PI * (phase + at / 3_600_000));
    const users = (perSecond * LOOK_MS * share * habit) / 1000;
    const bought = chance.poisson(users * (side === 'fresh' ? orders : 1));
    counters.orders[side] += bought;
    // What is lost in orders is in no other metric: one of four has to be enough. A basket's worth varies.
    const baskets = chance.poisson(users);
    counters.revenue[side] += Math.max(0, baskets + chance.normal(0, Math.sqrt(0.3 * baskets)));
    counters.uses[side] += chance.poisson(2 * users);
    counters.rating[side] = chance.normal(side === 'fresh' ? 4 - 0.5 * rating : 4, 0.5);
  };
  const scrape = (): void => {
    scraped = at;
    for (const name of NAMES)
      for (const side of ['fresh', 'stable'] as const)
        readings.set(businessKey('BUS', METRICS[name], side), counters[name][side]);
    readings.set('ERR', Math.max(0, chance.normal(0.005, 0.002)));
    readings.set('P95', chance.normal(250, 10));
  };
  return {
    now: () => at,
    records: () => probes,
    seen: (key: string) => {
      const value = readings.get(key);
      return value === undefined ? null : { at: scraped, value, why: null };
    },
    /** Until the next look. */
    live(weight: number): void {
      const share = weight / 100;
      for (let i = 0; i < PROBES_PER_LOOK; i += 1)
        probes.push({
          at: at + (i * LOOK_MS) / PROBES_PER_LOOK,
          ms: 80 * Math.exp(chance.normal(0, 0.7)),
          outcome: chance.next() < 0.005 ? 'failed' : 'ok',
          version: chance.next() < share ? NEW : '1',
        });
      bring('fresh', share);
      bring('stable', 1 - share);
      at += LOOK_MS;
      probes = probes.filter((probe) => probe.at >= at - KEPT_MS);
      scrape();
    },
  };
}

/** How many of so many ladders go back, how many of these before all users are on the new release, and by which triggers. */
export function ladders(count: number, changes: Changes) {
  const ends = Array.from({ length: count }, (_, index) => climbed(index + 1, changes)).filter((end) => end !== null);
  const by = new Map<string, number>();
  for (const { item } of ends) by.set(item, (by.get(item) ?? 0) + 1);
  return { back: ends.length, beforeAll: ends.filter(({ weight }) => weight < 100).length, by };
}
