import { duration, endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import type { LoadResult } from '../../contract/load.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { DEPLOYMENTS } from '../../protocols/kubernetes.ts';
import { judge, messages, type Gathered } from './judge.ts';
import { AUTOSCALERS, doubtsOf, isAbove, leastOf, stateOf, type ScalerState } from './state.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'autoscaler', 'deployment', 'endpoint', 'path', 'rate'],
  properties: {
    namespace: kubernetesName('Namespace of the autoscaler and its Deployment.'),
    autoscaler: kubernetesName('Name of the HorizontalPodAutoscaler.'),
    deployment: kubernetesName('Name of the Deployment it must scale.'),
    endpoint,
    path: { type: 'string', pattern: '^/', description: 'Path, and query if any, that is put under load.' },
    method: { type: 'string', enum: ['GET', 'POST'], default: 'GET', description: 'HTTP method.' },
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Request headers besides the usual ones, for example accept-encoding.',
    },
    json: { type: 'object', description: 'Body of each request, sent as JSON.' },
    rate: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 50_000,
      description: 'Requests a second: enough to bring the pods over the target of the autoscaler.',
    },
    maxConnections: { type: 'integer', minimum: 1, maximum: 10_000, default: 64, description: 'Connections at most.' },
    requestTimeout: duration('A request without an answer for this long is lost.', '10s'),
    upWithin: duration('Longest time until added replicas are ready, from the start of the load.', '5m'),
    downWithin: duration('Longest time until the replicas are back, from the end of the load.', '15m'),
    interval: duration('Time between two looks.', '5s'),
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const autoscaling = defineCheck({
  meta: {
    kind: 'workloads/autoscaling',
    title: 'The autoscaler adds replicas under load and removes them again',
    why: 'An autoscaler without metrics, at its limit or of another Deployment does nothing at all, and nobody notices before the traffic comes.',
    sees: 'That the HorizontalPodAutoscaler exists, scales this Deployment, knows its metrics and has room; then, under declared load, replicas wanted and ready above those before within a time, and, after the load, back within another. Not: that the added replicas carry the load of a real peak.',
    needs: ['load', 'cluster'],
    effect: 'mutating',
    mutation: 'load',
    params,
    messages,
  },
  permissions: ({ namespace, autoscaler, deployment }: Params) => [
    {
      namespace,
      groups: ['autoscaling'],
      resources: ['horizontalpodautoscalers'],
      verbs: ['get'],
      resourceNames: [autoscaler],
    },
    { namespace, groups: ['apps'], resources: ['deployments'], verbs: ['get'], resourceNames: [deployment] },
  ],
  gather,
  judge,
});

type Needed = Pick<Capabilities, 'load' | 'cluster'>;

async function gather(params: Params, needed: Needed, context: CheckContext): Promise<Gathered> {
  const look = looker(params, needed.cluster);
  const before = await settled(params, look, context);
  if (before === null) return { found: false };
  if (doubtsOf(before, params).length > 0) return { found: true, before };
  const rising: [ScalerState, ...ScalerState[]] = [before];
  const over = new AbortController();
  const loaded = putLoad(params, needed.load, over.signal);
  const isUp = (now: ScalerState): boolean => isAbove(now, leastOf(rising));
  try {
    const looking = until(isUp, params.upWithin, { params, look, context, into: rising, stop: over.signal });
    // A load that ends by itself has failed: then there is nothing to wait for.
    await Promise.race([looking, loaded]);
  } finally {
    over.abort();
  }
  const load = await loaded;
  const falling: ScalerState[] = [];
  const least = leastOf(rising);
  const isBack = (now: ScalerState): boolean => now.desired <= least.desired && now.ready <= least.ready;
  // It may have decided after the last look: then the items after this one would meet a platform that still changes.
  const last = await look();
  const rose = [...rising, ...(last ? [last] : [])].some(({ desired }) => desired > least.desired);
  if (rose) await until(isBack, params.downWithin, { params, look, context, into: falling });
  return { found: true, before, load, rising, falling };
}

/** Reads the autoscaler and its Deployment; null when there is no such autoscaler. */
function looker({ namespace, autoscaler, deployment }: Params, cluster: Needed['cluster']) {
  const orNull = async <T>(reading: Promise<T>): Promise<T | null> => {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof ObservationError && error.code === 'not-found') return null;
      throw error;
    }
  };
  return async (): Promise<ScalerState | null> => {
    const scaler = await orNull(cluster.get(AUTOSCALERS, autoscaler, namespace));
    if (scaler === null) return null;
    return stateOf(scaler, await orNull(cluster.get(DEPLOYMENTS, deployment, namespace)), performance.now());
  };
}
type Look = ReturnType<typeof looker>;

/** The state before; an earlier load may still be scaled for, so what passes by itself is waited for. */
async function settled(params: Params, look: Look, context: CheckContext): Promise<ScalerState | null> {
  const giveUp = performance.now() + durationMs(params.downWithin);
  for (;;) {
    const state = await look();
    const passing = state !== null && doubtsOf(state, params).every(({ message }) => message === 'atLimit');
    const resting = state !== null && state.desired === state.ready && doubtsOf(state, params).length === 0;
    if (!passing || resting || performance.now() >= giveUp) return state;
    context.progress(`waiting for rest: ${state.ready} ready, ${state.desired} wanted`);
    await context.wait(durationMs(params.interval));
  }
}

type Loaded = { readonly up: true; readonly result: LoadResult } | { readonly up: false; readonly why: string };

async function putLoad(params: Params, load: Needed['load'], until: AbortSignal): Promise<Loaded> {
  const { endpoint, path, method, json, rate, maxConnections } = params;
  const headers = { ...params.headers, ...(json ? { 'content-type': 'application/json' } : {}) };
  try {
    const result = await load.open({
      url: `${endpoint.url.replace(/\/$/, '')}${path}`,
      method,
      headers,
      ...(json ? { body: JSON.stringify(json) } : {}),
      rate,
      maxConnections,
      warmupMs: 0,
      durationMs: durationMs(params.upWithin) + durationMs(params.interval),
      timeoutMs: durationMs(params.requestTimeout),
      record: false,
      until,
    });
    return { up: true, result };
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'unreachable') return { up: false, why: error.message };
    throw error;
  }
}

interface Watching {
  readonly params: Params;
  readonly look: Look;
  readonly context: CheckContext;
  readonly into: ScalerState[];
  readonly stop?: AbortSignal;
}

/** Looks until the condition holds, the time is over or `stop` aborts; every state is kept. */
async function until(
  holds: (state: ScalerState) => boolean,
  within: string,
  { params, look, context, into, stop }: Watching,
): Promise<void> {
  const from = performance.now();
  while (stop?.aborted !== true) {
    const state = await look();
    if (state === null)
      throw new ObservationError('not-found', `HorizontalPodAutoscaler ${params.autoscaler} is gone meanwhile.`);
    into.push(state);
    const passed = performance.now() - from;
    context.progress(`${state.ready} ready, ${state.desired} wanted after ${formatMs(passed)}`);
    if (holds(state) || passed >= durationMs(within)) return;
    await context.wait(Math.min(durationMs(params.interval), Math.max(0, durationMs(within) - passed)));
  }
}
