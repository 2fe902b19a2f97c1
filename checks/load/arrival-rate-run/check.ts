import type { LoadResult } from '../../contract/load.ts';
import { duration, endpoint } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import { generatorLimits, minSuccessParam, requestParams } from '../load.ts';
import { mayReadPodUse, readPodUse } from '../../protocols/pod-metrics.ts';
import { judge, messages, urlOf, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'path', 'rate'],
  properties: {
    endpoint,
    ...requestParams,
    rate: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 50_000,
      description: 'Requests a second, evenly spaced, whatever the answers do.',
    },
    duration: duration('How long is measured, after the warm-up.', '60s'),
    warmup: duration('How long load runs before measuring starts; over its first half the rate rises.', '10s'),
    requestTimeout: duration('A request without an answer for this long is lost.', '10s'),
    maxConnections: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 256,
      description: 'Connections at most; a request that finds none free waits, and the wait counts.',
    },
    minAnswered: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.99,
      description: 'Share of the requests that must be answered for the rate to have been carried.',
    },
    minSuccess: minSuccessParam,
    minRequests: {
      type: 'integer',
      minimum: 1,
      default: 1000,
      description: 'Requests without which the run is too small to judge; 1,000 are needed for a P99.',
    },
    attempts: {
      type: 'integer',
      minimum: 1,
      maximum: 5,
      default: 2,
      description:
        'Runs at most. One in which the generator itself was too slow says nothing of the service, and is made again; any other counts.',
    },
    watch: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'selector'],
      description: 'Pods whose use of CPU and memory is sampled meanwhile, for load/resource-use.',
      properties: {
        namespace: kubernetesName('Namespace of the pods.'),
        selector: { type: 'string', minLength: 1, description: 'Label selector of the pods.' },
      },
    },
    ...generatorLimits,
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const arrivalRateRun = defineCheck({
  meta: {
    kind: 'load/arrival-rate-run',
    title: 'The service carried the declared load',
    why: 'Users do not wait for one another: they come at their own rate, also while the service stands still, and then all at once.',
    sees: 'An open model: requests begun at the declared rate whatever the answers did, each latency counted from when its request was due, warm-up left out; every request answered, lost (refused, reset, closed, timed out, TLS) or not sent in time; exact percentiles, each second for itself, what the pods used, and whether the generator kept up; runs in which it did not are told and made again. Not: how much more the service could take.',
    needs: ['load', 'cluster'],
    effect: 'mutating',
    mutation: 'load',
    params,
    messages,
  },
  permissions: ({ watch }: Params) => (watch ? mayReadPodUse(watch.namespace) : []),
  gather,
  judge,
});

async function gather(
  params: Params,
  { load, cluster }: Pick<Capabilities, 'load' | 'cluster'>,
  context: CheckContext,
): Promise<Gathered> {
  const { endpoint, path, method, headers, json, rate, maxConnections, watch } = params;
  const [warmupMs, measuredMs] = [durationMs(params.warmup), durationMs(params.duration)];
  const url = urlOf(endpoint.url, path);
  const run = (): Promise<LoadResult> =>
    load.open({
      url,
      method,
      headers: json ? { 'content-type': 'application/json', ...headers } : headers,
      ...(json ? { body: JSON.stringify(json) } : {}),
      rate,
      durationMs: measuredMs,
      warmupMs,
      timeoutMs: durationMs(params.requestTimeout),
      maxConnections,
      ...(watch ? { watch: () => readPodUse(cluster, watch) } : {}),
    });
  const discarded: string[] = [];
  try {
    for (;;) {
      const again = discarded.length === 0 ? '' : ', again, as the generator was too slow';
      context.progress(`${rate} requests a second on ${url} for ${formatMs(warmupMs + measuredMs)}${again}`);
      const result = await run();
      const judgement = judge(params, result);
      const isUseless = judgement.outcome === 'inconclusive' && judgement.reason === 'generator-saturated';
      if (!isUseless || discarded.length + 1 >= params.attempts) return { ...result, discarded };
      discarded.push(judgement.why);
    }
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'unreachable') return { up: false, why: error.message };
    throw error;
  }
}
