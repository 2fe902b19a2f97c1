/**
 * How a metric moved since the approval. Values of an hour follow a daily rhythm, so hours are compared with the same hours of other days, and
 * levels over whole days. Each answer is a size with its interval; pure.
 */
import { tQuantile } from '../kit/statistics/distributions.ts';
import type { Direction } from '../kit/statistics/stable.ts';
import type { Point } from './metrics.ts';

const DAY_HOURS = 24;
/** Below this nothing is said: a day has 23 to 25 hours, and a few may be missing. */
export const LEAST_VALUES = 18;

/** Relative to a level: 0.2 is a fifth more than it, or in a day. */
export interface Moved {
  readonly size: number;
  readonly low: number;
  readonly high: number;
  readonly values: number;
}

/** Mean of the values against what was promised; undefined where there are too few, or nothing to be a share of. */
export function levelChange(points: readonly Point[], promised: number, confidence: number): Moved | undefined {
  if (points.length < LEAST_VALUES || promised === 0) return undefined;
  return interval((mean(points.map(([, value]) => value)) - promised) / Math.abs(promised), {
    error: noiseOf(points) / Math.sqrt(points.length) / Math.abs(promised),
    freedom: points.length - 1,
    confidence,
    values: points.length,
  });
}

/** The mean of the last days, so that what began yesterday is not lost in the days before. */
export function latestChange(
  points: readonly Point[],
  promised: number,
  { confidence, days }: { readonly confidence: number; readonly days: number },
): Moved | undefined {
  const [end] = points.at(-1) ?? [0];
  return levelChange(
    points.filter(([at]) => at > end - days * DAY_HOURS),
    promised,
    confidence,
  );
}

/** Change a day, as a share of the level: the slope that is common to all hours of the day. At least two days. */
export function dailyTrend(points: readonly Point[], confidence: number): Moved | undefined {
  const centred = byHour(points).flatMap((group) => {
    if (group.length < 2) return [];
    const [day, value] = [mean(group.map(([at]) => at / DAY_HOURS)), mean(group.map(([, one]) => one))];
    return group.map(([at, one]) => ({ at, day: at / DAY_HOURS - day, value: one - value }));
  });
  const level = Math.abs(mean(points.map(([, value]) => value)));
  const groups = byHour(points).filter((group) => group.length >= 2).length;
  const freedom = centred.length - groups - 1;
  const spreadOfDays = centred.reduce((sum, { day }) => sum + day ** 2, 0);
  if (centred.length < 2 * LEAST_VALUES || level === 0 || spreadOfDays === 0 || freedom < 1) return undefined;
  const slope = centred.reduce((sum, { day, value }) => sum + day * value, 0) / spreadOfDays;
  const left = centred.map(({ at, day, value }): Point => [at, value - slope * day]).sort(([a], [b]) => a - b);
  const variance = left.reduce((sum, [, value]) => sum + value ** 2, 0) / freedom;
  return interval(slope / level, {
    error: (stretchOf(left) * Math.sqrt(variance / spreadOfDays)) / level,
    freedom,
    confidence,
    values: points.length,
  });
}

/** The later days against the first one, hour by hour: no rhythm of the day is taken for a change. */
export function changeSinceFirstDay(points: readonly Point[], confidence: number): Moved | undefined {
  const [start] = points[0] ?? [0];
  const first = new Map(points.filter(([at]) => at - start < DAY_HOURS).map((point) => [hourOf(point), point[1]]));
  const pairs = points
    .filter(([at]) => at - start >= DAY_HOURS)
    .flatMap((point): Point[] => {
      const before = first.get(hourOf(point));
      return before === undefined ? [] : [[point[0], point[1] - before]];
    });
  const level = Math.abs(mean([...first.values()]));
  if (pairs.length < LEAST_VALUES || level === 0) return undefined;
  const { mean: size, sd } = moments(pairs.map(([, value]) => value));
  // The hours of the first day stand behind several pairs each: no more are independent than there are hours.
  return interval(size / level, {
    error: (stretchOf(withoutDays(pairs)) * sd) / Math.sqrt(Math.min(pairs.length, first.size)) / level,
    freedom: Math.min(pairs.length, first.size) - 1,
    confidence,
    values: points.length,
  });
}

