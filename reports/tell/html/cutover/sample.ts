/** Logs of two cutovers, one that ended well and one that was taken back, for tests and for looking at. Nothing in them is real. */
import type { CutoverEvent, CutoverEventOf, TriggerRule } from '../../../../checks/contract/cutover.ts';
import type { CutoverLogs } from './section.ts';

type Untimed = CutoverEvent extends infer E ? (E extends CutoverEvent ? Omit<E, 'at' | 'ms'> : never) : never;

const STARTED = Date.parse('2026-11-23T10:42:00.000Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const EVERY = 15 * SECOND;

/** An event at a time, in milliseconds since the beginning. */
export function at(ms: number, event: Untimed): CutoverEvent {
  return { at: new Date(STARTED + ms).toISOString(), ms, ...event };
}

export const SAMPLE_TRIGGERS: readonly TriggerRule[] = [
  {
    item: 'P4-TRI-001',
    metric: 'error-rate',
    threshold: 0.05,
    forMs: 2 * MINUTE,
    windowMs: MINUTE,
    minSamples: 50,
    onNoData: 'hold',
  },
  {
    item: 'P4-TRI-002',
    metric: 'p95',
    threshold: 5000,
    forMs: 5 * MINUTE,
    windowMs: MINUTE,
    minSamples: 50,
    onNoData: 'hold',
  },
  {
    item: 'P4-TRI-003',
    metric: 'critical-service',
    threshold: 0,
    forMs: 0,
    windowMs: MINUTE,
    minSamples: 1,
    onNoData: 'fail',
  },
];

const STEPS = [
  { item: 'P4-MIG-001', weight: 5, watchMs: 5 * MINUTE },
  { item: 'P4-MIG-002', weight: 25, watchMs: 10 * MINUTE },
  { item: 'P4-MIG-003', weight: 50, watchMs: 10 * MINUTE },
  { item: 'P4-MIG-004', weight: 100, watchMs: 30 * MINUTE },
] as const;

export function sampleBegun(over: Partial<CutoverEventOf<'begun'>> = {}): CutoverEvent {
  return {
    ...at(120, {
      event: 'begun',
      id: 'host-4711-1a2b3c4d',
      release: 'code-platform 2.4.0',
      environment: 'production',
      planDigest: `sha256:${'2'.repeat(64)}`,
      compression: 1,
      route: {
        namespace: 'mcp-production',
        name: 'mcp-api',
        rule: 0,
        stable: 'mcp-api-green',
        canary: 'mcp-api-blue',
        versionHeader: 'x-version',
        canaryVersion: '2.4.0',
      },
      triggers: SAMPLE_TRIGGERS,
      steps: STEPS,
      stable: [],
      weights: { stable: 100, canary: 0 },
      pid: 4711,
      pidStartedAt: '100',
    }),
    ...over,
  } as CutoverEvent;
}

/** One evaluation; `errorRate` and `p95Ms` null where nothing was known. */
export function sampleAt(
  ms: number,
  weight: number,
  errorRate: number | null,
  p95Ms: number | null,
  down: readonly string[] = [],
): CutoverEvent {
  return at(ms, { event: 'sample', weight, errorRate, p95Ms, samples: errorRate === null ? 3 : 600, down });
}

/** Quiet traffic that breathes a little, and where it does not. */
type Weather = (ms: number) => readonly [errorRate: number | null, p95Ms: number | null];
const calm: Weather = (ms) => [
  Math.round(20 + 15 * Math.sin(ms / (4 * MINUTE))) / 10_000,
  Math.round(6200 + 900 * Math.sin(ms / (3 * MINUTE))) / 10,
];

function climbing(from: number, index: number, until: number, weather: Weather): readonly CutoverEvent[] {
  const step = STEPS[index];
  if (!step) return [];
  const { item, weight, watchMs } = step;
  const before = STEPS[index - 1]?.weight ?? 0;
  const proven = from + 20 * SECOND;
  const done = proven + watchMs + 5 * SECOND;
  const total = [1340, 820, 1080, 108][index] ?? 1000;
  const share = weight / 100;
  const half = weight === 5 ? 0.0199 : weight === 100 ? 0.0917 : 0.0497;
  const told = [
    at(from, { event: 'step-begun', item, weight }),
    at(from + 5, { event: 'shifting', from: before, to: weight }),
    at(from + 60, { event: 'shifted', weight, generation: index + 2 }),
    at(proven, {
      event: 'split',
      item,
      target: share,
      canary: Math.round(total * share),
      total,
      low: share - half,
      high: Math.min(1, share + half),
      maxHalfWidth: weight === 5 ? 0.02 : weight === 100 ? 0.1 : 0.05,
      verdict: 'proven',
    }),
    at(done, { event: 'step-done', item, weight }),
  ];
  const samples: CutoverEvent[] = [];
  for (let ms = from + 100; ms < Math.min(done, until); ms += EVERY) samples.push(sampleAt(ms, weight, ...weather(ms)));
  return [...told.filter(({ ms }) => ms < until), ...samples].sort((a, b) => a.ms - b.ms);
}

/** When each step of the sample begins: its window, its proof and a little more after the one before it. */
const beginOf = (index: number): number =>
  2 * SECOND + STEPS.slice(0, index).reduce((sum, { watchMs }) => sum + watchMs + 30 * SECOND, 0);

export function finishedEvents(): readonly CutoverEvent[] {
  const end = beginOf(STEPS.length);
  return [
    sampleBegun(),
    ...STEPS.flatMap((_, index) => climbing(beginOf(index), index, Number.POSITIVE_INFINITY, calm)),
    at(end, { event: 'finished', weight: 100 }),
  ];
}

/** Errors at 25 %, after a stretch in which too few answers came. */
export function rolledBackEvents(): readonly CutoverEvent[] {
  const breach = beginOf(1) + 4 * MINUTE;
  const fired = breach + 2 * MINUTE;
  const weather: Weather = (ms) => {
    if (ms > breach - 2 * MINUTE && ms < breach - MINUTE) return [null, null];
    return ms < breach ? calm(ms) : [0.083 + (ms % MINUTE) / 1_000_000, 2100];
  };
  const trigger = (ms: number, state: CutoverEventOf<'trigger'>['state'], value: number | null): CutoverEvent =>
    at(ms, { event: 'trigger', item: 'P4-TRI-001', state, value, threshold: 0.05 });
  const since = new Date(STARTED + breach).toISOString();
  const climb = [climbing(beginOf(0), 0, fired, calm), climbing(beginOf(1), 1, fired, weather)].flat();
  const triggers = [
    trigger(breach - 2 * MINUTE + 5 * SECOND, 'no-data', null),
    trigger(breach - MINUTE + 5 * SECOND, 'inactive', 0.002),
    trigger(breach, 'pending', 0.083),
    trigger(fired, 'firing', 0.121),
  ];
  return [
    sampleBegun(),
    ...[...climb, ...triggers].sort((a, b) => a.ms - b.ms),
    at(fired + 1, {
      event: 'rollback-begun',
      reason: {
        code: 'trigger',
        text: `P4-TRI-001 fired at 25 %: error rate 12.1 %, above 5.0 % for 2.0 min (declared 2.0 min) since ${since}.`,
        breachedAt: since,
      },
    }),
    at(fired + 2, { event: 'rollback-act', act: 'weight to 0 %' }),
    at(fired + 61, { event: 'zero', msSinceBegun: 60, msSinceBreach: 2 * MINUTE + 61 }),
    at(fired + 62, { event: 'rollback-act', act: 'Deployment mcp-production/mcp-api-green to revision 7' }),
    at(fired + 4100, { event: 'rollback-act', act: 'look again' }),
    at(fired + 6200, { event: 'verified', item: 'users', outcome: 'pass', message: null }),
    at(fired + 7900, { event: 'verified', item: 'P2-HEA-002', outcome: 'pass', message: 'All servers are ready' }),
    at(fired + 7901, { event: 'rolled-back', verified: true, msToRecovery: 7900 }),
  ];
}

/** The rollback, rehearsed before any traffic moved. */
export function rehearsedEvents(): readonly CutoverEvent[] {
  const reason = { code: 'asked', text: 'A rehearsal of the rollback; no traffic has moved.' } as const;
  return [
    sampleBegun(),
    at(1000, { event: 'rollback-begun', reason }),
    at(1010, { event: 'zero', msSinceBegun: 10, msSinceBreach: null }),
    at(1400, { event: 'rolled-back', verified: true, msToRecovery: 400 }),
  ];
}

/** As the run's folder holds them. */
export function sampleLogs(events: readonly CutoverEvent[], over: Partial<CutoverLogs> = {}): CutoverLogs {
  return { log: { events, problems: [] }, rehearsal: { events: rehearsedEvents(), problems: [] }, ...over };
}
