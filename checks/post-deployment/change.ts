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
  const { mean, sd } = moments(points.map(([, value]) => value));
  return interval((mean - promised) / Math.abs(promised), {
    error: sd / Math.sqrt(points.length) / Math.abs(promised),
    freedom: points.length - 1,
    confidence,
    values: points.length,
  });
}

/** Change a day, as a share of the level: the slope that is common to all hours of the day. At least two days. */
export function dailyTrend(points: readonly Point[], confidence: number): Moved | undefined {
  const centred = byHour(points).flatMap((group) => {
    if (group.length < 2) return [];
    const [day, value] = [mean(group.map(([at]) => at / DAY_HOURS)), mean(group.map(([, one]) => one))];
    return group.map(([at, one]): Point => [at / DAY_HOURS - day, one - value]);
  });
  const level = Math.abs(mean(points.map(([, value]) => value)));
  const groups = byHour(points).filter((group) => group.length >= 2).length;
  const freedom = centred.length - groups - 1;
  const spreadOfDays = centred.reduce((sum, [day]) => sum + day ** 2, 0);
  if (centred.length < 2 * LEAST_VALUES || level === 0 || spreadOfDays === 0 || freedom < 1) return undefined;
  const slope = centred.reduce((sum, [day, value]) => sum + day * value, 0) / spreadOfDays;
  const left = centred.reduce((sum, [day, value]) => sum + (value - slope * day) ** 2, 0);
  return interval(slope / level, {
    error: Math.sqrt(left / freedom / spreadOfDays) / level,
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
    .flatMap((point) => {
      const before = first.get(hourOf(point));
      return before === undefined ? [] : [point[1] - before];
    });
  const level = Math.abs(mean([...first.values()]));
  if (pairs.length < LEAST_VALUES || level === 0) return undefined;
  const { mean: size, sd } = moments(pairs);
  // The hours of the first day stand behind several pairs each: no more are independent than there are hours.
  return interval(size / level, {
    error: sd / Math.sqrt(Math.min(pairs.length, first.size)) / level,
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
  const margin = error === 0 ? 0 : tQuantile((1 + confidence) / 2, freedom) * error;
  return { size, low: size - margin, high: size + margin, values };
}

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
