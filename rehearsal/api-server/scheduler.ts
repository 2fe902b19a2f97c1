/** The rules of `scheduling.ts` in place of webernetes' own, which takes any node. What fits nowhere waits, and is tried again. */
import { record, records, text, type ApiObject, type Json } from './object.ts';
import { placePod, type Cluster as Scene } from './scheduling.ts';
import type { Cluster, CoreApi } from './webernetes.ts';

/** How often a Pod that fits nowhere is tried again. */
const RETRY_MS = 500;

interface Context {
  readonly api: { readonly corev1: CoreApi };
}
/** What is used of webernetes' scheduler. */
interface Scheduler {
  readonly events?: { event(pod: ApiObject, type: string, reason: string, message: string): Promise<unknown> };
  readonly schedulingLock: { withLock<T>(work: () => Promise<T>): Promise<T> };
  schedulePod(context: Context, pod: ApiObject): void;
  bindPod(this: Scheduler, context: Context, pod: ApiObject): Promise<void>;
}

/** Installs the rules; the class is shared by every cluster of this process. */
export function scheduleByRules(cluster: Cluster): void {
  const scheduler = cluster.imageRegistry.create('webernetes/kube-scheduler:1.0') as unknown as Scheduler | undefined;
  if (!scheduler) throw new Error('this webernetes has no scheduler of its own');
  const prototype = Object.getPrototypeOf(scheduler) as Scheduler;
  prototype.bindPod = async function (this: Scheduler, context, pod) {
    // One after another: each sees where the ones before it went.
    const bound = await this.schedulingLock.withLock(() => place(this, context, pod));
    if (bound)
      await this.events?.event(
        bound.pod,
        'Normal',
        'Scheduled',
        `Successfully assigned ${bound.name} to ${bound.node}`,
      );
  };
}

async function place(
  scheduler: Scheduler,
  context: Context,
  { metadata }: ApiObject,
): Promise<{ pod: ApiObject; name: string; node: string } | undefined> {
  const { corev1 } = context.api;
  const { name = '', namespace = 'default' } = metadata;
  const pod = await corev1.pods.get(name, namespace);
  if (!pod || text(record(pod['spec'])['nodeName']) !== '' || pod.metadata.deletionTimestamp !== undefined)
    return undefined;
  const placed = placePod(isOwn(pod) ? tolerant(pod) : pod, await sceneOf(corev1));
  if ('why' in placed) {
    await wait(scheduler, context, pod, placed.why);
    return undefined;
  }
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace },
    target: { apiVersion: 'v1', kind: 'Node', name: placed.node },
  };
  await corev1.createNamespacedPodBinding({ name, namespace, body });
  const bound = await corev1.pods.get(name, namespace);
  return bound && { pod: bound, name: `${namespace}/${name}`, node: placed.node };
}

async function sceneOf({ nodes, pods, namespaces }: CoreApi): Promise<Scene> {
  const [allNodes, allPods, allNamespaces] = await Promise.all(
    [nodes, pods, namespaces].map((store) => store.listWithResourceVersion()),
  );
  return { nodes: allNodes?.items ?? [], pods: allPods?.items ?? [], namespaces: allNamespaces?.items ?? [] };
}

/** Says once why a Pod waits, in a condition and an Event, and has it tried again. */
async function wait(scheduler: Scheduler, context: Context, pod: ApiObject, why: string): Promise<void> {
  setTimeout(() => scheduler.schedulePod(context, pod), RETRY_MS).unref();
  const status = record(pod['status']);
  const conditions = records(status['conditions']);
  if (conditions.some(({ type, message }) => type === 'PodScheduled' && message === why)) return;
  const condition: Json = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: why,
    lastProbeTime: null,
    lastTransitionTime: new Date().toISOString(),
  };
  const next = {
    ...pod,
    status: {
      ...status,
      phase: 'Pending',
      conditions: [...conditions.filter(({ type }) => type !== 'PodScheduled'), condition],
    },
  };
  await context.api.corev1.pods.update(pod.metadata.name ?? '', next, {
    skipValidateUpdate: true,
    subresource: 'status',
  });
  await scheduler.events?.event(pod, 'Warning', 'FailedScheduling', why);
}

/** webernetes' controllers are Pods, and run whatever is wrong with a node. */
function isOwn(pod: ApiObject): boolean {
  return records(record(pod['spec'])['containers']).some(({ image }) => text(image).startsWith('webernetes/'));
}

function tolerant(pod: ApiObject): ApiObject {
  return { ...pod, spec: { ...record(pod['spec']), tolerations: [{ operator: 'Exists' }] } };
}
