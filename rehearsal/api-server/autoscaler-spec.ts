/** What a HorizontalPodAutoscaler (autoscaling/v2) says, and pods as its metrics see them. */
import { addQuantities, parseQuantity, quantityToNumber } from '../../k8s/semantics/quantity.ts';
import type { Behavior, ScalingPolicy, ScalingRules } from './autoscaler-behavior.ts';
import type { MeasuredPod, MetricTarget } from './autoscaler-replicas.ts';
import { integer, record, records, text, type ApiObject, type Json } from './object.ts';
import type { UsageSampler } from './usage-sampler.ts';

/** As fixtures/environments/rehearsal.yaml: windows and periods that are declared are divided by this. */
export const COMPRESSION = 120;
/** How long after its start a pod's first use of CPU counts for nothing (--horizontal-pod-autoscaler-cpu-initialization-period). */
const INITIALIZATION_MS = 300_000 / COMPRESSION;

const UP: Json = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DOWN: Json = {
  stabilizationWindowSeconds: 300,
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

export function behaviorOf(spec: Json): Behavior {
  const { scaleUp, scaleDown } = record(spec['behavior']);
  return { scaleUp: rulesOf({ ...UP, ...record(scaleUp) }), scaleDown: rulesOf({ ...DOWN, ...record(scaleDown) }) };
}

function rulesOf({ stabilizationWindowSeconds, selectPolicy, policies }: Json): ScalingRules {
  return {
    stabilizationMs: (integer(stabilizationWindowSeconds) * 1000) / COMPRESSION,
    select: selectPolicy === 'Min' || selectPolicy === 'Disabled' ? selectPolicy : 'Max',
    policies: records(policies).map(({ type, value, periodSeconds }): ScalingPolicy => ({
      type: type === 'Pods' ? 'Pods' : 'Percent',
      value: integer(value),
      periodMs: (integer(periodSeconds) * 1000) / COMPRESSION,
    })),
  };
}

export interface ResourceMetric {
  readonly resource: 'cpu' | 'memory';
  readonly target: MetricTarget;
}

/** One metric of the spec, or why it is not served here. */
export function metricOf(metric: Json): ResourceMetric | { readonly error: string } {
  const { name, target } = record(metric['resource']);
  if (metric['type'] !== 'Resource' || (name !== 'cpu' && name !== 'memory')) {
    return {
      error: `the rehearsal measures the resources cpu and memory only, not ${text(metric['type'])} ${text(name)}`,
    };
  }
  const { type, averageUtilization, averageValue } = record(target);
  if (type === 'Utilization' && integer(averageUtilization) > 0) {
    return { resource: name, target: { type, value: integer(averageUtilization) } };
  }
  if (type === 'AverageValue') {
    const value = numberOf(averageValue);
    if (value !== null && value > 0) return { resource: name, target: { type, value } };
  }
  return { error: `${name} needs a target of type Utilization or AverageValue above 0` };
}

/** A pod for one resource. A CPU figure from before the pod was ready is none. */
export function measuredPod(
  pod: ApiObject,
  resource: ResourceMetric['resource'],
  sampler: UsageSampler,
  now: number,
): MeasuredPod {
  const { phase, startTime, conditions } = record(pod['status']);
  const containers = records(record(pod['spec'])['containers']);
  const usages = containers.map((container) => sampler.usageOf(text(pod.metadata.uid), text(container['name'])));
  const requests = containers.map((container) => record(record(container['resources'])['requests'])[resource]);
  const condition = records(conditions).find(({ type }) => type === 'Ready');
  const readySince = Date.parse(String(condition?.['lastTransitionTime']));
  const isStarting =
    now < Date.parse(String(startTime)) + INITIALIZATION_MS &&
    usages.some((usage) => usage !== undefined && usage.at.getTime() - usage.windowMs < readySince);
  const isReady = condition?.['status'] === 'True' && !isStarting;
  const known = usages.flatMap((usage) => usage ?? []);
  return {
    name: pod.metadata.name ?? '',
    usage:
      known.length === containers.length
        ? known.reduce((sum, usage) => sum + (resource === 'cpu' ? usage.cpu : usage.memoryBytes), 0)
        : null,
    request: sumOf(requests),
    ready: phase !== 'Pending' && (resource === 'memory' || isReady),
    leaving: phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined,
  };
}

function sumOf(values: readonly unknown[]): number | null {
  if (values.some((value) => numberOf(value) === null)) return null;
  return quantityToNumber(addQuantities(values.map(parseQuantity)));
}

function numberOf(value: unknown): number | null {
  try {
    return quantityToNumber(parseQuantity(value));
  } catch {
    return null;
  }
}
