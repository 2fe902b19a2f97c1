/** Reading what runs, or will run, in namespaces: every pod template and every pod. */
import type { CheckContext } from '../contract/capabilities.ts';
import type { ClusterReader, KubeObject, ResourceType } from '../contract/cluster.ts';
import type { Permission } from '../contract/plan.ts';
import { podTemplateOf } from '../../k8s/semantics/pod-template.ts';
import type { Subject } from '../contract/outcome.ts';
import { isRecord, listAt, plainText, textAt } from '../contract/json.ts';
import { CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, JOBS, mayList, PODS, REPLICA_SETS, STATEFUL_SETS } from './kubernetes.ts';

const WORKLOAD_TYPES = [PODS, DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS, JOBS, CRON_JOBS] as const;

/** A pod, or the template that pods are made from. */
export interface PodSource {
  /** `Deployment shop/api`, `Pod shop/api-7d4b-x2x9p`: how evidence names it. */
  readonly owner: string;
  /** What it belongs to in the end: a pod of a Deployment says `Deployment shop/api`, a template says itself. */
  readonly workload: string;
  readonly namespace: string;
  /** Where the spec stands in its object, for example `spec.template.spec`. */
  readonly specPath: string;
  readonly podSpec: unknown;
  readonly podMetadata: unknown;
}
export interface Workloads {
  readonly sources: readonly PodSource[];
  /** What was read and left out: pods that have ended or are on their way out, finished Jobs. */
  readonly leftOut: number;
}

export function mayReadWorkloads(namespaces: readonly string[]): Permission[] {
  return namespaces.flatMap((namespace) => mayList(WORKLOAD_TYPES, namespace));
}

/** Reads all kinds of workloads and the pods of the namespaces. */
export async function readWorkloads(
  cluster: ClusterReader,
  namespaces: readonly string[],
  { fresh, now }: Pick<CheckContext, 'fresh' | 'now'>,
): Promise<Workloads> {
  const lists = await Promise.all(
    namespaces.flatMap((namespace) =>
      WORKLOAD_TYPES.map(async (type) => {
        const { items } = await cluster.list(type, { namespace, fresh });
        return items.map((item) => ({ type, item }));
      }),
    ),
  );
  return podSources(lists.flat(), now);
}

/** The owner or workload of a pod source, `Deployment shop/api`, as an object reference. */
export function sourceSubject(text: string): Subject {
  const [, kind, namespace, name] = /^(\S+) (?:([^/]*)\/)?(.+)$/.exec(text) ?? [];
  if (kind === undefined || name === undefined) return { name: text };
  return { name, kind, ...(namespace === undefined ? {} : { namespace }) };
}

interface Typed {
  readonly type: ResourceType;
  readonly item: KubeObject;
}

/** The templates and pods of a list of objects. What a controller made is judged by its controller, pods besides by themselves. */
export function podSources(objects: readonly Typed[], now: Date): Workloads {
  const byUid = new Map(
    objects.flatMap(({ item }) => (item.metadata.uid === undefined ? [] : [[item.metadata.uid, item]])),
  );
  const sources: PodSource[] = [];
  let leftOut = 0;
  for (const { type, item } of objects) {
    // Only what was read is judged in its place: a controller of another kind, or none at all, judges nothing.
    const controlled = byUid.has(controllerOf(item)?.uid ?? '');
    if (type.kind === 'ReplicaSet' && controlled) continue;
    if (type.kind === 'Job' && controlled) continue;
    if (isOver(type, item, now)) {
      leftOut += 1;
      continue;
    }
    const template = podTemplateOf({ ...item, kind: type.kind });
    if (!template) continue;
    const { owner, namespace, specPath, podSpec, podMetadata } = template;
    sources.push({ owner, workload: workloadOf(item, type.kind, byUid), namespace, specPath, podSpec, podMetadata });
  }
  return { sources, leftOut };
}

function controllerOf({ metadata }: KubeObject) {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** How long after the end of its grace period a pod may still be there: the kubelet and its API calls need their time. */
const LEAVING_MS = 5 * 60_000;
/** A grace period that ends later than this lets a pod run on, whoever has deleted it. */
const LONGEST_GRACE_MS = 60 * 60_000;

/**
 * On its way out. `deletionTimestamp` is when its grace period ends (metav1.ObjectMeta: "at which this resource will be
 * deleted"); a pod that is still there long after it hangs on a finalizer or a lost node, and may run on for days.
 */
export function isLeaving({ metadata: { deletionTimestamp } }: KubeObject, now: Date): boolean {
  if (deletionTimestamp === undefined) return false;
  const overMs = now.getTime() - Date.parse(plainText(deletionTimestamp));
  return overMs >= -LONGEST_GRACE_MS && overMs <= LEAVING_MS;
}

/** Ended pods and finished Jobs run nothing more; pods being deleted are on their way out, unless they are stuck. */
function isOver({ kind }: ResourceType, item: KubeObject, now: Date): boolean {
  if (kind === 'Pod')
    return isLeaving(item, now) || ['Succeeded', 'Failed'].includes(textAt(item, '', 'status', 'phase'));
  if (kind !== 'Job') return false;
  return listAt(item, 'status', 'conditions').some(
    (condition) =>
      isRecord(condition) &&
      ['Complete', 'Failed'].includes(String(condition['type'])) &&
      condition['status'] === 'True',
  );
}

/** Follows controllers upwards as far as they were read; the last one is named from the reference if it was not. */
function workloadOf(item: KubeObject, kind: string, byUid: ReadonlyMap<string, KubeObject>): string {
  let current = item;
  let name = `${kind} ${item.metadata.namespace ?? ''}/${item.metadata.name}`;
  for (let depth = 0; depth < 5; depth += 1) {
    const controller = controllerOf(current);
    if (!controller) return name;
    name = `${controller.kind} ${item.metadata.namespace ?? ''}/${controller.name}`;
    const next = byUid.get(controller.uid);
    if (!next) return name;
    current = next;
  }
  return name;
}
