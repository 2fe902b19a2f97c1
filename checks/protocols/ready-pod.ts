/** Which pod of a Deployment may be asked something. */
import { labelRequirements, matchesLabels } from '../../k8s/semantics/selector.ts';
import type { KubeObject } from '../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../contract/json.ts';

/** It says of itself that it is ready. */
export const isReady = (pod: unknown): boolean =>
  listAt(pod, 'status', 'conditions').some(
    (condition) => isRecord(condition) && condition['type'] === 'Ready' && condition['status'] === 'True',
  );

/** A pod that its Deployment selects, that is ready and stays. */
export function readyPod(deployment: KubeObject, pods: readonly KubeObject[]): KubeObject | undefined {
  const selector = labelRequirements(at(deployment, 'spec', 'selector'));
  return pods.find(
    (pod) =>
      matchesLabels(selector, pod.metadata.labels) &&
      pod.metadata.deletionTimestamp === undefined &&
      textAt(pod, '', 'status', 'phase') === 'Running' &&
      isReady(pod),
  );
}
