import type { ResourceType } from '../../contract/cluster.ts';
import type { LoadResult } from '../../contract/load.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, type Capabilities, type CheckContext } from '../../kit/kind.ts';
import { requestOf, unlessDown, type Down } from '../../load/run.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, mayList, PODS } from '../../protocols/kubernetes.ts';
import { BUDGETS, blastRadius, type BlastRadius } from './blast-radius.ts';
import { judge, messages, steadiness, type Replacement, type Seen } from './judge.ts';
import { params, required, type Params } from './params.ts';

export const podDeletion = kind('chaos/pod-deletion', {
  title: 'A deleted pod is replaced while users are served',
  why: 'Pods go all the time: nodes are drained, processes die. Whoever notices should be the operators, not the users.',
  sees: [
    'Under steady load: error rate and P95 in bounds before.',
    'One pod of the Deployment deleted to which a Service sends users, with the grace period that is declared, only where two are ready and its PodDisruptionBudgets allow it.',
    'Another ready within a time, the error budget kept meanwhile, the bounds again after.',
  ],
  not: ['The loss of a node, or of two pods at once.', 'Whether the load came to the very pod that was deleted.'],
  needs: ['cluster', 'changes', 'load'],
  changes: 'chaos',
  params,
  required,
  messages,
  rights: ({ namespace, deployment }) => [
    { namespace, groups: ['apps'], resources: ['deployments'], verbs: ['get'], resourceNames: [deployment] },
    ...mayList([PODS, BUDGETS, ENDPOINT_SLICES], namespace),
    { namespace, groups: [''], resources: ['pods'], verbs: ['delete'] },
  ],
  gather,
  judge,
});

type Needed = Pick<Capabilities, 'cluster' | 'changes' | 'load'>;

/** How long load runs before the deletion, and after the replacement: what belongs to the disturbance is measured whole. */
const AROUND_MS = 1000;

async function gather(params: Params, needed: Needed, context: CheckContext): Promise<Seen> {
  const radius = await readRadius(params, needed.cluster);
  if (radius.refusals.length > 0) return { radius };
  context.progress('measuring the steady state');
  const before = await unlessDown(() =>
    putLoad(params, needed.load, durationMs(params.steadyFor), durationMs(params.warmup)),
  );
  // Nothing is deleted where users are not served well already, or where nobody could tell.
  if ('up' in before || steadiness(params, before) !== null) return { radius, before };
  const disturbed = await disturb(params, needed, context);
  if (!('replacement' in disturbed)) return { radius: disturbed, before };
  context.progress('measuring the steady state again');
  const after = await unlessDown(() => putLoad(params, needed.load, durationMs(params.steadyFor), 0));
  return { radius: disturbed.radius, before, during: disturbed.during, replacement: disturbed.replacement, after };
}

async function readRadius({ namespace, deployment, labels }: Params, cluster: Needed['cluster']): Promise<BlastRadius> {
  const read = async (type: ResourceType) => (await cluster.list(type, { namespace, fresh: true })).items;
  const [budgets, pods, slices] = [await read(BUDGETS), await read(PODS), await read(ENDPOINT_SLICES)];
  return blastRadius(await cluster.get(DEPLOYMENTS, deployment, namespace), pods, budgets, endpointsOf(slices), labels);
}

/** Deletes a pod under load and waits for another; or the blast radius, when it has become too large meanwhile. */
async function disturb(
  params: Params,
  { cluster, changes, load }: Needed,
  context: CheckContext,
): Promise<BlastRadius | { radius: BlastRadius; during: LoadResult | Down; replacement: Replacement }> {
  const over = new AbortController();
  const within = durationMs(params.replacedWithin);
  const loaded = unlessDown(() => putLoad(params, load, within + 60_000, 0, over.signal));
  // It is awaited below; a failure before that is not to go unheard.
  loaded.catch(() => undefined);
  try {
    await context.wait(AROUND_MS);
    const radius = await readRadius(params, cluster);
    const [victim] = radius.candidates;
    const { namespace, gracePeriodSeconds } = params;
    if (radius.refusals.length > 0 || !victim) return radius;
    const known = new Set(radius.pods.map(({ uid }) => uid));
    const from = performance.now();
    const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    await changes.deletePod({ namespace, name: victim.name, uid: victim.uid }, grace);
    const looks: { ms: number; ready: number }[] = [];
    let replacedMs: number | null = null;
    let fewer: number | undefined;
    while (replacedMs === null) {
      const now = await readRadius(params, cluster);
      const ms = performance.now() - from;
      const ready = now.pods.filter((pod) => pod.ready && pod.uid !== victim.uid);
      looks.push({ ms, ready: ready.length });
      context.progress(`${victim.name} deleted: ${ready.length} of ${now.desired} ready after ${formatMs(ms)}`);
      fewer = now.desired < radius.desired ? now.desired : undefined;
      // An autoscaler may want fewer meanwhile; another pod than before there must be in any case.
      const replaced = ready.length >= now.desired && ready.some(({ uid }) => !known.has(uid));
      if (replaced) replacedMs = ms;
      else if (ms >= within || (fewer !== undefined && ready.length >= fewer)) break;
      else await context.wait(Math.min(durationMs(params.interval), within));
    }
    await context.wait(AROUND_MS);
    over.abort();
    const replacement = { victim: victim.name, replacedMs, looks, ...(fewer === undefined ? {} : { fewer }) };
    return { radius, during: await loaded, replacement };
  } finally {
    over.abort();
  }
}

function putLoad(
  { endpoint, path, rate, maxConnections, requestTimeout, expect }: Params,
  load: Needed['load'],
  ms: number,
  warmupMs: number,
  until?: AbortSignal,
): Promise<LoadResult> {
  return load.open({
    ...requestOf({ endpoint, path, method: 'GET', headers: {}, ...(expect ? { expect } : {}) }),
    rate,
    maxConnections,
    warmupMs,
    durationMs: ms,
    timeoutMs: durationMs(requestTimeout),
    record: false,
    ...(until ? { until } : {}),
  });
}
