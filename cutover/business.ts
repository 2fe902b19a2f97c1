/**
 * What the business makes of a cutover: of each metric, how many events users bring on either release, and whether those of the new one are
 * fewer than its share of the traffic. Looked at again and again, so by tests that stay valid then (`kit/statistics/looks.ts`).
 */
import type { BusinessMetric, TriggerRule } from '../checks/contract/cutover.ts';
import { durationMs } from '../checks/contract/units.ts';
import type { Reading } from '../checks/cutover/second-source.ts';
import { rateTest, signTest, splitTest, type Evidence } from '../checks/kit/statistics/looks.ts';
import type { PrometheusWatch } from './prometheus.ts';

/** A change of the weights shows in counters up to so many scrapes later: what lies in between belongs to neither weight. */
const SCRAPES_IN_TRANSIT = 2;
/** Answers older than this many scrapes are none. */
const ANSWERS_MISSED = 5;
/**
 * Once all users are moved nobody is left to compare with, and whatever else changes with time would be blamed on the release: evidence
 * against a rate of before counts for so many times less.
 */
const ALONE = 3;
/** Events before all users are moved, without which nobody knows how many there would be. */
const LEAST_REFERENCE = 30;

/** What one question of a metric is called among those that Prometheus is asked for a trigger. */
export const businessKey = (item: string, { name }: BusinessMetric, side: 'fresh' | 'stable'): string =>
  `${item} ${name} ${side}`;

export interface BusinessWatch {
  /** Looks once more; names the metrics that surely do worse, or null while one of them is not known. */
  look(at: number, weight: number, since: number): readonly string[] | null;
}

interface Counted {
  readonly at: number;
  readonly fresh: number;
  readonly stable: number;
}

export function businessWatch(rule: TriggerRule, prometheus: Pick<PrometheusWatch, 'seen'>): BusinessWatch {
  const { item, business } = rule;
  if (!business) throw new Error(`${item} names no business metrics`);
  const { metrics, chance, scrapeIntervalMs } = business;
  const proof = metrics.length / chance;
  const watches = metrics.map((metric) => ({
    name: metric.name,
    look: metric.level === undefined ? watchCounts(metric, scrapeIntervalMs) : watchLevels(metric, scrapeIntervalMs),
  }));
  const known = (reading: Reading | null, at: number): number | null =>
    reading && at - reading.at <= ANSWERS_MISSED * scrapeIntervalMs ? reading.value : null;
  return {
    look(at, weight, since) {
      const seen = watches.map(({ name, look }, index) => {
        const metric = metrics[index];
        if (!metric) return { name, against: null };
        const readings = (['fresh', 'stable'] as const).map((side) => prometheus.seen(businessKey(item, metric, side)));
        const [fresh, stable] = readings.map((one) => known(one, at));
        if (typeof fresh !== 'number' || typeof stable !== 'number') return { name, against: null };
        const read = Math.min(...readings.map((one) => one?.at ?? at));
        return { name, against: look({ at: read, fresh, stable }, weight / 100, since) };
      });
      if (seen.some(({ against }) => against === null)) return null;
      return seen.filter(({ against }) => (against ?? 0) >= proof).map(({ name }) => name);
    },
  };
}

/** Levels of both releases over the same stretches of time, of which no two overlap. */
function watchLevels(metric: BusinessMetric, scrapeIntervalMs: number) {
  const sign = signTest(metric);
  const overMs = Math.max(durationMs(metric.level ?? '0s'), scrapeIntervalMs);
  let looked = Number.NEGATIVE_INFINITY;
  let by: Evidence | undefined;
  return (now: Counted, share: number, since: number): number => {
    const isOfThisWeight = now.at - overMs >= since + SCRAPES_IN_TRANSIT * scrapeIntervalMs;
    if (share > 0 && share < 1 && isOfThisWeight && now.at - looked >= overMs) {
      looked = now.at;
      by = sign.look(now);
    }
    return by?.against ?? 0;
  };
}

/** Counters of both releases into what speaks against the new one. */
function watchCounts(metric: BusinessMetric, scrapeIntervalMs: number) {
  const split = splitTest(metric, metric.dispersion);
  const rate = rateTest(metric, metric.dispersion * ALONE);
  const reference = { events: 0, ms: 0 };
  let last: Counted | undefined;
  let [bySplit, byRate]: Evidence[] = [];
  const take = (from: Counted, to: Counted, share: number): void => {
    const [fresh, stable, ms] = [to.fresh - from.fresh, to.stable - from.stable, to.at - from.at];
    // A counter that was reset says nothing of the time in between.
    if (fresh < 0 || stable < 0) return;
    if (share < 1) {
      reference.events += fresh + stable;
      reference.ms += ms;
      if (share > 0) bySplit = split.look({ share, fresh, stable });
    } else if (reference.events >= LEAST_REFERENCE)
      byRate = rate.look({ events: fresh, expected: (reference.events * ms) / reference.ms });
  };
  return (now: Counted, share: number, since: number): number => {
    if (last && now.at > last.at) {
      // Only what was counted wholly at this weight.
      if (last.at >= since + SCRAPES_IN_TRANSIT * scrapeIntervalMs) take(last, now, share);
      last = now;
    }
    last ??= now;
    return Math.max(bySplit?.against ?? 0, byRate?.against ?? 0);
  };
}
