import { duration, endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';
import { expectParam, requestParams } from '../../load/load.ts';

export const params = {
  namespace: kubernetesName('Namespace of the autoscaler and its Deployment.'),
  autoscaler: kubernetesName('Name of the HorizontalPodAutoscaler.'),
  deployment: kubernetesName('Name of the Deployment it must scale.'),
  endpoint,
  ...requestParams,
  rate: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 50_000,
    description: 'Requests a second: enough to bring the pods over the target of the autoscaler.',
  },
  maxConnections: { type: 'integer', minimum: 1, maximum: 10_000, default: 64, description: 'Connections at most.' },
  requestTimeout: duration('A request without an answer for this long is lost.', '10s'),
  expect: expectParam,
  minSuccess: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.5,
    description: 'Share of the answers that must be 2xx, and as expected, for the load to be what it scales for.',
  },
  upWithin: duration('Longest time until added replicas are ready, from the start of the load.', '5m'),
  downWithin: duration('Longest time until the replicas are back, from the end of the load.', '15m'),
  interval: duration('Time between two looks.', '5s'),
} as const;
export const required = ['namespace', 'autoscaler', 'deployment', 'endpoint', 'path', 'rate'] as const;
export type Params = ParamsOf<typeof params, (typeof required)[number]>;
