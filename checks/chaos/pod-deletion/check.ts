import type { LoadResult } from '../../contract/load.ts';
import { duration, endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { DEPLOYMENTS, mayList, PODS } from '../../protocols/kubernetes.ts';
import { generatorLimits } from '../../load/load.ts';
import { BUDGETS, blastRadius, type BlastRadius } from './blast-radius.ts';
import { judge, messages, steadiness, type Gathered, type Replacement } from './judge.ts';

const share = (description: string, byDefault: number) =>
  ({ type: 'number', minimum: 0, maximum: 1, default: byDefault, description }) as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'deployment', 'endpoint', 'path', 'rate'],
  properties: {
    namespace: kubernetesName('Namespace of the Deployment.'),
    deployment: kubernetesName('Deployment of which one pod is deleted.'),
    endpoint,
    path: { type: 'string', pattern: '^/', description: 'Path, and query if any, that users are played on.' },
    rate: { type: 'number', exclusiveMinimum: 0, maximum: 50_000, description: 'Requests a second.' },
    maxConnections: { type: 'integer', minimum: 1, maximum: 10_000, default: 64, description: 'Connections at most.' },
    requestTimeout: duration('A request without an answer for this long is lost.', '5s'),
    warmup: duration(
      'How long load runs before the steady state is measured; over its first half the rate rises.',
      '5s',
    ),
    steadyFor: duration('How long the steady state is measured, before and after.', '30s'),
    replacedWithin: duration('Longest time until the replacement is ready.', '60s'),
    maxErrorRate: share('Share of requests that may fail in the steady state.', 0.01),
    errorBudget: share('Share of requests that may fail from the deletion until the replacement is ready.', 0.01),
    maxP95: duration('Bound of P95 in the steady state.', '2000ms'),
    minRequests: {
      type: 'integer',
      minimum: 1,
      default: 200,
      description: 'Requests each steady state must have had; 200 are needed for a P95.',
    },
    interval: duration('Time between two looks at the pods.', '1s'),
    ...generatorLimits,
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const podDeletion = defineCheck({
  meta: {
    kind: 'chaos/pod-deletion',
    title: 'A deleted pod is replaced while users are served',
    why: 'Pods go all the time: nodes are drained, processes die. Whoever notices should be the operators, not the users.',
    sees: 'Under steady load: error rate and P95 in bounds before; one pod of the Deployment deleted, only where two are ready and its PodDisruptionBudgets allow it; another ready within a time, the error budget kept meanwhile, the bounds again after. Not: the loss of a node, or of two pods at once.',
    needs: ['cluster', 'changes', 'load'],
    effect: 'mutating',
    mutation: 'chaos',
    params,
    messages,
  },
  permissions: ({ namespace, deployment }: Params) => [
    { namespace, groups: ['apps'], resources: ['deployments'], verbs: ['get'], resourceNames: [deployment] },
    ...mayList([PODS, BUDGETS], namespace),
    { namespace, groups: [''], resources: ['pods'], verbs: ['delete'] },
  ],
  gather,
  judge,
});

type Needed = Pick<Capabilities, 'cluster' | 'changes' | 'load'>;

/** How long load runs before the deletion, and after the replacement: what belongs to the disturbance is measured whole. */
const AROUND_MS = 1000;

async function gather(params: Params, needed: Needed, context: CheckContext): Promise<Gathered> {
  const radius = await readRadius(params, needed.cluster);
  if (radius.refusals.length > 0) return { radius };
  context.progress('measuring the steady state');
  const before = await unlessDown(
    putLoad(params, needed.load, durationMs(params.steadyFor), durationMs(params.warmup)),
  );
  // Nothing is deleted where users are not served well already, or where nobody could tell.
  if ('why' in before) return { radius, before };
  if (steadiness(params, before).outcome !== 'steady') return { radius, before };
  const disturbed = await disturb(params, needed, context);
  if (!('replacement' in disturbed)) return { radius: disturbed, before };
  context.progress('measuring the steady state again');
  const after = await unlessDown(putLoad(params, needed.load, durationMs(params.steadyFor), 0));
  return { radius: disturbed.radius, before, during: disturbed.during, replacement: disturbed.replacement, after };
}

async function readRadius({ namespace, deployment }: Params, cluster: Needed['cluster']): Promise<BlastRadius> {
  const budgets = await cluster.list(BUDGETS, { namespace, fresh: true });
  const pods = await cluster.list(PODS, { namespace, fresh: true });
  return blastRadius(await cluster.get(DEPLOYMENTS, deployment, namespace), pods.items, budgets.items);
}

/** Deletes a pod under load and waits for another; or the blast radius, when it has become too large meanwhile. */
async function disturb(
  params: Params,
  { cluster, changes, load }: Needed,
  context: CheckContext,
): Promise<BlastRadius | { radius: BlastRadius; during: LoadResult | { why: string }; replacement: Replacement }> {
  const over = new AbortController();
  const within = durationMs(params.replacedWithin);
  const loaded = unlessDown(putLoad(params, load, within + 60_000, 0, over.signal));
  // It is awaited below; a failure before that is not to go unheard.
  loaded.catch(() => undefined);
  try {
    await context.wait(AROUND_MS);
    const radius = await readRadius(params, cluster);
    const [victim] = radius.candidates;
    if (radius.refusals.length > 0 || !victim) return radius;
    const known = new Set(radius.pods.map(({ uid }) => uid));
    const from = performance.now();
    await changes.deletePod({ namespace: params.namespace, name: victim.name, uid: victim.uid });
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
  { endpoint, path, rate, maxConnections, requestTimeout }: Params,
  load: Needed['load'],
  ms: number,
  warmupMs: number,
  until?: AbortSignal,
): Promise<LoadResult> {
  return load.open({
    url: `${endpoint.url.replace(/\/$/, '')}${path}`,
    rate,
    maxConnections,
    warmupMs,
    durationMs: ms,
    timeoutMs: durationMs(requestTimeout),
    record: false,
    ...(until ? { until } : {}),
  });
}

/** Why the service takes no connection at all, where that is so. */
async function unlessDown(loading: Promise<LoadResult>): Promise<LoadResult | { readonly why: string }> {
  try {
    return await loading;
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'unreachable') return { why: error.message };
    throw error;
  }
}
