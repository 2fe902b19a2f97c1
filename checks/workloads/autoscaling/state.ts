/** What a HorizontalPodAutoscaler (autoscaling/v2) says of itself, and what keeps it from scaling up. */
import type { KubeObject } from '../../contract/cluster.ts';
import { parseQuantity, QuantityError, quantityToNumber } from '../../../k8s/semantics/quantity.ts';
import { canonicalJson } from '../../contract/canonical.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import type { Finding, NonEmpty } from '../../contract/outcome.ts';
import { objectSubject, Say } from '../../kit/kind.ts';
import type { Params } from './params.ts';

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

/** Of the metric that asks for most; null while none is known. */
export function pressureOf({ metrics }: ScalerState): number | null {
  const known = metrics.flatMap(({ pressure }) => pressure ?? []);
  return known.length === 0 ? null : Math.max(...known);
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

/** Where each type of metric keeps its body. */
const BODIES: Readonly<Record<string, string>> = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
};
const VALUES = ['averageUtilization', 'averageValue', 'value'] as const;

function metricOf(metric: unknown, current: readonly unknown[]): MetricState {
  const type = textAt(metric, '', 'type');
  const body = BODIES[type] ?? '';
  // Two metrics of one name differ by their container, selector or object.
  const named = (of: unknown): string => {
    const selector = at(of, body, 'metric', 'selector');
    return [
      type,
      textAt(of, textAt(of, '', body, 'name'), body, 'metric', 'name'),
      textAt(of, '', body, 'container'),
      selector === undefined ? '' : canonicalJson(selector),
      textAt(of, '', body, 'describedObject', 'name'),
    ]
      .filter((part) => part !== '')
      .join(' ');
  };
  const name = named(metric);
  const own = current.find((one) => textAt(one, '', 'type') === type && named(one) === name);
  const field = VALUES.find((value) => at(metric, body, 'target', value) !== undefined) ?? 'value';
  const [target, value] = [at(metric, body, 'target', field), at(own, body, 'current', field)];
  const unit = field === 'averageUtilization' ? ' %' : '';
  const [a, b] = [amount(value), amount(target)];
  return {
    name,
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

/** Why load would show nothing: what an autoscaler must be before it can scale up. */
export const obstacleMessages = {
  otherTarget: {
    says: '{subject}: scales {actual}, expected {expected}.',
    fix: 'Correct scaleTargetRef of the HorizontalPodAutoscaler.',
  },
  targetMissing: {
    says: '{subject}: its target {target} does not exist, expected one to scale.',
    fix: 'Deploy the target, or correct scaleTargetRef of the HorizontalPodAutoscaler.',
  },
  inactive: {
    says: '{subject}: {type} is not True ({why}), expected an autoscaler that can act.',
    fix: 'See the conditions of the autoscaler: a missing metrics API, pods without requests, a target that is gone.',
  },
  unknownMetric: {
    says: '{subject}: the current value of {metric} is unknown, expected a value for every metric of its spec.',
    fix: 'Check that the metrics API serves these pods and that every container has a request for the resource.',
  },
  nothingReady: {
    says: '{subject}: no replica of {target} is ready, expected some before load is put on them.',
    fix: 'Repair the Deployment first; workloads/rollout says what is wrong with it.',
  },
  atLimit: {
    says: '{subject}: wants {desired} of at most {max} replicas before any load, expected room to scale up.',
    fix: 'Raise maxReplicas, or find what keeps the replicas busy.',
  },
} as const;
type Named = Pick<Params, 'namespace' | 'autoscaler' | 'deployment'>;

export const scalerSubject = ({ namespace, autoscaler }: Named) =>
  objectSubject('HorizontalPodAutoscaler', { namespace, name: autoscaler });

/** Says what keeps it from scaling up; the first thing alone, the others follow from it. */
export function judgeObstacles(state: ScalerState, named: Named, say: Say<typeof obstacleMessages>): void {
  const subject = scalerSubject(named);
  const { target, metrics, desired, max } = state;
  const expected = `Deployment ${named.deployment}`;
  if (target !== expected)
    return say.fail('otherTarget', subject, { actual: target, expected }, { path: 'spec.scaleTargetRef' });
  if (!state.deploymentFound) return say.fail('targetMissing', subject, { target });
  const stuck = ['AbleToScale', 'ScalingActive'].filter(
    (type) => state.conditions.find((one) => one.type === type)?.status !== 'True',
  );
  for (const type of stuck) {
    const condition = state.conditions.find((one) => one.type === type);
    const why = condition ? `${condition.reason}: ${condition.message}` : 'the condition is missing';
    say.fail('inactive', subject, { type, why }, { path: 'status.conditions' });
  }
  if (stuck.length > 0) return;
  const unknown = metrics.filter(({ current }) => current === null).map(({ name }) => name);
  for (const metric of metrics.length === 0 ? ['any metric'] : unknown)
    say.fail('unknownMetric', subject, { metric }, { path: 'status.currentMetrics' });
  if (metrics.length === 0 || unknown.length > 0) return;
  if (state.ready === 0) say.fail('nothingReady', subject, { target });
  else if (desired >= max) say.fail('atLimit', subject, { desired, max }, { path: 'spec.maxReplicas' });
}

export function obstaclesOf(state: ScalerState, named: Named): readonly Finding[] {
  const say = new Say(obstacleMessages);
  judgeObstacles(state, named, say);
  return say.verdict().findings;
}
