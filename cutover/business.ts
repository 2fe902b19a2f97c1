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
/** Events before all users are moved, without which nobody knows how many there would be: the last step before waits for them. */
const LEAST_REFERENCE = 30;

/** What one question of a metric is called among those that Prometheus is asked for a trigger. */
export const businessKey = (item: string, { name }: BusinessMetric, side: 'fresh' | 'stable'): string =>
  `${item} ${name} ${side}`;

export interface BusinessWatch {
  /** Looks once more; names the metrics that surely do worse, or null while one of them is not known. */
  look(at: number, weight: number, since: number): readonly string[] | null;
  /**
   * Of which metrics too little has come to judge them at this weight, and how much: nothing seen is nothing shown. `last`: the next step
   * leaves nobody to compare with.
   */
  lacks(weight: number, last: boolean): readonly string[];
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
    ...(metric.level === undefined ? watchCounts(metric, scrapeIntervalMs) : watchLevels(metric, scrapeIntervalMs)),
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
    lacks: (weight, last) =>
      watches.flatMap(({ name, lacks }) => {
        const what = lacks(weight / 100, last);
        return what === null ? [] : [`${name}: ${what}`];
      }),
  };
}

/** One metric. */
interface MetricWatch {
  /** What speaks against the new release; null: that cannot be known. */
  readonly look: (now: Counted, share: number, since: number) => number | null;
  /** What is missing to judge it; null: nothing. */
  readonly lacks: (share: number, last: boolean) => string | null;
}

/** Levels of both releases over the same stretches of time, of which no two overlap. */
function watchLevels(metric: BusinessMetric, scrapeIntervalMs: number): MetricWatch {
  const sign = signTest(metric);
  const overMs = Math.max(durationMs(metric.level ?? '0s'), scrapeIntervalMs);
  let looked = Number.NEGATIVE_INFINITY;
  let by: Evidence | undefined;
  const look: MetricWatch['look'] = (now, share, since) => {
    const isOfThisWeight = now.at - overMs >= since + SCRAPES_IN_TRANSIT * scrapeIntervalMs;
    if (share > 0 && share < 1 && isOfThisWeight && now.at - looked >= overMs) {
      looked = now.at;
      by = sign.look(now);
    }
    return by?.against ?? 0;
  };
  return { look, lacks: (share, last) => (last && share < 1 && !by ? 'both were never compared' : null) };
}

/** Counters of both releases into what speaks against the new one. */
function watchCounts(metric: BusinessMetric, scrapeIntervalMs: number): MetricWatch {
  const split = splitTest(metric, metric.dispersion);
  const rate = rateTest(metric, metric.dispersion * ALONE);
  const reference = { events: 0, ms: 0 };
  /** How many there would be. */
  const isKnown = (): boolean => reference.events >= LEAST_REFERENCE;
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
    } else if (isKnown()) byRate = rate.look({ events: fresh, expected: (reference.events * ms) / reference.ms });
  };
  const look: MetricWatch['look'] = (now, share, since) => {
    if (last && now.at > last.at) {
      // Only what was counted wholly at this weight.
      if (last.at >= since + SCRAPES_IN_TRANSIT * scrapeIntervalMs) take(last, now, share);
      last = now;
    }
    last ??= now;
    if (share >= 1 && !isKnown()) return null;
    return Math.max(bySplit?.against ?? 0, byRate?.against ?? 0);
  };
  return {
    look,
    lacks(share, isLast) {
      if (share >= 1) return byRate ? null : 'not yet seen with all users moved';
      if (!isLast) return null;
      if (!isKnown()) return `${Math.floor(reference.events)} of ${LEAST_REFERENCE} events to compare with`;
      return bySplit ? null : 'both were never compared';
    },
  };
}
