/** What Prometheus says of a load run: the service's own histogram, against which the generator's latency is held, and what throttled its pods. */
import type { LoadResult } from '../../contract/load.ts';
import type { Evidence } from '../../contract/outcome.ts';
import { duration, endpoint, secretRef } from '../../contract/param-schemas.ts';
import type { HttpClient } from '../../contract/http.ts';
import type { SecretRef } from '../../contract/secrets.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { attempt, type Refusal } from '../../kit/kind.ts';
import { promDuration, query, queryRange, type Series } from '../../protocols/prometheus.ts';
import { sourceOf } from '../../protocols/telemetry.ts';

export const serverParam = {
  type: 'object',
  additionalProperties: false,
  required: ['prometheus', 'query'],
  description:
    'What the service says of its own latency; where it differs from what was measured, nobody knows which to believe.',
  properties: {
    prometheus: endpoint,
    token: { ...secretRef, description: 'Bearer token for Prometheus, where it asks for one.' },
    query: {
      type: 'string',
      pattern: '\\$window',
      description:
        'PromQL of the percentile in seconds over the run, written $window, of golive’s requests alone (header x-golive-traffic).',
    },
    percentile: {
      type: 'number',
      enum: [50, 75, 90, 95, 97.5, 99],
      default: 95,
      description: 'Which percentile that is.',
    },
    tolerance: duration(
      'How far it may be from what was measured, counted from when each request was sent: buckets are coarse, and the way there takes time.',
      '250ms',
    ),
    scrapeInterval: duration('How often Prometheus scrapes the service.', '15s'),
    throttling: {
      type: 'string',
      minLength: 1,
      description:
        'PromQL of the share of its time, 0 to 1, that a pod was throttled for, by the label pod. Shown beside the run.',
    },
  },
} as const;

export interface ServerParams {
  readonly prometheus: { readonly url: string; readonly caFile?: string };
  readonly token?: SecretRef;
  readonly query: string;
  readonly percentile: number;
  readonly tolerance: string;
  readonly scrapeInterval: string;
  readonly throttling?: string;
}
/** `us` null: it has no such series, or no requests in it. */
export interface ServerSeen {
  readonly us?: number | null;
  readonly throttled?: readonly Series[];
  readonly refusals: readonly Refusal[];
}

/** Asked when whatever was answered last has been scraped. Its window covers the run and the scrapes at both ends. */
export async function askServer(
  params: ServerParams,
  result: Pick<LoadResult, 'durationMs' | 'startedAt'>,
  http: HttpClient,
  wait: (ms: number) => Promise<void>,
): Promise<ServerSeen> {
  const source = sourceOf('Prometheus', params.prometheus, params.token);
  const scrapeMs = durationMs(params.scrapeInterval);
  await wait(2 * scrapeMs);
  const window = promDuration(Math.ceil((result.durationMs + 2 * scrapeMs) / 1000) * 1000);
  const own = await attempt(async () => {
    const samples = await query(http, source, params.query.replaceAll('$window', window));
    const [value] = samples.map((one) => one.value).filter(Number.isFinite);
    return value === undefined || samples.length !== 1 ? null : value * 1e6;
  });
  const from = Date.parse(result.startedAt) / 1000;
  const range = { start: from, end: from + result.durationMs / 1000, step: Math.max(1, scrapeMs / 1000) };
  const { throttling } = params;
  const pods = throttling === undefined ? undefined : await attempt(() => queryRange(http, source, throttling, range));
  return {
    ...(own.refusal ? {} : { us: own.seen }),
    ...(pods?.seen ? { throttled: pods.seen } : {}),
    refusals: [own.refusal, pods?.refusal].filter((one) => one !== undefined),
  };
}

/** Why the figures of the run may not be the service's; null where both agree. */
export function disagreement(
  { percentile, tolerance }: Pick<ServerParams, 'percentile' | 'tolerance'>,
  { latencies }: Pick<LoadResult, 'latencies'>,
  { us }: Pick<ServerSeen, 'us'>,
): string | null {
  const measured = latencies.raw?.find(([at]) => at === percentile)?.[1];
  if (us === undefined || us === null) return `what the service’s own histogram says of P${percentile}`;
  if (measured === undefined) return `P${percentile} from when each request was sent`;
  if (Math.abs(us - measured) <= durationMs(tolerance) * 1000) return null;
  const more = measured > us ? 'on the way to it, or in the generator' : 'in what it counts and this run does not send';
  return `P${percentile} was ${formatMs(measured / 1000)} from when each request was sent and ${formatMs(us / 1000)} by the service’s own histogram, more than ${tolerance} apart: look for the difference ${more}`;
}

/** The percentile by the service beside that of the run. */
export function serverEvidence(
  { percentile }: Pick<ServerParams, 'percentile'>,
  { us }: Pick<ServerSeen, 'us'>,
): Evidence[] {
  if (us === undefined || us === null) return [];
  return [{ type: 'value', title: `P${percentile} by the service’s own histogram`, value: us / 1000, unit: 'ms' }];
}

/** On the run's own time line. */
export function throttlingEvidence(
  seen: ServerSeen | undefined,
  { startedAt }: Pick<LoadResult, 'startedAt'>,
): Evidence[] {
  const from = Date.parse(startedAt);
  return (seen?.throttled ?? []).flatMap(({ labels, points }) => {
    const known = points.filter(([, value]) => Number.isFinite(value));
    if (known.length === 0) return [];
    return [
      {
        type: 'series' as const,
        title: `Throttled share of the time of ${labels['pod'] ?? 'a pod'}`,
        unit: 'percent' as const,
        points: known.map(([at, value]) => [Math.round(at * 1000 - from), value * 100] as const),
      },
    ];
  });
}
