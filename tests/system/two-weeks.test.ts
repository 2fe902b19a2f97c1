/**
 * Two weeks of hourly runs after an approval, in milliseconds: the schedules say when runs would start, the kinds judge what they would have
 * recorded. Whatever people and clocks do to two weeks must neither hide a regression nor invent one.
 */
import { describe, expect, it } from 'vitest';
import type { History, PastOutcome } from '../../checks/contract/history.ts';
import { metricStability } from '../../checks/post-deployment/metric-stability/check.ts';
import { recordOf, spreadOf } from '../../checks/post-deployment/metrics.ts';
import { regularRuns } from '../../checks/post-deployment/regular-runs/check.ts';
import { scaling } from '../../checks/post-deployment/scaling/check.ts';
import type { Verdict } from '../../checks/kit/verdict.ts';
import { startsBetween } from '../../k8s/semantics/cron.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ZONE = 'Europe/Berlin';
/** Before the clocks go forward on the 29th, and before they go back on the 25th. */
const SPRING = Date.parse('2026-03-20T09:30:00Z');
const AUTUMN = Date.parse('2026-10-16T09:30:00Z');
const LATENCY = { name: 'Latency', query: 'q', unit: 'ms', good: 'down', effect: 0.2, window: '1h' } as const;
const METRICS = { watchedBy: 'W', metrics: [LATENCY] };

/** What a run would have seen, by its time and the hours since the approval. */
interface World {
  readonly approvedAt: number;
  readonly cron?: string;
  readonly latency?: (hour: number) => number;
  readonly replicas?: (hour: number) => number;
  readonly isAway?: (hour: number) => boolean;
}

function historyOf({ approvedAt, cron = '7 * * * *', latency = rhythm, replicas = () => 2, isAway }: World): History {
  const measured = (ms: number, pods: number): PastOutcome['measured'] => [
    { type: 'value', title: 'Latency', value: ms, unit: 'ms' },
    { type: 'value', title: spreadOf('Latency'), value: 0.01, unit: 'ratio' },
    { type: 'value', title: 'Replicas', value: pods, unit: 'count' },
    { type: 'value', title: 'CPU', value: 40, unit: 'percent' },
  ];
  const outcome = (at: number, ms: number, pods: number): PastOutcome => ({
    ...{ item: 'W', outcome: 'pass', at: new Date(at).toISOString(), runId: `r${at}`, findings: [] },
    measured: measured(ms, pods),
  });
  const starts = startsBetween(cron, ZONE, new Date(approvedAt), new Date(approvedAt + 14 * DAY_MS));
  const since = starts.flatMap((start) => {
    const hour = (start.getTime() - approvedAt) / HOUR_MS;
    return isAway?.(hour) ? [] : [outcome(start.getTime(), latency(hour), replicas(hour))];
  });
  const approved = { at: new Date(approvedAt).toISOString(), runId: 'go', items: [outcome(approvedAt, 100, 2)] };
  return { approved, since, refused: [], isSimulated: false };
}

/** The same each time: the rhythm of a day in the users' zone, and a little that no rhythm explains. */
const rhythm = (hour: number): number =>
  100 * (1 + 0.2 * Math.sin((2 * Math.PI * hour) / 24) + 0.03 * Math.sin(hour * 12.9898));

const at = ({ approvedAt }: World, hour: number): Date => new Date(approvedAt + hour * HOUR_MS);
function looked(world: World, hour: number, params: object): Verdict {
  const history = historyOf(world);
  const since = history.since.filter(({ at: time }) => Date.parse(time) <= at(world, hour).getTime());
  return metricStability.judge({ ...METRICS, ...params }, recordOf({ ...history, since }, 'W'), {
    now: at(world, hour),
  });
}
function gaps(world: World, every: string, length: string): readonly string[] {
  const { approved, since } = historyOf(world);
  const seen = { approvedAt: approved?.at, refused: [], isSimulated: false, since };
  const measured = [{ metric: 'Latency', samples: [{ value: 100 }] }];
  const params = { ...METRICS, prometheus: { url: 'http://p' }, every, for: length };
  const { findings } = regularRuns.judge(params, { ...seen, measured }, { now: at(world, 14 * 24) });
  return findings.map(({ subject }) => subject.name);
}
const WEEK = { for: '168h', every: '24h', tests: ['trend', 'since-day-1', 'latest', 'spread'] };
const ids = ({ findings }: Verdict): readonly string[] => findings.map(({ id }) => id);

describe.each([
  ['forward', SPRING],
  ['back', AUTUMN],
])('the clocks go %s', (_, approvedAt) => {
  const world = { approvedAt };
  it('an hourly run has no gap', () => {
    expect(gaps(world, '1h', '336h')).toEqual([]);
  });
  it('nothing has changed: each look of two weeks is good', () => {
    for (let hour = 24; hour <= 168; hour += 24) expect(ids(looked(world, hour, WEEK))).toEqual([]);
    expect(looked(world, 336, { for: '336h', tests: ['level', 'trend'] }).outcome).toBe('pass');
  });
});

it('a daily run in the hour that the clocks skip does not start, and that day is told', () => {
  expect(gaps({ approvedAt: SPRING, cron: '23 2 * * *' }, '24h', '336h')).toEqual([
    '24h from 2026-03-28T09:30:00.000Z',
  ]);
});

it('nobody looked for a whole day 5: that day is told, and what is known of the others is judged', () => {
  const world: World = { approvedAt: SPRING, isAway: (hour) => hour >= 96 && hour < 121 };
  expect(gaps(world, '24h', '168h')).toEqual(['24h from 2026-03-24T09:30:00.000Z']);
  expect(looked(world, 168, WEEK).outcome).toBe('pass');
});

it('a regression on day 3 is found at its end, not before, and stays', () => {
  const latency = (hour: number): number => rhythm(hour) * (hour >= 50 ? 1.3 : 1);
  const world: World = { approvedAt: SPRING, latency };
  expect(ids(looked(world, 48, WEEK))).toEqual([]);
  expect(ids(looked(world, 72, WEEK))).toContain('worse');
  expect(ids(looked(world, 97, WEEK))).toContain('worse');
  expect(looked(world, 168, WEEK).outcome).toBe('fail');
  expect(looked(world, 168, { for: '24h', tests: ['level'] }).outcome).toBe('pass');
});

it.each([
  ['one pod of two', (hour: number) => (hour > 30 && hour < 31.5 ? 1 : 2)],
  ['both pods', (hour: number) => (hour > 30 && hour < 31.5 ? 0 : 2)],
  ['one of four, above the minimum', (hour: number) => (hour > 30 && hour < 31.5 ? 3 : 4)],
])('a node is replaced, and %s with it: no scale event', (_, replicas) => {
  const world: World = { approvedAt: SPRING, replicas };
  const workload = { name: 'api', replicas: 'Replicas', load: 'CPU', target: 70, min: 2, max: 6 };
  const params = { watchedBy: 'W', for: '48h', workloads: [workload], tolerance: 0.1, maxReversals: 4, patience: '2h' };
  const seen = recordOf(historyOf(world), 'W');
  expect(scaling.judge(params, seen, { now: at(world, 49) })).toMatchObject({ outcome: 'pass', findings: [] });
});
