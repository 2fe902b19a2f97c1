/**
 * Whether the rollout of a Deployment, StatefulSet or DaemonSet is complete: what `kubectl rollout status` says
 * (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go), and stricter where kubectl looks away: Pods a StatefulSet keeps at
 * the old revision (a partition, OnDelete), more Pods than wanted, and refused Pods.
 */
import { at, number, shapes, text } from './shape.ts';

/** Counters of a rollout; what the status does not have is 0, as the API server leaves zeros out. */
export interface RolloutNumbers {
  readonly generation: number;
  /** Null when the controller has not seen the object at all. */
  readonly observedGeneration: number | null;
  readonly desired: number;
  /** Pods there are, without those on their way out. */
  readonly current: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

/** `failed` does not mend itself, or has taken too long; `progressing` may become complete by waiting. */
export interface RolloutStatus {
  readonly complete: boolean;
  readonly state: 'progressing' | 'failed' | 'complete';
  /** In kubectl's words where it has some: `1 out of 3 new replicas have been updated`. */
  readonly why: string;
  readonly numbers: RolloutNumbers;
  /** A paused Deployment goes no further; complete and paused is possible. */
  readonly paused: boolean;
}

type Verdict = { readonly state: RolloutStatus['state']; readonly why: string };
const progressing = (why: string): Verdict => ({ state: 'progressing', why });
const failed = (why: string): Verdict => ({ state: 'failed', why });
const complete = (why: string): Verdict => ({ state: 'complete', why });

/** The status of one object, or null when its kind has no rollout. The object needs its `kind`. */
export function rolloutStatus(object: unknown): RolloutStatus | null {
  const kind = text(at(object, 'kind'));
  if (kind !== 'Deployment' && kind !== 'StatefulSet' && kind !== 'DaemonSet') return null;
  const numbers = kind === 'DaemonSet' ? daemonNumbers(object) : replicaNumbers(object);
  const judge = { Deployment: ofDeployment, StatefulSet: ofStatefulSet, DaemonSet: ofDaemonSet }[kind];
  const verdict = beforeAll(object, numbers) ?? judge(object, numbers);
  const paused = at(object, 'spec.paused') === true;
  return { complete: verdict.state === 'complete', ...verdict, numbers, paused };
}

function replicaNumbers(object: unknown): RolloutNumbers {
  return {
    ...generations(object),
    // The API server sets 1 when the field is left out; a file may not say.
    desired: number(at(object, 'spec.replicas')) ?? 1,
    current: count(object, 'replicas'),
    updated: count(object, 'updatedReplicas'),
    ready: count(object, 'readyReplicas'),
    available: count(object, 'availableReplicas'),
  };
}

function daemonNumbers(object: unknown): RolloutNumbers {
  return {
    ...generations(object),
    desired: count(object, 'desiredNumberScheduled'),
    current: count(object, 'currentNumberScheduled'),
    updated: count(object, 'updatedNumberScheduled'),
    ready: count(object, 'numberReady'),
    available: count(object, 'numberAvailable'),
  };
}

function generations(object: unknown): Pick<RolloutNumbers, 'generation' | 'observedGeneration'> {
  const observed = number(at(object, 'status.observedGeneration'));
  return { generation: number(at(object, 'metadata.generation')) ?? 0, observedGeneration: observed ?? null };
}

function count(object: unknown, field: string): number {
  return number(at(object, `status.${field}`)) ?? 0;
}

/** What must be known before any counter means anything: until then the status is that of the release before. */
function beforeAll(object: unknown, { generation, observedGeneration }: RolloutNumbers): Verdict | null {
  if (text(at(object, 'metadata.deletionTimestamp')) !== undefined) return failed('it is being deleted');
  if (observedGeneration !== null && observedGeneration > 0 && observedGeneration >= generation) return null;
  const seen = observedGeneration === null ? 'none' : String(observedGeneration);
  return progressing(`the spec update has not been observed (generation ${String(generation)}, observed ${seen})`);
}

interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function conditionOf(object: unknown, type: string): Condition | null {
  const found = shapes(at(object, 'status.conditions')).find((condition) => condition['type'] === type);
  if (!found) return null;
  const [status = '', reason = '', message = ''] = ['status', 'reason', 'message'].map((field) => text(found[field]));
  return { status, reason, message };
}

function ofDeployment(object: unknown, numbers: RolloutNumbers): Verdict {
  const { desired, current, updated, available } = numbers;
  const deadline = conditionOf(object, 'Progressing');
  const refused = conditionOf(object, 'ReplicaFailure');
  const because = refused?.status === 'True' ? `: ${refused.message}` : '';
  if (deadline?.reason === 'ProgressDeadlineExceeded') return failed(`exceeded its progress deadline${because}`);
  const waiting = waitingFor();
  if (waiting === null) return complete(`${String(updated)} replicas updated and available`);
  if (because !== '') return failed(`${waiting}${because}`);
  const isPaused = at(object, 'spec.paused') === true;
  return progressing(isPaused ? `${waiting}, and the deployment is paused` : waiting);

  function waitingFor(): string | null {
    if (updated < desired) return `${String(updated)} out of ${String(desired)} new replicas have been updated`;
    if (current > updated) return `${String(current - updated)} old replicas are pending termination`;
    if (available < updated) return `${String(available)} of ${String(updated)} updated replicas are available`;
    return null;
  }
}

function ofStatefulSet(object: unknown, { desired, current, updated, ready, available }: RolloutNumbers): Verdict {
  if (ready < desired) return progressing(`waiting for ${String(desired - ready)} pods to be ready`);
  // Only with minReadySeconds do ready and available differ; servers before 1.22 do not count available.
  const waitsAfterReady = (number(at(object, 'spec.minReadySeconds')) ?? 0) > 0;
  if (waitsAfterReady && available < desired)
    return progressing(`${String(available)} of ${String(desired)} pods are available`);
  if (updated < desired) return progressing(`${updatedOf(updated, desired)}${whyKept(object)}`);
  if (current > desired) return progressing(`${String(current - desired)} pods more than wanted`);
  const [update, present] = ['updateRevision', 'currentRevision'].map((field) => text(at(object, `status.${field}`)));
  if (update !== present && keptBy(object) === null)
    return progressing(`${String(updated)} pods at revision ${update ?? '?'}, which is not yet the current one`);
  return complete(`${String(updated)} pods updated and ready`);
}

function ofDaemonSet(object: unknown, { desired, updated, available }: RolloutNumbers): Verdict {
  if (updated < desired) return progressing(`${updatedOf(updated, desired)}${whyKept(object)}`);
  if (available < desired) return progressing(`${String(available)} of ${String(desired)} updated pods are available`);
  return complete(`${String(updated)} pods updated and available`);
}

function updatedOf(updated: number, desired: number): string {
  return `${String(updated)} out of ${String(desired)} new pods have been updated`;
}

/** The setting by which Pods of the old revision stay until somebody acts, or null. */
function keptBy(object: unknown): string | null {
  const partition = number(at(object, 'spec.updateStrategy.rollingUpdate.partition')) ?? 0;
  if (at(object, 'spec.updateStrategy.type') === 'OnDelete')
    return 'updateStrategy OnDelete replaces a pod when it is deleted';
  return partition > 0 ? `updateStrategy.rollingUpdate.partition is ${String(partition)}` : null;
}

function whyKept(object: unknown): string {
  const kept = keptBy(object);
  return kept === null ? '' : ` (${kept})`;
}
