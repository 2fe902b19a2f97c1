/** Reading what runs, or will run, in namespaces: every pod template and every pod. */
import { isDeepStrictEqual } from 'node:util';
import type { CheckContext } from '../contract/capabilities.ts';
import type { ClusterReader, KubeObject, ResourceType } from '../contract/cluster.ts';
import type { Permission } from '../contract/plan.ts';
import { podTemplateOf } from '../../k8s/semantics/pod-template.ts';
import type { Subject } from '../contract/outcome.ts';
import { at, isRecord, listAt, plainText, textAt } from '../contract/json.ts';
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
  /** What was read and left out: pods that have ended, finished Jobs. */
  readonly leftOut: number;
}

export function mayReadWorkloads(namespaces: readonly string[]): Permission[] {
  return namespaces.flatMap((namespace) => mayList(WORKLOAD_TYPES, namespace));
}

/** Reads all kinds of workloads and the pods of the namespaces. */
export async function readWorkloads(
  cluster: ClusterReader,
  namespaces: readonly string[],
  { fresh }: Pick<CheckContext, 'fresh'>,
): Promise<Workloads> {
  const lists = await Promise.all(
    namespaces.flatMap((namespace) =>
      WORKLOAD_TYPES.map(async (type) => {
        const { items } = await cluster.list(type, { namespace, fresh });
        return items.map((item) => ({ type, item }));
      }),
    ),
  );
  return podSources(lists.flat());
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
type ByUid = ReadonlyMap<string, Typed>;

/**
 * The templates and pods of a list of objects. What a controller made is judged by its controller, as long as it is the same; each pod
 * besides by itself, until its containers have stopped.
 */
export function podSources(objects: readonly Typed[]): Workloads {
  const byUid = new Map(
    objects.flatMap((one) => (one.item.metadata.uid === undefined ? [] : [[one.item.metadata.uid, one]])),
  );
  const sources: PodSource[] = [];
  let leftOut = 0;
  for (const one of objects) {
    if (isJudgedAbove(one, byUid)) continue;
    if (isOver(one)) {
      leftOut += 1;
      continue;
    }
    const template = templateOf(one);
    if (!template) continue;
    const { owner, namespace, specPath, podSpec, podMetadata } = template;
    sources.push({ owner, workload: workloadOf(one, byUid), namespace, specPath, podSpec, podMetadata });
  }
  return { sources, leftOut };
}

const templateOf = ({ type, item }: Typed) => podTemplateOf({ ...item, kind: type.kind });

/** Only what was read judges in another's place: a controller of another kind, none at all, or one that says something else judges nothing. */
function isJudgedAbove(one: Typed, byUid: ByUid): boolean {
  const { kind } = one.type;
  const controller = byUid.get(controllerOf(one.item)?.uid ?? '');
  if (!controller || (kind !== 'ReplicaSet' && kind !== 'Job')) return false;
  // The history of a Deployment: it makes no pods.
  if (kind === 'ReplicaSet' && at(one.item, 'spec', 'replicas') === 0) return true;
  return isDeepStrictEqual(templateOf(one)?.podSpec, templateOf(controller)?.podSpec);
}

function controllerOf({ metadata }: KubeObject) {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** How long after the end of its grace period a pod may still be there: the kubelet and its API calls need their time. */
const LEAVING_MS = 5 * 60_000;
/** A grace period that ends later than this lets a pod run on, whoever has deleted it. */
const LONGEST_GRACE_MS = 60 * 60_000;

/**
 * On its way out, and soon gone: no longer asked whether it is ready. Whether it is secure is asked until it has ended.
 * `deletionTimestamp` is when its grace period ends (metav1.ObjectMeta: "at which this resource will be
 * deleted"); a pod that is still there long after it hangs on a finalizer or a lost node, and may run on for days.
 */
export function isLeaving({ metadata: { deletionTimestamp } }: KubeObject, now: Date): boolean {
  if (deletionTimestamp === undefined) return false;
  const overMs = now.getTime() - Date.parse(plainText(deletionTimestamp));
  return overMs >= -LONGEST_GRACE_MS && overMs <= LEAVING_MS;
}

/** Nothing of the pod runs any more: whatever its phase says, a container that is reported as running does. */
export function hasEnded(pod: KubeObject): boolean {
  if (!['Succeeded', 'Failed'].includes(textAt(pod, '', 'status', 'phase'))) return false;
  return !STATUSES.some((list) =>
    listAt(pod, 'status', list).some((status) => at(status, 'state', 'running') !== undefined),
  );
}
const STATUSES = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'] as const;

/** Ended pods and finished Jobs run nothing more. */
function isOver({ type: { kind }, item }: Typed): boolean {
  if (kind === 'Pod') return hasEnded(item);
  if (kind !== 'Job') return false;
  return listAt(item, 'status', 'conditions').some(
    (condition) =>
      isRecord(condition) &&
      ['Complete', 'Failed'].includes(String(condition['type'])) &&
      condition['status'] === 'True',
  );
}

/** What each kind that is read here makes by itself. */
const MAKES: Readonly<Record<string, string>> = {
  Deployment: 'ReplicaSet',
  CronJob: 'Job',
  ReplicaSet: 'Pod',
  StatefulSet: 'Pod',
  DaemonSet: 'Pod',
  Job: 'Pod',
};

/**
 * Follows controllers upwards. One of a kind that is not read here is named from the reference, which anybody may write; one of a kind that
 * is must be there, and make such objects: else a pod could lend itself another's name, and what is exempt for it.
 */
function workloadOf(one: Typed, byUid: ByUid): string {
  let { type, item } = one;
  for (;;) {
    const name = `${type.kind} ${item.metadata.namespace ?? ''}/${item.metadata.name}`;
    const controller = controllerOf(item);
    if (!controller) return name;
    const makes = MAKES[controller.kind];
    if (makes === undefined) return `${controller.kind} ${item.metadata.namespace ?? ''}/${controller.name}`;
    const next = byUid.get(controller.uid);
    // Of each kind the maker is another one: this ends.
    if (next?.type.kind !== controller.kind || makes !== type.kind) return name;
    ({ type, item } = next);
  }
}
