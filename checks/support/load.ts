/** What the kinds that judge a load run share. */
import type { LoadResult } from '../contract/capabilities.ts';
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
} as const;

/** The item whose run is judged. */
export const runParam = {
  type: 'string',
  minLength: 1,
  description: 'Id of the item that made the load run, in the same run of the gate.',
} as const;

interface Limits {
  readonly maxGeneratorCpu: number;
  readonly maxGeneratorLag: string;
}

/** Why the figures say more about the generator than about the platform, or null. */
export function saturation({ generator }: LoadResult, limits: Limits): string | null {
  if (generator.cpu >= limits.maxGeneratorCpu)
    return `the generator used ${percent(generator.cpu)} of its core (limit ${percent(limits.maxGeneratorCpu)})`;
  if (generator.maxLagMs > durationMs(limits.maxGeneratorLag))
    return `the generator's event loop stood still for ${formatMs(generator.maxLagMs)} (limit ${limits.maxGeneratorLag})`;
  return null;
}

/** Requests answered with a 2xx status. */
export function successes(result: LoadResult): number {
  return result.statuses['2xx'] ?? 0;
}

/** Requests that were lost or answered with another status, over those sent. */
export function errorRate(result: LoadResult): number {
  return result.sent === 0 ? 1 : (result.sent - successes(result)) / result.sent;
}

/**
 * Answers needed before a percentile is worth reading: ten of them beyond it. 200 for P95, 1,000 for P99.
 */
export function samplesNeeded(percentile: number): number {
  return Math.ceil(10 / (1 - percentile / 100) - 1e-6);
}

/**
 * The percentile over everything sent, in µs: a request that was never answered counts as infinitely slow. Of the percentiles the
 * run kept, the nearest one at or above is taken, so that the answer errs on the slow side.
 */
export function percentileOfSent(result: LoadResult, percentile: number): number {
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
  const { sent, answered, lost, statuses, generator } = result;
  return [
    {
      type: 'table',
      title: runName(result),
      columns: ['figure', 'value'],
      rows: [
        ['model', `${result.model}, ${result.connections} connections`],
        ['started', result.startedAt],
        ['window', formatMs(result.durationMs)],
        ['sent', sent],
        ['answered', answered],
        ['lost', lost],
        ['clients without an answer', result.silentConnections ?? 0],
        ...Object.entries(statuses).map(([status, count]) => [`answered ${status}`, count] as const),
        ['generator CPU', percent(generator.cpu)],
        ['generator worst delay', formatMs(generator.maxLagMs)],
      ],
    },
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
  ];
}
