import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type Say } from '../../kit/kind.ts';
import { valueText } from '../../protocols/prometheus.ts';
import { LEAST_VALUES, changeSinceFirstDay, dailyTrend, isWorse, levelChange, type Moved } from '../change.ts';
import { keyMetrics, recordOf, type KeyMetric, type Point, type SinceApproval } from '../metrics.ts';
import { sayNotDue, sayWhence, windowAfter } from '../since.ts';

/** Of all that one item looks at together, that one is called worse by chance. */
const CHANCE = 0.01;
const HOUR_MS = 3_600_000;
/** A trend matters that makes, within so many days, a change that matters. */
const DAYS_OF_TREND = 7;
const TESTS = ['level', 'since-day-1', 'trend'] as const;
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
      'What is looked for: `level`, the mean against the promised value; `since-day-1`, later days against the first, hour by hour; `trend`, a change a day.',
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
    'The values that the runs since the approval recorded, held against the approved value, against the first day and for a trend.',
    'Each change with its interval, so that noise and the rhythm of a day are not taken for one.',
  ],
  not: ['Metrics that no run measured.', 'Changes smaller than half of what the metric declares to matter.'],
  needs: ['history'],
  params,
  required: ['metrics', 'watchedBy'],
  messages,
  gather: async ({ watchedBy }, { history }) => recordOf(await history.sinceApproval(), watchedBy),

  judge(given, seen, say, now) {
    const length = durationMs(given.for);
    const window = windowAfter(seen, length, now);
    sayWhence(say, seen);
    if (!window.isOver) return sayNotDue(say, window, now, window.fromMs + length);
    const chosen = given.metrics.filter(({ name }) => given.names === undefined || given.names.includes(name));
    for (const name of given.names ?? [])
      if (!chosen.some((one) => one.name === name))
        say.unsure('misconfigured', `No key metric is called ${name}.`, { subject: name });
    const confidence = 1 - CHANCE / (chosen.length * given.tests.length);
    const looks = chosen.flatMap((metric) =>
      given.tests.map((test) => looked(metric, test, seen, { confidence, hours: length / HOUR_MS })),
    );
    for (const look of looks) judgeLook(look, say);
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

interface Look {
  readonly metric: KeyMetric;
  readonly test: Test;
  readonly promise: number | undefined;
  readonly mean: number | undefined;
  /** How many values were recorded. */
  readonly values: number;
  readonly moved: Moved | undefined;
}

function looked(
  metric: KeyMetric,
  test: Test,
  { promised, series }: SinceApproval,
  { confidence, hours }: { readonly confidence: number; readonly hours: number },
): Look {
  const points = (series[metric.name] ?? []).filter(([at]) => at <= hours);
  const promise = promised[metric.name];
  const values = points.map(([, value]) => value);
  const mean = values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  return { metric, test, promise, mean, values: values.length, moved: movedBy(test, points, promise, confidence) };
}

function movedBy(
  test: Test,
  points: readonly Point[],
  promise: number | undefined,
  confidence: number,
): Moved | undefined {
  if (test === 'trend') return dailyTrend(points, confidence);
  if (test === 'since-day-1') return changeSinceFirstDay(points, confidence);
  return promise === undefined ? undefined : levelChange(points, promise, confidence);
}

/** Seen often enough: one zero is no day. */
const isStillNothing = ({ promise, mean, values }: Look): boolean =>
  promise === 0 && mean === 0 && values >= LEAST_VALUES;
/** Any of what was promised as none is more than none. */
const isFromNothing = ({ moved, promise, mean = 0, test }: Look): boolean =>
  moved === undefined && promise === 0 && mean !== 0 && test === 'level';

function judgeLook(look: Look, say: Say<typeof messages>): void {
  const { metric, test, promise, mean, moved } = look;
  const { name, good, effect, unit } = metric;
  say.judged(name);
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
    return say.unsure('too-few-samples', `${name}: too few values since the approval to look for ${wordsOf[test]}.`, {
      subject: name,
    });
  if (isWorse(moved, good, test === 'trend' ? (2 * effect) / DAYS_OF_TREND : effect))
    sayWorse(look, moved, promise, say);
}

function sayWorse({ metric, test, mean }: Look, moved: Moved, promise: number, say: Say<typeof messages>): void {
  const { name, unit } = metric;
  const data = { change: percent(moved.size), low: percent(moved.low), high: percent(moved.high) };
  if (test === 'trend') say.fail('trend', name, data);
  else if (test === 'since-day-1') say.fail('drifted', name, data);
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
  trend: 'a trend',
};
const percent = (share: number): string => `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
