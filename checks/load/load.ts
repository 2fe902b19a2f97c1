/** What the kinds that judge a load run share. */
import type { LoadResult, ResourceSample } from '../contract/load.ts';
import type { Evidence } from '../contract/outcome.ts';
import { durationMs, formatMs } from '../contract/units.ts';
import { duration } from '../contract/param-schemas.ts';

/** When the generator counts as the bottleneck. */
export const generatorLimits = {
  maxGeneratorCpu: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.95,
    description: 'Share of one core, 0 to 1, from which the generator counts as saturated.',
  },
  maxGeneratorLag: duration('Worst event-loop delay of the generator before it counts as saturated.', '200ms'),
  maxLateStarts: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.01,
    description:
      'Open model: share of the requests, 0 to 1, that the generator may begin more than 10 ms late before it counts as saturated.',
  },
} as const;

/** The request that is sent over and over. */
export const requestParams = {
  path: { type: 'string', pattern: '^/', description: 'Path, and query if any, that is put under load.' },
  method: { type: 'string', enum: ['GET', 'POST'], default: 'GET', description: 'HTTP method.' },
  headers: {
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    description: 'Headers of each request. No credentials: they would stand in the plan.',
  },
  json: { type: 'object', description: 'Body of each request, sent as JSON.' },
} as const;

/** Required of each run: figures of error pages are figures of nothing. */
export const expectParam = {
  type: 'object',
  additionalProperties: false,
  anyOf: [{ required: ['bodyIncludes'] }, { required: ['schema'] }, { required: ['empty'] }],
  description: 'What each 2xx answer must be to count as one: a maintenance page says 200, too.',
  properties: {
    contentType: {
      type: 'string',
      pattern: '^[^\\s/;]+/[^\\s/;]+$',
      description: 'Media type without parameters, application/json.',
    },
    bodyIncludes: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1 },
      description: 'Texts that only the right answer has, each within the first MiB.',
    },
    empty: { const: true, description: 'It has no body, as of a request that answers 202 or 204.' },
    schema: { type: 'object', description: 'JSON Schema of the body, which then must be JSON of one MiB at most.' },
  },
} as const;

export const minSuccessParam = {
  type: 'number',
  minimum: 0,
  maximum: 1,
  default: 0.9,
  description: 'Share of answers that must be 2xx and as expected for the run to be one of the right thing.',
} as const;

/** Of the items that judge a run. */
export const judgedSuccessParam = {
  type: 'number',
  minimum: 0,
  maximum: 1,
  default: 0.9,
  description:
    'Share that must be answered 2xx and as expected: errors are fast, cost little and would flatter the figure.',
} as const;

/** Of a bound from above. */
export const upTo = {
  type: 'string',
  enum: ['<', '<='],
  default: '<',
  description: 'Whether the bound itself is allowed.',
} as const;
export function holds(value: number, comparison: '<' | '<=', bound: number): boolean {
  return comparison === '<' ? value < bound : value <= bound;
}

/** The item whose run is judged. */
export const runParam = {
  type: 'string',
  minLength: 1,
  description: 'Id of the item that made the load run, in the same run of the gate.',
} as const;

interface Limits {
  readonly maxGeneratorCpu: number;
  readonly maxGeneratorLag: string;
  readonly maxLateStarts: number;
}

/** Why the figures say more about the generator than about the platform, or null. */
export function saturation({ generator }: LoadResult, limits: Limits): string | null {
  if (generator.cpu >= limits.maxGeneratorCpu)
    return `the generator used ${percent(generator.cpu)} of its core (limit ${percent(limits.maxGeneratorCpu)})`;
  if (generator.maxLagMs > durationMs(limits.maxGeneratorLag))
    return `the generator's event loop stood still for ${formatMs(generator.maxLagMs)} (limit ${limits.maxGeneratorLag})`;
  if (generator.late !== undefined && generator.late > limits.maxLateStarts)
    return `the generator began ${percent(generator.late)} of the requests more than 10 ms late (limit ${percent(limits.maxLateStarts)})`;
  return null;
}

/** What a generator that was too slow could have kept up with, in requests a second; to the next ten below. */
export function couldHold(result: LoadResult, { maxGeneratorCpu }: Pick<Limits, 'maxGeneratorCpu'>): number {
  const { generator, declaredRate = 0 } = result;
  const byCpu = generator.cpu > 0 ? Math.min(1, maxGeneratorCpu / generator.cpu) : 1;
  const onTime = 1 - (generator.late ?? 0);
  return Math.floor((declaredRate * Math.min(byCpu, onTime) * 0.9) / 10) * 10;
}

/** Slower by this factor, and by this much, is the first second of a window in which the service still warmed up. */
const COLD = { factor: 3, us: 50_000 };

