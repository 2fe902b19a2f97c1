/** May a pod of this Deployment be deleted now, and which? Never the last ready one, never against a PodDisruptionBudget. */
import type { KubeObject } from '../../contract/cluster.ts';
import { labelRequirements, matchesLabels } from '../../../k8s/semantics/selector.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import type { Endpoint } from '../../protocols/endpoints.ts';
import { nameOf } from '../../protocols/kubernetes.ts';
import { hasEnded } from '../../protocols/workloads.ts';

export const BUDGETS = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
} as const;

/** Fewer ready replicas than this are no place for an experiment. */
const READY_NEEDED = 2;

export interface PodState {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean;
}
export interface BlastRadius {
  readonly deployment: string;
  readonly desired: number;
  /** Pods of the Deployment that are not on their way out. */
  readonly pods: readonly PodState[];
  /** How many of them are ready. */
  readonly ready: number;
  /** The ready ones that a Service sends users to, by name: the first would be deleted. */
  readonly candidates: readonly PodState[];
  readonly budgets: readonly { readonly name: string; readonly allowed: number }[];
  /** Why nothing may be deleted. */
  readonly refusals: readonly (
    | { readonly because: 'ready'; readonly ready: number }
    | { readonly because: 'budget'; readonly budget: string }
    | { readonly because: 'unserved' }
  )[];
}

export function blastRadius(
  deployment: KubeObject,
  pods: readonly KubeObject[],
  budgets: readonly KubeObject[],
  endpoints: readonly Endpoint[],
  /** Which the pod that is deleted must have. */
  labels: Readonly<Record<string, string>> = {},
): BlastRadius {
  const replicas = at(deployment, 'spec', 'replicas');
  const desired = typeof replicas === 'number' ? replicas : 1;
  const own = pods.filter((pod) => selects(at(deployment, 'spec', 'selector'), pod) && isStaying(pod));
  const states = own.map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid ?? '', ready: isReady(pod) }));
  const ready = states.filter((pod) => pod.ready && pod.uid !== '');
  const serving = endpoints.filter((one) => one.ready && !one.terminating).map(({ target }) => target);
  const wanted = own.filter((pod) => selects({ matchLabels: labels }, pod)).map(({ metadata }) => metadata.name);
  const candidates = ready
    .filter(({ name }) => wanted.includes(name))
    .filter(({ name }) => serving.includes(`Pod ${deployment.metadata.namespace ?? ''}/${name}`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const concerned = budgets
    .filter((budget) => own.some((pod) => selects(at(budget, 'spec', 'selector'), pod)))
    .map((budget) => ({ name: nameOf('PodDisruptionBudget', budget), allowed: allowedBy(budget, pods) }));
  const isShort = ready.length < READY_NEEDED || ready.length < desired;
  return {
    deployment: nameOf('Deployment', deployment),
    desired,
    pods: states,
    ready: ready.length,
    candidates,
    budgets: concerned,
    refusals: [
      ...(isShort ? [{ because: 'ready', ready: ready.length } as const] : []),
      ...(candidates.length === 0 && !isShort ? [{ because: 'unserved' } as const] : []),
      ...concerned
        .filter(({ allowed }) => allowed < 1)
        .map(({ name }) => ({ because: 'budget', budget: name }) as const),
    ],
  };
}

/** An absent selector selects nothing, in a Deployment as in a budget of policy/v1; an empty one everything. */
function selects(selector: unknown, pod: KubeObject): boolean {
  return selector !== undefined && matchesLabels(labelRequirements(selector), pod.metadata.labels ?? {});
}

function isStaying(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp === undefined && !hasEnded(pod);
}

function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, '', 'type') === 'Ready' && textAt(condition, '', 'status') === 'True',
  );
}

/**
 * Disruptions the budget allows: the least of what its controller says, where it has seen this very budget, and of what its spec allows
 * with the pods there are. Percentages round up (k8s.io/kubernetes/pkg/controller/disruption).
 */
function allowedBy(budget: KubeObject, pods: readonly KubeObject[]): number {
  const selected = pods.filter((pod) => selects(at(budget, 'spec', 'selector'), pod) && isStaying(pod));
  const healthy = selected.filter(isReady).length;
  const scaled = (value: unknown): number | null => {
    if (typeof value === 'number') return value;
    const percent = typeof value === 'string' ? /^(\d+)%$/.exec(value)?.[1] : undefined;
    return percent === undefined ? null : Math.ceil((Number(percent) / 100) * selected.length);
  };
  const min = scaled(at(budget, 'spec', 'minAvailable'));
  const max = scaled(at(budget, 'spec', 'maxUnavailable'));
  // Without either the API server takes a minimum of one.
  const own = healthy - (min ?? (max === null ? 1 : selected.length - max));
  const told = at(budget, 'status', 'disruptionsAllowed');
  const current = at(budget, 'status', 'observedGeneration') === budget.metadata.generation;
  return typeof told === 'number' && current ? Math.min(own, told) : own;
}