/** Whether it surely moved to the worse, by at least half of what matters: a change of just that size is found more often than not. */
export function isWorse({ size, low, high }: Moved, good: Direction, effect: number): boolean {
  const fell = high < 0 && size <= -effect / 2;
  const rose = low > 0 && size >= effect / 2;
  return good === 'up' ? fell : good === 'down' ? rose : fell || rose;
}

function interval(
  size: number,
  { error, freedom, confidence, values }: { error: number; freedom: number; confidence: number; values: number },
): Moved {
  const margin = error === 0 ? 0 : quantile((1 + confidence) / 2, freedom) * error;
  return { size, low: size - margin, high: size + margin, values };
}

/** The same few are asked for again and again, and each is looked for by halving. */
const quantiles = new Map<string, number>();
function quantile(p: number, freedom: number): number {
  const key = `${p} ${freedom}`;
  const known = quantiles.get(key) ?? tQuantile(p, freedom);
  quantiles.set(key, known);
  return known;
}

/**
 * What an hour differs by that no rhythm explains: the rhythm of a day moves little from one hour to the next, and takes nothing from the mean of
 * a whole day. Where hours are missing, the plain deviation.
 */
function noiseOf(points: readonly Point[]): number {
  const { sd } = moments(points.map(([, value]) => value));
  const steps = points.flatMap(([at, value], index) => {
    const [before, last] = points[index - 1] ?? [Number.NEGATIVE_INFINITY, 0];
    return at - before < NEXT_HOUR ? [(value - last) ** 2] : [];
  });
  return steps.length < LEAST_VALUES - 1 ? sd : Math.min(sd, Math.sqrt(mean(steps) / 2));
}
/**
 * How many times as wide an interval is because an hour resembles the one before: a slow hour makes the next one slow. `left` is what is left of the
 * values, around 0 and in order; its correlation is a little higher than it looks, as means were taken from it.
 */
function stretchOf(left: readonly Point[]): number {
  const pairs = left.flatMap(([at, value], index) => {
    const [before, last] = left[index - 1] ?? [Number.NEGATIVE_INFINITY, 0];
    return at - before < NEXT_HOUR ? [last * value] : [];
  });
  const variance = mean(left.map(([, value]) => value ** 2));
  if (pairs.length < LEAST_VALUES || variance === 0) return 1;
  const seen = mean(pairs) / variance;
  const memory = Math.min(0.95, Math.max(0, seen + (1 + 4 * seen) / left.length));
  return Math.sqrt((1 + memory) / (1 - memory));
}

/** What is left when each day's own mean is taken away: a change from one day to another is no memory of an hour. */
function withoutDays(points: readonly Point[]): readonly Point[] {
  const days = new Map<number, number[]>();
  const dayOf = ([at]: Point): number => Math.floor(at / DAY_HOURS);
  for (const point of points) days.set(dayOf(point), [...(days.get(dayOf(point)) ?? []), point[1]]);
  return points.map((point) => [point[0], point[1] - mean(days.get(dayOf(point)) ?? [])]);
}

/** A run may begin late. */
const NEXT_HOUR = 1.5;

const hourOf = ([at]: Point): number => Math.floor(at % DAY_HOURS);
const byHour = (points: readonly Point[]): readonly (readonly Point[])[] => {
  const groups = new Map<number, Point[]>();
  for (const point of points) groups.set(hourOf(point), [...(groups.get(hourOf(point)) ?? []), point]);
  return [...groups.values()];
};
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
function moments(values: readonly number[]): { readonly mean: number; readonly sd: number } {
  const centre = mean(values);
  return {
    mean: centre,
    sd: Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)),
  };
}