/** Why the window began too early, or null: its first second is of another kind than those after it. */
export function warmupDoubt({ seconds = [] }: LoadResult): string | null {
  const [first, ...others] = seconds.map(({ p50Us }) => p50Us).filter((us) => us !== null);
  const later = others.sort((a, b) => a - b)[Math.floor(others.length / 2)];
  if (first === undefined || later === undefined || others.length < 4) return null;
  if (first < later * COLD.factor || first - later < COLD.us) return null;
  return `half of the requests of the first second took ${formatMs(first / 1000)}, of the later ones ${formatMs(later / 1000)}: the service was still warming up. Give the run a longer warmup.`;
}

/** Requests answered with a 2xx status, and with what the run expects. */
export function successes({ statuses, wrong = 0 }: LoadResult): number {
  return (statuses['2xx'] ?? 0) - wrong;
}

/** Why the figures of the answers are those of something else than the service, or null. */
export function answersDoubt(result: LoadResult, minSuccess = 0): string | null {
  if (result.wrong === undefined) return 'nobody looked whether the answers were the right ones.';
  const share = result.answered === 0 ? 1 : successes(result) / result.answered;
  if (share >= minSuccess) return null;
  return `only ${percent(share)} of the answers were 2xx and as expected (at least ${percent(minSuccess)} needed): the figures of errors say nothing.`;
}

/** 2xx answers that were not as expected, by what they were: `12 content type text/html, 3 other text`. */
export const wrongText = ({ wrongBy = {} }: LoadResult): string =>
  Object.entries(wrongBy)
    .map(([how, count]) => `${count} ${how}`)
    .join(', ');

/** Requests that should have been sent: in an open model those too that found no connection in time. */
export function wanted(result: LoadResult): number {
  return result.intended ?? result.sent;
}

/** Requests that were not sent in time, lost or answered otherwise than expected, over all that should have been sent. */
export function errorRate(result: LoadResult): number {
  return wanted(result) === 0 ? 1 : (wanted(result) - successes(result)) / wanted(result);
}

/**
 * Answers needed before a percentile is worth reading: ten of them beyond it. 200 for P95, 1,000 for P99.
 */
export function samplesNeeded(percentile: number): number {
  return Math.ceil(10 / (1 - percentile / 100) - 1e-6);
}

/**
 * The percentile over everything that should have been sent, in µs: a request that was never answered counts as infinitely slow. An
 * open run kept it; for a closed one the nearest percentile at or above is taken, so that the answer errs on the slow side.
 */
export function percentileOfSent(result: LoadResult, percentile: number): number {
  const kept = result.latencies.ofIntended?.find(([at]) => at === percentile);
  if (kept) return kept[1] ?? Infinity;
  const ofAnswered = result.answered === 0 ? Infinity : (percentile * result.sent) / result.answered;
  const entry = [...result.latencies.percentiles].sort(([a], [b]) => a - b).find(([kept]) => kept >= ofAnswered - 1e-9);
  return entry ? entry[1] : Infinity;
}

