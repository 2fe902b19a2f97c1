/** The pod that is never ready: made as its neighbours are, with one readiness gate that nobody ever sets. */
import { labelRequirements, matchesLabels } from '../../../k8s/semantics/selector.ts';
import type { KubeObject, PodManifest } from '../../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import { nameOf } from '../../protocols/kubernetes.ts';

/** Marks such pods, so that one a killed run left can be found. */
export const PROBE_LABEL = 'golive.dev/probe-pod';
/** A pod is ready only when the conditions of its readiness gates are True, and this one nobody sets. */
export const GATE = 'golive.dev/never-ready';
const HASH_LABEL = 'pod-template-hash';
/** The cluster ends it by itself where golive was killed. */
const DEADLINE_SECONDS = 600;

export interface BackendPod {
  readonly name: string;
  readonly ready: boolean;
}

/** Pods that a Service selects, those on their way out left out. */
export function backendPods(service: KubeObject, pods: readonly KubeObject[]): readonly KubeObject[] {
  const selector = at(service, 'spec', 'selector');
  // A Service without a selector selects nothing: its endpoints are somebody else's.
  if (!isRecord(selector) || Object.keys(selector).length === 0) return [];
  const requirements = labelRequirements({ matchLabels: selector });
  return pods.filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined && matchesLabels(requirements, metadata.labels),
  );
}

export const conditionOf = (pod: KubeObject, type: string): string =>
  textAt(
    listAt(pod, 'status', 'conditions').find((one) => textAt(one, '', 'type') === type),
    'Unknown',
    'status',
  );
export const isReady = (pod: KubeObject): boolean => conditionOf(pod, 'Ready') === 'True';

/** The pod to create, or why none can be that tells something. */
export type Made = { readonly manifest: PodManifest } | { readonly cannot: string };

/**
 * From the template of a ready pod's ReplicaSet. Its labels must be such that the Service selects it and no ReplicaSet does: one that
 * did would adopt it, and delete it or a pod that serves users.
 */
export function probePod(
  service: KubeObject,
  ready: readonly KubeObject[],
  sets: readonly KubeObject[],
  name: string,
  mark: string,
): Made {
  const namespace = service.metadata.namespace ?? '';
  const owners = ready.flatMap(
    ({ metadata }) => metadata.ownerReferences?.filter(({ controller }) => controller) ?? [],
  );
  const set = sets.find(({ metadata }) => owners.some(({ uid }) => uid === metadata.uid));
  if (!set)
    return {
      cannot: `no ready pod of ${nameOf('Service', service)} belongs to a ReplicaSet whose template could be used`,
    };
  const template = at(set, 'spec', 'template');
  const metadata = at(template, 'metadata');
  const spec = at(template, 'spec');
  if (!isRecord(spec)) return { cannot: `${nameOf('ReplicaSet', set)} has no pod template` };
  const labels = { ...without(at(metadata, 'labels'), HASH_LABEL), [PROBE_LABEL]: mark };
  const selected = labelRequirements({ matchLabels: at(service, 'spec', 'selector') });
  if (!matchesLabels(selected, labels)) {
    return {
      cannot: `${nameOf('Service', service)} selects by ${HASH_LABEL}, which the pod must not have: ReplicaSets select by it, too`,
    };
  }
  const adopter = sets.find((one) => matchesLabels(labelRequirements(at(one, 'spec', 'selector')), labels));
  if (adopter)
    return { cannot: `${nameOf('ReplicaSet', adopter)} would adopt the pod: its selector has no ${HASH_LABEL}` };
  return {
    manifest: {
      metadata: { name, namespace, labels, annotations: without(at(metadata, 'annotations')) },
      spec: { ...spec, readinessGates: [{ conditionType: GATE }], activeDeadlineSeconds: DEADLINE_SECONDS },
    },
  };
}

function without(values: unknown, name?: string): Record<string, string> {
  const entries = Object.entries(isRecord(values) ? values : {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== name),
  );
}
