import { duration } from '../../contract/param-schemas.ts';
import { DURATION_PATTERN, durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type Say } from '../../kit/kind.ts';
import { valueText } from '../../protocols/prometheus.ts';
import {
  LEAST_VALUES,
  changeSinceFirstDay,
  dailyTrend,
  isWorse,
  latestChange,
  levelChange,
  type Moved,
} from '../change.ts';
import { keyMetrics, recordOf, spreadOf, type KeyMetric, type Point, type SinceApproval } from '../metrics.ts';
import { sayNotDue, sayWhence, windowAfter } from '../since.ts';

/** Of all that one item looks at together, that one is called worse by chance. */
const CHANCE = 0.01;
const HOUR_MS = 3_600_000;
/** A trend matters that makes, within so many days, a change that matters. */
const DAYS_OF_TREND = 7;
const TESTS = ['level', 'latest', 'since-day-1', 'trend', 'spread'] as const;
/** A doubled variance matters. */
const SPREAD_EFFECT = 1;
/** So many of the last days show it. */
const SPREAD_DAYS = 3;
type Test = (typeof TESTS)[number];

const params = {
  metrics: keyMetrics,
  names: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { type: 'string', minLength: 1 },
    description: 'Which of the metrics are judged; absent: all.',
  },
  watchedBy: { type: 'string', minLength: 1, description: 'The item that measures the metrics on schedule.' },
  for: duration('How long after the approval; before that it is not due.', '24h'),
  tests: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { type: 'string', enum: TESTS },
    default: ['level'],
    description:
      'What is looked for: `level`, the mean against the promised value; `latest`, the same of the last 24 hours; `since-day-1`, later days against the first, hour by hour; `trend`, a change a day; `spread`, the variance within an hour against that of the approval.',
  },
  every: {
    type: 'string',
    pattern: DURATION_PATTERN,
    description:
      'How often it is looked at before its time is over, when only a change for the worse counts; all looks share one chance of error. Absent: once, at the end.',
  },
} as const;

const messages = {
  worse: {
    says: '{subject}: is {actual} on average, {change}, expected {promised} as promised.',
    fix: 'Look at the metric since the approval, at what was changed since, and decide whether to go back.',
    also: ['low', 'high'],
  },
  drifted: {
    says: '{subject}: is {change} against the first day, expected it to stay.',
    fix: 'Look for what changed after day 1: traffic, data, configuration, a neighbour.',
    also: ['low', 'high'],
  },
  restless: {
    says: '{subject}: its variance within an hour is {change} against the approval, expected it to stay as steady.',
    fix: 'Look for what makes it uneven: a slow replica, a lock, retries, collections of garbage, a job beside it.',
    also: ['low', 'high'],
  },
  trend: {
    says: '{subject}: moves by {change} a day, expected no trend for the worse.',
    fix: 'Look for what grows: data, caches, connections, memory that is never given back.',
    also: ['low', 'high'],
  },
} as const;

export const metricStability = kind('post-deployment/metric-stability', {
  title: 'Key metrics are as good as promised at the approval',
  why: 'A release that worsens slowly passes every look at one moment.',
  sees: [
    'The values that the runs since the approval recorded, held against the approved value, against the first day, for a trend and for their spread.',
    'Each change with its interval, so that noise and the rhythm of a day are not taken for one.',
  ],
  not: [
    'Metrics that no run measured.',
    'The spread of what stood still at the approval.',
    'Changes smaller than half of what the metric declares to matter.',
  ],
  needs: ['history'],
  params,
  required: ['metrics', 'watchedBy'],
  messages,
  gather: async ({ watchedBy }, { history }) => recordOf(await history.sinceApproval(), watchedBy),

  judge(given, seen, say, now) {
    const length = durationMs(given.for);
    const window = windowAfter(seen, length, now);
    sayWhence(say, seen);
    const ends = looksOf(length, given.every === undefined ? length : durationMs(given.every));
    const end = ends.findLast((one) => window.fromMs + one <= now.getTime());
    if (!window.isOver) sayNotDue(say, window, now, window.fromMs + length);
    if (end === undefined) return;
    const chosen = given.metrics.filter(({ name }) => given.names === undefined || given.names.includes(name));
    for (const name of given.names ?? [])
      if (!chosen.some((one) => one.name === name))
        say.unsure('misconfigured', `No key metric is called ${name}.`, { subject: name });
    const confidence = 1 - CHANCE / (chosen.length * given.tests.length * ends.length);
    const hours = end / HOUR_MS;
    const looks = chosen.flatMap((metric) =>
      given.tests.map((test) => looked(metric, test, seen, { confidence, hours, isLast: window.isOver })),
    );
    for (const look of looks) judgeLook(look, say);
    if (
      given.tests.includes('spread') &&
      !looks.some(({ test, promise }) => test === 'spread' && promise !== undefined)
    )
      say.unsure('unknown-value', 'The approval recorded no spread of any metric to compare with.');
    say.show(
      table(
        `Key metrics since ${new Date(window.fromMs).toISOString()}`,
        ['metric', 'test', 'promised', 'mean', 'change', 'from', 'to', 'values'],
        looks.map(({ metric, test, promise, mean, moved }) => [
          metric.name,
          test,
          promise ?? null,
          mean ?? null,
          ...(moved
            ? [percent(moved.size), percent(moved.low), percent(moved.high), moved.values]
            : [null, null, null, null]),
        ]),
      ),
    );
  },
});

