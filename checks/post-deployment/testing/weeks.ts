/**
 * For tests and benchmarks: weeks after an approval as seeds make them, judged by the kind itself as the schedules do. Twelve metrics in three
 * families, an hourly value and an hourly spread of each; the first of all may change.
 */
import { seeded, type Chance } from '../../kit/statistics/testing/seeded.ts';
import type { Verdict } from '../../kit/verdict.ts';
import { metricStability } from '../metric-stability/check.ts';
import { spreadOf, type Point, type SinceApproval } from '../metrics.ts';

const APPROVED = '2026-01-01T00:00:00.000Z';
const [HOUR_MS, DAY_HOURS, WEEK_HOURS] = [3_600_000, 24, 168];
const LEVEL = 100;
/** Of an hour's value, as a share of the level. */
const NOISE = 0.05;
/** Of five minutes within an hour. */
const RESTLESS = 0.1;
const STEPS = 12;
/** The approval looks back on so many hours. */
const APPROVAL_HOURS = 24;

export const FAMILIES = ['system health', 'business', 'security'] as const;
const PER_FAMILY = 4;
const NAMES = FAMILIES.flatMap((family) => Array.from({ length: PER_FAMILY }, (_, index) => `${family} ${index + 1}`));
export const CHANGED = NAMES[0] ?? '';

const metrics = NAMES.map((name) => ({
  ...{ name, query: name, unit: 'ms', good: 'down', effect: 0.2, window: '1h' },
}));
/** As PD-DAY-003 and PD-WEE-002 ask. */
const ITEMS = [
  { watchedBy: 'W', metrics, for: '24h', tests: ['level'] },
  { watchedBy: 'W', metrics, for: '168h', tests: ['trend', 'since-day-1', 'latest', 'spread'], every: '24h' },
] as const;

export interface Week {
  readonly seed: number;
  /** Of the level, over a day. */
  readonly rhythm?: number;
  /** How much of the noise of one hour is left in the next: 0 to 1. */
  readonly memory?: number;
  /** The hour in which it changes; 0: at the approval. */
  readonly from?: number;
  readonly step?: number;
  readonly slopeADay?: number;
  /** By how many times the variance within an hour grows. */
  readonly variance?: number;
}

/** One that was found: of which metric, by which test, and when at first. */
export interface Page {
  readonly metric: string;
  readonly id: string;
  /** Hours after the approval. */
  readonly hour: number;
}

/** Everybody who would have been told in this week, once for each metric and message. */
export function pagesOf(week: Week, untilHour = WEEK_HOURS): readonly Page[] {
  const seen = recorded(week);
  const pages = new Map<string, Page>();
  for (let hour = DAY_HOURS; hour <= untilHour; hour += DAY_HOURS)
    for (const params of ITEMS)
      for (const { id, subject } of judged(params, seen, hour).findings) {
        const key = `${subject.name} ${id}`;
        if (!pages.has(key)) pages.set(key, { metric: subject.name, id, hour });
      }
  return [...pages.values()];
}

/** What the kind says in a run of that hour. */
export function judged(params: (typeof ITEMS)[number], seen: SinceApproval, hour: number): Verdict {
  // A run stands a little after its hour; what it judges by is what was recorded until the look.
  const now = new Date(Date.parse(APPROVED) + hour * HOUR_MS + 60_000);
  return metricStability.judge(params, seen, { now });
}

function recorded(week: Week): SinceApproval {
  const chance = seeded(week.seed);
  const series: { [metric: string]: readonly Point[] } = {};
  const promised: { [metric: string]: number } = {};
  for (const name of NAMES) {
    const change: Partial<Week> = name === CHANGED ? week : {};
    const { from = 0, step = 0, slopeADay = 0, variance = 1 } = change;
    const times = (hour: number): number => (hour < from ? 1 : 1 + step + (slopeADay * (hour - from)) / DAY_HOURS);
    const noises = noiseOf(chance, week.memory ?? 0);
    const value = (hour: number): number =>
      LEVEL * times(hour) * (1 + (week.rhythm ?? 0) * Math.sin((2 * Math.PI * hour) / DAY_HOURS) + noises());
    const before = Array.from({ length: APPROVAL_HOURS }, (_, hour) => value(hour - APPROVAL_HOURS));
    promised[name] = before.reduce((sum, one) => sum + one, 0) / APPROVAL_HOURS;
    series[name] = Array.from({ length: WEEK_HOURS }, (_, hour): Point => [hour + 0.2, value(hour)]);
    promised[spreadOf(name)] = before.reduce((sum) => sum + spreadOfHour(chance, 1), 0) / APPROVAL_HOURS;
    series[spreadOf(name)] = Array.from({ length: WEEK_HOURS }, (_, hour): Point => [
      hour + 0.2,
      spreadOfHour(chance, hour < from ? 1 : variance),
    ]);
  }
  return { approvedAt: APPROVED, refused: [], isSimulated: false, promised, series };
}

function noiseOf(chance: Chance, memory: number): () => number {
  let last = chance.normal(0, NOISE);
  return () => {
    last = memory * last + chance.normal(0, NOISE * Math.sqrt(1 - memory ** 2));
    return last;
  };
}

/** Variance over the mean's square, of twelve values. */
function spreadOfHour(chance: Chance, variance: number): number {
  const values = Array.from({ length: STEPS }, () => 1 + chance.normal(0, RESTLESS * Math.sqrt(variance)));
  const mean = values.reduce((sum, value) => sum + value, 0) / STEPS;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / STEPS / mean ** 2;
}

/** In how many of so many weeks each family told somebody something, though nothing had changed. */
export function falsePages(weeks: number, of: Omit<Week, 'seed'>): Readonly<Record<(typeof FAMILIES)[number], number>> {
  const counts = { 'system health': 0, business: 0, security: 0 };
  for (let seed = 1; seed <= weeks; seed += 1) {
    const pages = pagesOf({ ...of, seed });
    for (const family of FAMILIES) if (pages.some(({ metric }) => metric.startsWith(family))) counts[family] += 1;
  }
  return counts;
}

/** In which share of so many weeks the change is found within so many hours of its beginning. */
export function foundWithin(hours: number, weeks: number, of: Omit<Week, 'seed'>): number {
  const from = of.from ?? 0;
  const found = Array.from({ length: weeks }, (_, index) =>
    pagesOf({ ...of, seed: index + 1 }, from + hours).some(
      ({ metric, hour }) => metric === CHANGED && hour > from && hour <= from + hours,
    ),
  );
  return found.filter(Boolean).length / weeks;
}