export function runName({ item, url }: LoadResult): string {
  return `Load run ${item} on ${url}`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.001 ? 3 : 1)} %`;
}

/** The run in figures: what was sent and became of it, latencies, throughput by the second, and how the generator fared. */
export function runEvidence(result: LoadResult): readonly [Evidence, ...Evidence[]] {
  return [
    { type: 'table', title: runName(result), columns: ['figure', 'value'], rows: figures(result) },
    ...dueEvidence(result),
    ...requestsEvidence(result),
    {
      type: 'histogram',
      title: 'Latency of answered requests',
      unit: 'ms',
      count: result.latencies.count,
      percentiles: result.latencies.percentiles.map(([percentile, us]) => [percentile, us / 1000]),
    },
    {
      type: 'series',
      title: 'Answered requests a second',
      unit: 'requests/s',
      points: result.perSecond.map((count, second) => [second * 1000, count]),
    },
    ...secondsEvidence(result),
    ...podsEvidence(result),
  ];
}

function figures(result: LoadResult): (readonly [string, string | number])[] {
  const { sent, answered, lost, statuses, generator, declaredRate, intended } = result;
  const open = declaredRate !== undefined && intended !== undefined;
  return [
    [
      'model',
      open
        ? `open, ${declaredRate} requests a second, up to ${result.connections} connections`
        : `closed, ${result.connections} connections`,
    ],
    ['started', result.startedAt],
    ['window', formatMs(result.durationMs)],
    ...(open
      ? ([
          ['due', intended],
          ['not sent in time', intended - sent],
        ] as const)
      : []),
    ['sent', sent],
    ['answered', answered],
    ['lost', lost],
    ...Object.entries(result.lostBy ?? {}).map(([how, count]) => [`lost: ${how}`, count] as const),
    ...(open ? [] : [['clients without an answer', result.silentConnections ?? 0] as const]),
    ...Object.entries(statuses).map(([status, count]) => [`answered ${status}`, count] as const),
    ...Object.entries(result.wrongBy ?? {}).map(([how, count]) => [`2xx, but ${how}`, count] as const),
    ...fewHave(result),
    ['generator CPU', percent(generator.cpu)],
    ['generator worst delay', formatMs(generator.maxLagMs)],
    ...(generator.late === undefined ? [] : [['requests begun late', percent(generator.late)] as const]),
  ];
}

/** Figures that only some runs have. */
function fewHave(result: LoadResult): (readonly [string, string | number])[] {
  const { loginProblem, aborted, completed } = result;
  const engine: string = result.engine ?? 'golive';
  return [
    ['engine', engine],
    ...(loginProblem === undefined ? [] : [['not logged in', loginProblem] as const]),
    ...(aborted === undefined ? [] : [['ended early', aborted] as const]),
    ...(completed === undefined ? [] : [['answered inside the window', completed] as const]),
  ];
}

/**
 * Open model: percentiles of all that were due, and raw ones, as a client would say that hides how long a request waited to be sent. A
 * request never answered took at least as long as it was waited for.
 */
function dueEvidence({ latencies: { ofIntended = [], atLeast = [], raw = [] } }: LoadResult): Evidence[] {
  if (ofIntended.length === 0) return [];
  const waited = new Map(atLeast);
  const ofSent = new Map(raw);
  const rows = ofIntended.map(([percentile, us]) => {
    const bound = waited.get(percentile);
    const never = bound === undefined ? 'never answered' : `at least ${(bound / 1000).toFixed(1)} (never answered)`;
    const sent = ofSent.get(percentile);
    return [`P${percentile}`, us === null ? never : us / 1000, sent === undefined ? null : sent / 1000] as const;
  });
  const columns = ['percentile', 'ms', 'raw ms, from when it was sent'];
  return [{ type: 'table', title: 'Latency of all that were due', columns, rows }];
}

/** Of a profile: each of its requests. */
function requestsEvidence({ requests = [] }: LoadResult): Evidence[] {
  if (requests.length === 0) return [];
  const ms = (us: number | null): number | null => (us === null ? null : us / 1000);
  return [
    {
      type: 'table',
      title: 'Requests by name',
      columns: ['request', 'due', 'failed', 'P50 ms', 'P95 ms', 'P99 ms'],
      rows: requests.map(({ name, intended, failed, p50Us, p95Us, p99Us }) => [
        name,
        intended,
        failed,
        ms(p50Us),
        ms(p95Us),
        ms(p99Us),
      ]),
    },
  ];
}

/** Open model: latency and failures of the requests that were due in each second. */
function secondsEvidence({ seconds }: LoadResult): Evidence[] {
  if (!seconds) return [];
  const series = (
    title: string,
    of: (second: NonNullable<LoadResult['seconds']>[number]) => number | null,
  ): Evidence => ({
    type: 'series',
    title,
    unit: 'ms',
    points: seconds.flatMap((second, index) => {
      const us = of(second);
      return us === null ? [] : [[index * 1000, us / 1000] as const];
    }),
  });
  return [
    series('P50 of each second', ({ p50Us }) => p50Us),
    series('P95 of each second', ({ p95Us }) => p95Us),
    series('P99 of each second', ({ p99Us }) => p99Us),
    {
      type: 'series',
      title: 'Failed requests of each second',
      unit: 'count',
      points: seconds.map(({ failed }, index) => [index * 1000, failed] as const),
    },
  ];
}

/**
 * What the pods did meanwhile, on the run's own time line: a series each for CPU and memory of every pod, and what happened to them. Points
 * are milliseconds since measuring began.
 */
function podsEvidence({ resources, startedAt }: LoadResult): Evidence[] {
  if (!resources) return [];
  const from = Date.parse(startedAt);
  const pods = [...new Set(resources.samples.map(({ pod }) => pod))].sort();
  const series = (what: string, unit: 'percent' | 'bytes', of: (sample: ResourceSample) => number): Evidence[] =>
    pods.map((pod) => ({
      type: 'series',
      title: `${what} of ${pod}`,
      unit,
      points: resources.samples
        .filter((sample) => sample.pod === pod)
        .map((sample) => [Date.parse(sample.at) - from, of(sample)] as const),
    }));
  const { happened = [] } = resources;
  return [
    ...series('CPU, of one core,', 'percent', ({ cpu }) => cpu * 100),
    ...series('Memory', 'bytes', ({ memoryBytes }) => memoryBytes),
    ...(happened.length === 0
      ? []
      : [
          {
            type: 'table' as const,
            title: 'Meanwhile',
            columns: ['after ms', 'what', 'happened'],
            rows: happened.map(({ at, what, text }) => [Date.parse(at) - from, what, text]),
          },
        ]),
  ];
}
