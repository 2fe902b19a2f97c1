/** What pods use, by the metrics API, and what they requested. */
import type { ClusterReader, KubeObject } from '../contract/cluster.ts';
import type { ResourceSample, ResourceSeries } from '../contract/load.ts';
import { ObservationError } from '../contract/capabilities.ts';
import type { Permission } from '../contract/plan.ts';
import { parseQuantity, QuantityError, quantityToNumber } from '../../k8s/semantics/quantity.ts';
import { at, listAt, numberAt, textAt } from '../contract/json.ts';
import { mayList, nameOf, PODS } from './kubernetes.ts';

export const POD_METRICS = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', resource: 'pods' } as const;

/** Pods by labels: those that any of the selectors finds. */
export interface PodSelection {
  readonly namespace: string;
  readonly selectors: readonly string[];
}

const SCALERS = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
} as const;

export const mayReadPodUse = (namespace: string): Permission[] => mayList([PODS, POD_METRICS, SCALERS], namespace);

/** What the pods use now and what they requested; pods that have ended are left out. */
export async function readPodUse(
  cluster: ClusterReader,
  { namespace, selectors }: PodSelection,
): Promise<ResourceSeries> {
  const [scalers, ...found] = await Promise.all([
    cluster.list(SCALERS, { namespace, fresh: true }),
    ...selectors.map(async (selector) => {
      const options = { namespace, labelSelector: selector, fresh: true };
      const [metrics, pods] = await Promise.all([cluster.list(POD_METRICS, options), cluster.list(PODS, options)]);
      return {
        samples: metrics.items.map(sampleOf),
        requests: pods.items.filter(isAlive).map((pod) => podFacts(pod, selectors.length > 1 ? selector : undefined)),
      };
    }),
  ]);
  return {
    namespace,
    samples: found.flatMap(({ samples }) => samples),
    requests: found.flatMap(({ requests }) => requests),
    scalers: scalers.items.map((scaler) => ({
      name: nameOf('HorizontalPodAutoscaler', scaler),
      current: numberAt(scaler, 'status', 'currentReplicas') || 0,
      desired: numberAt(scaler, 'status', 'desiredReplicas') || 0,
    })),
  };
}

function podFacts(pod: KubeObject, group: string | undefined): ResourceSeries['requests'][number] {
  const restarts = listAt(pod, 'status', 'containerStatuses').map((status) => numberAt(status, 'restartCount'));
  const [limitCpu, limitMemory] = [amountOf(pod, 'cpu', 'limits'), amountOf(pod, 'memory', 'limits')];
  return {
    pod: pod.metadata.name,
    cpu: amountOf(pod, 'cpu', 'requests'),
    memoryBytes: amountOf(pod, 'memory', 'requests'),
    limits: { cpu: limitCpu, memoryBytes: limitMemory },
    restarts: restarts.reduce((sum, count) => sum + (Number.isFinite(count) ? count : 0), 0),
    ...(group === undefined ? {} : { group }),
    ...(pod.metadata.creationTimestamp === undefined ? {} : { createdAt: pod.metadata.creationTimestamp }),
  };
}

const isAlive = (pod: KubeObject): boolean => !['Succeeded', 'Failed'].includes(textAt(pod, '', 'status', 'phase'));

function sampleOf(metrics: KubeObject): ResourceSample {
  const end = textAt(metrics, '', 'timestamp');
  const windowMs = goDurationMs(textAt(metrics, '', 'window'));
  const containers = listAt(metrics, 'containers');
  if (Number.isNaN(Date.parse(end)) || windowMs === null || containers.length === 0)
    throw new ObservationError('protocol', `${nameOf('PodMetrics', metrics)} has no timestamp, window or containers`);
  const sum = (resource: string): number =>
    containers.reduce<number>((total, one) => total + quantityOf(metrics, at(one, 'usage', resource)), 0);
  return { at: end, windowMs, pod: metrics.metadata.name, cpu: sum('cpu'), memoryBytes: sum('memory') };
}

/**
 * Requests, or limits, of the whole pod: its own where it states some (pod-level resources), else those of its containers and of the sidecars among its
 * init containers; null when one of them has none.
 */
function amountOf(pod: KubeObject, resource: 'cpu' | 'memory', of: 'requests' | 'limits'): number | null {
  const own = at(pod, 'spec', 'resources', of, resource);
  if (own !== undefined) return quantityOf(pod, own);
  const sidecars = listAt(pod, 'spec', 'initContainers').filter((one) => at(one, 'restartPolicy') === 'Always');
  const requests = [...listAt(pod, 'spec', 'containers'), ...sidecars].map((container) =>
    at(container, 'resources', of, resource),
  );
  if (requests.length === 0 || requests.some((request) => request === undefined)) return null;
  return requests.reduce<number>((total, request) => total + quantityOf(pod, request), 0);
}

function quantityOf(object: KubeObject, value: unknown): number {
  try {
    return quantityToNumber(parseQuantity(value));
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new ObservationError('protocol', `${object.metadata.name}: ${error.message}`, { cause: error });
  }
}

const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 1e-6,
};

/** A duration as Go writes it (`15s`, `1m0.5s`, `0`), or null. */
export function goDurationMs(text: string): number | null {
  if (text === '0') return 0;
  if (!/^([0-9.]+(h|ms|us|µs|ns|m|s))+$/.test(text)) return null;
  const parts = [...text.matchAll(/([0-9.]+)(h|ms|us|µs|ns|m|s)/g)];
  return parts.reduce((sum, [, number = '0', unit = '']) => sum + Number(number) * (UNITS[unit] ?? NaN), 0);
}
