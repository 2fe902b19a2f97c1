import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, ObservationError, type Capabilities, type CheckContext } from '../../kit/kind.ts';
import { requestOf, unlessDown } from '../../load/run.ts';
import { DEPLOYMENTS, getOrNull } from '../../protocols/kubernetes.ts';
import { judge, messages, type Seen } from './judge.ts';
import { params, required, type Params } from './params.ts';
import { AUTOSCALERS, isAbove, leastOf, obstaclesOf, stateOf, type ScalerState } from './state.ts';

export const autoscaling = kind('workloads/autoscaling', {
  title: 'The autoscaler adds replicas under load and removes them again',
  why: 'An autoscaler without metrics, at its limit or of another Deployment does nothing at all, and nobody notices before the traffic comes.',
  sees: [
    'That the HorizontalPodAutoscaler exists, scales this Deployment, knows its metrics and has room.',
    'Under declared load, which is answered and brings a metric over its target, replicas wanted and ready above those before within a time, and, after the load, back within another.',
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
    const watch = watcher(given, look, context);
    const rising: [ScalerState, ...ScalerState[]] = [before];
    const over = new AbortController();
    const loaded = unlessDown(() =>
      loads.open({
        ...requestOf(given),
        rate: given.rate,
        maxConnections: given.maxConnections,
        warmupMs: 0,
        durationMs: durationMs(given.upWithin) + durationMs(given.interval),
        timeoutMs: durationMs(given.requestTimeout),
        record: false,
        until: over.signal,
      }),
    );
    try {
      // A load that ends by itself has failed: then there is nothing to wait for.
      await Promise.race([watch(rising, given.upWithin, (now) => isAbove(now, leastOf(rising)), over.signal), loaded]);
    } finally {
      over.abort();
    }
    const load = await loaded;
    const falling: ScalerState[] = [];
    const least = leastOf(rising);
    // It may have decided after the last look: then the items after this one would meet a platform that still changes.
    const last = await look();
    if ([...rising, ...(last ? [last] : [])].some(({ desired }) => desired > least.desired))
      await watch(falling, given.downWithin, (now) => now.desired <= least.desired && now.ready <= least.ready);
    return { before, load, rising, falling };
  },

  judge,
});

type Look = () => Promise<ScalerState | null>;

/** Reads the autoscaler and its Deployment; null when there is no such autoscaler. */
function looker({ namespace, autoscaler, deployment }: Params, cluster: Capabilities['cluster']): Look {
  return async () => {
    const scaler = await getOrNull(cluster, AUTOSCALERS, autoscaler, namespace);
    if (scaler === null) return null;
    return stateOf(scaler, await getOrNull(cluster, DEPLOYMENTS, deployment, namespace), performance.now());
  };
}

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

/** Looks until the condition holds, the time is over or `stop` aborts; every state is kept. */
function watcher({ autoscaler, interval }: Params, look: Look, context: CheckContext) {
  return async (
    into: ScalerState[],
    within: string,
    holds: (state: ScalerState) => boolean,
    stop?: AbortSignal,
  ): Promise<void> => {
    const from = performance.now();
    while (stop?.aborted !== true) {
      const state = await look();
      if (state === null)
        throw new ObservationError('not-found', `HorizontalPodAutoscaler ${autoscaler} is gone meanwhile.`);
      into.push(state);
      const passed = performance.now() - from;
      context.progress(`${state.ready} ready, ${state.desired} wanted after ${formatMs(passed)}`);
      if (holds(state) || passed >= durationMs(within)) return;
      await context.wait(Math.min(durationMs(interval), durationMs(within) - passed));
    }
  };
}