/** When it is looked at, after the approval: what later runs find between two looks is no look of its own. */
function looksOf(length: number, every: number): readonly number[] {
  const before = every > 0 ? Math.ceil(length / every) - 1 : 0;
  return [...Array.from({ length: before }, (_, index) => (index + 1) * every), length];
}

interface Look {
  readonly metric: KeyMetric;
  readonly test: Test;
  readonly promise: number | undefined;
  readonly mean: number | undefined;
  /** How many values were recorded. */
  readonly values: number;
  readonly moved: Moved | undefined;
  /** False: too few values are no doubt yet. */
  readonly isLast: boolean;
}

function looked(
  metric: KeyMetric,
  test: Test,
  { promised, series }: SinceApproval,
  { confidence, hours, isLast }: { readonly confidence: number; readonly hours: number; readonly isLast: boolean },
): Look {
  const name = test === 'spread' ? spreadOf(metric.name) : metric.name;
  const points = (series[name] ?? []).filter(([at]) => at <= hours);
  const promise = promised[name];
  const values = points.map(([, value]) => value);
  const mean = values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  const moved = movedBy(test, points, promise, confidence);
  return { metric, test, promise, mean, values: values.length, moved, isLast };
}

function movedBy(
  test: Test,
  points: readonly Point[],
  promise: number | undefined,
  confidence: number,
): Moved | undefined {
  if (test === 'trend') return dailyTrend(points, confidence);
  if (test === 'since-day-1') return changeSinceFirstDay(points, confidence);
  if (promise === undefined) return undefined;
  if (test === 'level') return levelChange(points, promise, confidence);
  return latestChange(points, promise, { confidence, days: test === 'latest' ? 1 : SPREAD_DAYS });
}

/** Seen often enough: one zero is no day. */
const isStillNothing = ({ promise, mean, values }: Look): boolean =>
  promise === 0 && mean === 0 && values >= LEAST_VALUES;
/** Any of what was promised as none is more than none. */
const isFromNothing = ({ moved, promise, mean = 0, test }: Look): boolean =>
  moved === undefined && promise === 0 && mean !== 0 && (test === 'level' || test === 'latest');

function judgeLook(look: Look, say: Say<typeof messages>): void {
  const { metric, test, promise, mean, moved } = look;
  const { name, good, effect, unit } = metric;
  say.judged(name);
  // What stood still, or at 0, at the approval has no spread to compare with: its level is looked at by the others.
  if (test === 'spread' && promise === undefined) return;
  if (promise === undefined)
    return say.unsure('unknown-value', `${name}: the approval recorded no value of it.`, { subject: name });
  // Of nothing there are no shares: what was 0 and is 0 has not changed.
  if (isStillNothing(look)) return;
  if (isFromNothing(look)) {
    if (good !== 'up')
      say.fail('worse', name, {
        actual: `${valueText(mean ?? 0)} ${unit}`,
        promised: `0 ${unit}`,
        change: 'from nothing',
      });
    return;
  }
  if (moved === undefined)
    return look.isLast
      ? say.unsure('too-few-samples', `${name}: too few values since the approval to look for ${wordsOf[test]}.`, {
          subject: name,
        })
      : undefined;
  const isSo =
    test === 'spread'
      ? isWorse(moved, 'down', SPREAD_EFFECT)
      : isWorse(moved, good, test === 'trend' ? (2 * effect) / DAYS_OF_TREND : effect);
  if (isSo) sayWorse(look, moved, promise, say);
}

function sayWorse({ metric, test, mean }: Look, moved: Moved, promise: number, say: Say<typeof messages>): void {
  const { name, unit } = metric;
  const data = { change: percent(moved.size), low: percent(moved.low), high: percent(moved.high) };
  if (test === 'trend') say.fail('trend', name, data);
  else if (test === 'since-day-1') say.fail('drifted', name, data);
  else if (test === 'spread') say.fail('restless', name, data);
  else
    say.fail('worse', name, {
      ...data,
      actual: `${valueText(mean ?? 0)} ${unit}`,
      promised: `${valueText(promise)} ${unit}`,
    });
}

const wordsOf: Readonly<Record<Test, string>> = {
  level: 'a change of the level',
  'since-day-1': 'a change since the first day',
  latest: 'a change of the last day',
  trend: 'a trend',
  spread: 'a change of its variance',
};
const percent = (share: number): string => `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
