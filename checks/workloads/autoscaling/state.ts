/** What a HorizontalPodAutoscaler (autoscaling/v2) says of itself, and what keeps it from scaling up. */
import type { KubeObject } from '../../contract/cluster.ts';
import type { Finding, NonEmpty } from '../../kit/define-check.ts';
import { parseQuantity, QuantityError, quantityToNumber } from '../../../k8s/semantics/quantity.ts';
import { at, listAt, textAt } from '../../contract/json.ts';

export const AUTOSCALERS = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
} as const;

export interface MetricState {
  /** `Resource cpu`, `External queue_length`. */
  readonly name: string;
  /** As the API wrote them, for people. */
  readonly target: string;
  readonly current: string | null;
  /** Current over target; null while the current value is unknown. */
  readonly pressure: number | null;
}
export interface ScalerState {
  /** Of `performance.now()`. */
  readonly at: number;
  /** `Deployment api`. */
  readonly target: string;
  readonly max: number;
  readonly current: number;
  readonly desired: number;
  /** Ready replicas of the Deployment; 0 when there is none. */
  readonly ready: number;
  readonly deploymentFound: boolean;
  readonly metrics: readonly MetricState[];
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

/** Replicas as the autoscaler wants them and as they are. */
export type Replicas = Pick<ScalerState, 'desired' | 'ready'>;

/**
 * The fewest that were wanted since the first look: an autoscaler may still take away what an earlier load brought while this one begins.
 * Pods that are not ready for a while make it no less.
 */
export function leastOf([first, ...others]: NonEmpty<Replicas>): Replicas {
  const desired = Math.min(first.desired, ...others.map((state) => state.desired));
  return { desired, ready: Math.min(first.ready, desired) };
}

/** Whether more are wanted, and more are ready. */
export function isAbove(now: Replicas, least: Replicas): boolean {
  return now.desired > least.desired && now.ready > least.ready;
}

const numberAt = (value: unknown, ...path: string[]): number => {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : 0;
};

export function stateOf(scaler: KubeObject, deployment: KubeObject | null, now: number): ScalerState {
  const current = listAt(scaler, 'status', 'currentMetrics');
  return {
    at: now,
    target: `${textAt(scaler, '', 'spec', 'scaleTargetRef', 'kind')} ${textAt(scaler, '', 'spec', 'scaleTargetRef', 'name')}`,
    max: numberAt(scaler, 'spec', 'maxReplicas'),
    current: numberAt(scaler, 'status', 'currentReplicas'),
    desired: numberAt(scaler, 'status', 'desiredReplicas'),
    ready: deployment === null ? 0 : numberAt(deployment, 'status', 'readyReplicas'),
    deploymentFound: deployment !== null,
    metrics: listAt(scaler, 'spec', 'metrics').map((metric) => metricOf(metric, current)),
    conditions: listAt(scaler, 'status', 'conditions').map((condition) => ({
      type: textAt(condition, '', 'type'),
      status: textAt(condition, '', 'status'),
      reason: textAt(condition, '', 'reason'),
      message: textAt(condition, '', 'message'),
    })),
  };
}

/** Where each type of metric keeps its body and its name. */
const BODIES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  Resource: ['resource', 'name'],
  ContainerResource: ['containerResource', 'name'],
  Pods: ['pods', 'metric', 'name'],
  Object: ['object', 'metric', 'name'],
  External: ['external', 'metric', 'name'],
};
const VALUES = ['averageUtilization', 'averageValue', 'value'] as const;

function metricOf(metric: unknown, current: readonly unknown[]): MetricState {
  const type = textAt(metric, '', 'type');
  const [body, ...name] = BODIES[type] ?? [''];
  const named = textAt(metric, '', body, ...name);
  const own = current.find((one) => textAt(one, '', 'type') === type && textAt(one, '', body, ...name) === named);
  const field = VALUES.find((value) => at(metric, body, 'target', value) !== undefined) ?? 'value';
  const [target, value] = [at(metric, body, 'target', field), at(own, body, 'current', field)];
  const unit = field === 'averageUtilization' ? ' %' : '';
  const [a, b] = [amount(value), amount(target)];
  return {
    name: `${type} ${named}`,
    target: `${written(target)}${unit}`,
    current: value === undefined ? null : `${written(value)}${unit}`,
    pressure: a === null || b === null || b <= 0 ? null : a / b,
  };
}

const written = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown';

function amount(value: unknown): number | null {
  if (value === undefined) return null;
  try {
    return quantityToNumber(parseQuantity(value));
  } catch (error) {
    if (error instanceof QuantityError) return null;
    throw error;
  }
}

export type Doubt = 'otherTarget' | 'targetMissing' | 'inactive' | 'unknownMetric' | 'atLimit' | 'nothingReady';

/** Why load would show nothing: what an autoscaler must be before it can scale up. */
export function doubtsOf(
  state: ScalerState,
  {
    namespace,
    autoscaler,
    deployment,
  }: { readonly namespace: string; readonly autoscaler: string; readonly deployment: string },
): Finding<Doubt>[] {
  const subject = scalerName(namespace, autoscaler);
  const expected = `Deployment ${deployment}`;
  if (state.target !== expected) return [{ message: 'otherTarget', subject, data: { actual: state.target, expected } }];
  if (!state.deploymentFound) return [{ message: 'targetMissing', subject, data: { target: expected } }];
  const stuck = ['AbleToScale', 'ScalingActive'].flatMap((type): Finding<Doubt>[] => {
    const condition = state.conditions.find((one) => one.type === type);
    if (condition?.status === 'True') return [];
    const why = condition ? `${condition.reason}: ${condition.message}` : 'the condition is missing';
    return [{ message: 'inactive', subject, data: { type, why } }];
  });
  if (stuck.length > 0) return stuck;
  const unknown = state.metrics.filter(({ current }) => current === null);
  if (state.metrics.length === 0) return [{ message: 'unknownMetric', subject, data: { metric: 'any metric' } }];
  if (unknown.length > 0)
    return unknown.map(({ name }) => ({ message: 'unknownMetric', subject, data: { metric: name } }));
  if (state.ready === 0) return [{ message: 'nothingReady', subject, data: { target: expected } }];
  if (state.desired >= state.max)
    return [{ message: 'atLimit', subject, data: { desired: state.desired, max: state.max } }];
  return [];
}

export const scalerName = (namespace: string, name: string): string => `HorizontalPodAutoscaler ${namespace}/${name}`;
