/**
 * Deployments as they were before the cutover, and the rollback to them: `kubectl rollout undo --to-revision`
 * (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go), of the recorded ReplicaSet and no other.
 */
import { canonicalJson } from '../checks/contract/canonical.ts';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { KubeObject } from '../checks/contract/cluster.ts';
import type { RecordedRevision } from '../checks/contract/cutover.ts';
import { at, isRecord } from '../checks/contract/json.ts';
import { DEPLOYMENTS, REPLICA_SETS } from '../checks/protocols/kubernetes.ts';
import { rolloutStatus } from '../k8s/semantics/rollout-status.ts';
import type { ClusterLink } from '../fixtures/capabilities/cluster-link.ts';
import { refusal } from '../fixtures/capabilities/cluster-requests.ts';
import { pause } from '../fixtures/capabilities/deadline.ts';
import type { JsonPatchOperation } from '../checks/protocols/traffic/system.ts';
import { CONFLICTS, listObjects, patchObject, readObject } from './persistence.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const HASH_LABEL = 'pod-template-hash';
/** Annotations that belong to the Deployment or its controller and do not go back (kubectl's `annotationsToSkip`). */
const KEPT_ANNOTATIONS: readonly string[] = [
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
];
type Json = Readonly<Record<string, unknown>>;

/**
 * The revision each Deployment runs now, with the ReplicaSet that can bring it back.
 * @throws ObservationError `not-found` for a Deployment or its ReplicaSet, `precondition` where it is paused, scaled to nothing or has
 * not rolled out: a state nobody wants to go back to
 */
export async function recordRevisions(
  link: ClusterLink,
  namespace: string,
  deployments: readonly string[],
  signal: AbortSignal,
): Promise<RecordedRevision[]> {
  const sets = await listObjects(link, REPLICA_SETS, namespace, signal);
  const recorded: RecordedRevision[] = [];
  for (const name of deployments) {
    const target = `Deployment ${namespace}/${name}`;
    const deployment = await readObject(link, DEPLOYMENTS, namespace, name, signal);
    if (!deployment) {
      throw new ObservationError('not-found', `${link.where}: ${target} does not exist`, {
        fix: 'Correct the names of the Deployments to go back to in the checklist',
      });
    }
    const status = rolloutStatus(typed(deployment));
    const problem = status?.paused
      ? 'is paused'
      : status?.complete !== true
        ? `has not rolled out: ${status?.why ?? 'it has no status'}`
        : status.numbers.desired === 0
          ? 'is scaled to nothing'
          : null;
    if (problem !== null) {
      throw new ObservationError('precondition', `${link.where}: ${target} ${problem}, and is to be gone back to`, {
        fix: 'Bring it to a state worth going back to before the cutover begins',
      });
    }
    const set = sets.find(
      (one) => isOwnedBy(one, deployment) && sameTemplate(at(one, 'spec', 'template'), templateOf(deployment)),
    );
    if (!set) {
      throw new ObservationError('not-found', `${link.where}: ${target} has no ReplicaSet with its present template`, {
        fix: 'Check that the Deployment controller runs: kubectl get replicasets',
      });
    }
    recorded.push({
      namespace,
      deployment: name,
      uid: deployment.metadata.uid ?? '',
      revision: set.metadata.annotations?.[REVISION] ?? '',
      replicas: status?.numbers.desired ?? 0,
      replicaSet: set.metadata.name,
    });
  }
  return recorded;
}

/**
 * Gives a Deployment the template of the recorded revision, and at least as many replicas as it had. Does nothing where both are so
 * already; `convergence` tells when the pods have followed.
 * @throws ObservationError `not-found` when the Deployment or the ReplicaSet is there no more, or is another one by now
 */
export async function restoreRevision(
  link: ClusterLink,
  recorded: RecordedRevision,
  signal: AbortSignal,
): Promise<'unchanged' | 'restored'> {
  let refusedAt = '';
  for (let attempt = 1; ; attempt += 1) {
    const { deployment, set } = await readBoth(link, recorded, signal);
    const operations = undoOperations(deployment, set, recorded);
    // After an attempt it may be that one whose answer was lost.
    if (operations.length === 0) return attempt === 1 ? 'unchanged' : 'restored';
    if (at(deployment, 'spec', 'paused') === true) {
      throw new ObservationError('precondition', `${link.where}: ${textOf(recorded)} is paused, so nothing rolls out`, {
        fix: `Resume it: kubectl rollout resume deployment/${recorded.deployment} -n ${recorded.namespace}`,
      });
    }
    const version = deployment.metadata.resourceVersion ?? '';
    const preconditions: readonly JsonPatchOperation[] = [
      { op: 'test', path: '/metadata/uid', value: recorded.uid },
      { op: 'test', path: '/metadata/resourceVersion', value: version },
    ];
    const patched = await patchObject(link, DEPLOYMENTS, deployment, [...preconditions, ...operations], signal);
    if (patched.done) return 'restored';
    // Invalid again on the version that was read just before: that is no lost race. Its controller writes the status often.
    const isInvalid = patched.answer.response.status === 422 && refusedAt === version;
    if (isInvalid || attempt === 2 * CONFLICTS) {
      throw refusal(patched.answer.access, patched.request, patched.answer.response, {
        verb: 'patch',
        resource: 'deployments.apps',
        namespace: recorded.namespace,
      });
    }
    refusedAt = version;
    await pause(20 * attempt, signal, `${link.where}: ${textOf(recorded)}`);
  }
}

