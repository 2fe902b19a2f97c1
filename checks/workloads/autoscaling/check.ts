import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, ObservationError, type Capabilities, type CheckContext } from '../../kit/kind.ts';
import { DEPLOYMENTS } from '../../protocols/kubernetes.ts';
import { judge, messages, type Loaded, type Seen } from './judge.ts';
import { params, required, type Params } from './params.ts';
import { AUTOSCALERS, isAbove, leastOf, obstaclesOf, stateOf, type ScalerState } from './state.ts';

export const autoscaling = kind('workloads/autoscaling', {
  title: 'The autoscaler adds replicas under load and removes them again',
  why: 'An autoscaler without metrics, at its limit or of another Deployment does nothing at all, and nobody notices before the traffic comes.',
  sees: [
    'That the HorizontalPodAutoscaler exists, scales this Deployment, knows its metrics and has room.',
    'Under declared load, replicas wanted and ready above those before within a time, and, after the load, back within another.',
  ],
  not: ['That the added replicas carry the load of a real peak.'],
  needs: ['load', 'cluster'],
  changes: 'load',
  required,
  params,
  messages,
  rights: ({ namespace, autoscaler, deployment }) => [
    {
      namespace,
      groups: ['autoscaling'],
      resources: ['horizontalpodautoscalers'],
      verbs: ['get'],
      resourceNames: [autoscaler],
    },
    { namespace, groups: ['apps'], resources: ['deployments'], verbs: ['get'], resourceNames: [deployment] },
  ],

  async gather(given, { cluster, load: loads }, context): Promise<Seen> {
    const look = looker(given, cluster);
    const before = await settled(given, look, context);
    // Load is put on it only where it could act.
    if (before === null || obstaclesOf(before, given).length > 0) return { before };
    const rising: [ScalerState, ...ScalerState[]] = [before];
    const over = new AbortController();
    const loaded = putLoad(given, loads, over.signal);
    const isUp = (now: ScalerState): boolean => isAbove(now, leastOf(rising));
    try {
      const looking = until(isUp, given.upWithin, { params: given, look, context, into: rising, stop: over.signal });
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
    if (rose) await until(isBack, given.downWithin, { params: given, look, context, into: falling });
    return { before, load, rising, falling };
  },

  judge,
});

type Needed = Pick<Capabilities, 'load' | 'cluster'>;

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
    if (state === null) return null;
    const obstacles = obstaclesOf(state, params);
    const isPassing = obstacles.every(({ id }) => id === 'atLimit');
    const isResting = state.desired === state.ready && obstacles.length === 0;
    if (!isPassing || isResting || performance.now() >= giveUp) return state;
    context.progress(`waiting for rest: ${state.ready} ready, ${state.desired} wanted`);
    await context.wait(durationMs(params.interval));
  }
}

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