/** Whether a Deployment runs the recorded revision with every replica it wants; `why` says what is missing, or what is there. */
export async function convergence(
  link: ClusterLink,
  recorded: RecordedRevision,
  signal: AbortSignal,
): Promise<{ readonly done: boolean; readonly why: string }> {
  const { deployment, set } = await readBoth(link, recorded, signal);
  return convergenceOf(deployment, set, recorded);
}

/** The same of objects already read. */
export function convergenceOf(
  deployment: KubeObject,
  set: KubeObject,
  recorded: RecordedRevision,
): { readonly done: boolean; readonly why: string } {
  const what = textOf(recorded);
  if (!sameTemplate(templateOf(deployment), at(set, 'spec', 'template')))
    return { done: false, why: `${what} has another template than ReplicaSet ${recorded.replicaSet}` };
  const status = rolloutStatus(typed(deployment));
  if (status === null) return { done: false, why: `${what} has no rollout` };
  const { desired, current, updated, ready, available } = status.numbers;
  if (!status.complete) return { done: false, why: `${what}: ${status.why}` };
  if (desired === 0 && recorded.replicas > 0) return { done: false, why: `${what} is scaled to nothing` };
  if ([current, updated, ready, available].some((count) => count !== desired)) {
    const numbers = `${current} pods, ${updated} updated, ${ready} ready, ${available} available`;
    return { done: false, why: `${what}: ${numbers}, expected ${desired} of each` };
  }
  return { done: true, why: `${what}: ${available} of ${desired} available at revision ${recorded.revision}` };
}

async function readBoth(
  link: ClusterLink,
  recorded: RecordedRevision,
  signal: AbortSignal,
): Promise<{ readonly deployment: KubeObject; readonly set: KubeObject }> {
  const { namespace, uid, replicaSet } = recorded;
  const what = `${link.where}: ${textOf(recorded)}`;
  const deployment = await readObject(link, DEPLOYMENTS, namespace, recorded.deployment, signal);
  if (!deployment)
    throw new ObservationError('not-found', `${what} does not exist any more`, { fix: 'Create it again by hand' });
  if (deployment.metadata.uid !== uid) {
    throw new ObservationError(
      'not-found',
      `${what} is another object by now (uid ${deployment.metadata.uid ?? 'none'}, recorded was ${uid})`,
      { fix: 'It was deleted and created again: bring it to the state of before by hand' },
    );
  }
  const set = await readObject(link, REPLICA_SETS, namespace, replicaSet, signal);
  if (!set || !isOwnedBy(set, deployment)) {
    const why = set ? 'does not belong to it any more' : 'does not exist any more';
    throw new ObservationError('not-found', `${what}: ReplicaSet ${replicaSet}, its revision of before, ${why}`, {
      fix: 'Roll back by hand, with the manifest of that release; spec.revisionHistoryLimit says how many revisions are kept',
    });
  }
  return { deployment, set };
}

/** What brings the Deployment back, without preconditions; nothing where it is as recorded. */
export function undoOperations(
  deployment: KubeObject,
  set: KubeObject,
  recorded: Pick<RecordedRevision, 'replicas'>,
): readonly JsonPatchOperation[] {
  const template = withoutHash(at(set, 'spec', 'template'));
  const replicas = at(deployment, 'spec', 'replicas');
  const operations: JsonPatchOperation[] = [];
  if (!sameTemplate(templateOf(deployment), template)) {
    operations.push(
      { op: 'replace', path: '/spec/template', value: template },
      { op: 'add', path: '/metadata/annotations', value: annotationsOf(deployment, set) },
    );
  }
  // More than before may be an autoscaler's answer to load, and fewer a mistake.
  if ((typeof replicas === 'number' ? replicas : 1) < recorded.replicas)
    operations.push({ op: 'add', path: '/spec/replicas', value: recorded.replicas });
  return operations;
}

function annotationsOf(deployment: KubeObject, set: KubeObject): Readonly<Record<string, string>> {
  const own = Object.entries(deployment.metadata.annotations ?? {});
  const before = Object.entries(set.metadata.annotations ?? {});
  return Object.fromEntries([
    ...own.filter(([name]) => KEPT_ANNOTATIONS.includes(name)),
    ...before.filter(([name]) => !KEPT_ANNOTATIONS.includes(name)),
  ]);
}

const templateOf = (deployment: KubeObject): unknown => at(deployment, 'spec', 'template');
const textOf = ({ namespace, deployment }: RecordedRevision): string => `Deployment ${namespace}/${deployment}`;
/** Members of a list come without their kind. */
const typed = (deployment: KubeObject): unknown => ({ ...deployment, kind: 'Deployment' });

function isOwnedBy(set: KubeObject, deployment: KubeObject): boolean {
  const owners = set.metadata.ownerReferences ?? [];
  return owners.some(({ uid, controller }) => controller === true && uid === deployment.metadata.uid);
}

/** Equal but for the label that the controller adds (EqualIgnoreHash of the Deployment controller). */
function sameTemplate(left: unknown, right: unknown): boolean {
  return canonicalJson(withoutHash(left)) === canonicalJson(withoutHash(right));
}

function withoutHash(template: unknown): Json {
  if (!isRecord(template)) return {};
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {};
  const labels = isRecord(metadata['labels']) ? metadata['labels'] : {};
  const kept = Object.fromEntries(Object.entries(labels).filter(([name]) => name !== HASH_LABEL));
  // Older servers write `creationTimestamp: null` into templates.
  const written = Object.entries(metadata).filter(([, value]) => value !== null);
  return { ...template, metadata: { ...Object.fromEntries(written), labels: kept } };
}
