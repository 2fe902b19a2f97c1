import { duration, endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';
import { expectParam, generatorLimits } from '../../load/load.ts';

const share = (description: string, byDefault: number) =>
  ({ type: 'number', minimum: 0, maximum: 1, default: byDefault, description }) as const;

export const required = ['namespace', 'deployment', 'endpoint', 'path', 'rate'] as const;
export const params = {
  namespace: kubernetesName('Namespace of the Deployment.'),
  deployment: kubernetesName('Deployment of which one pod is deleted.'),
  labels: {
    type: 'object',
    minProperties: 1,
    additionalProperties: { type: 'string' },
    description: 'Labels that the pod must have besides those of the Deployment: { app.kubernetes.io/component: api }.',
  },
  gracePeriodSeconds: {
    type: 'integer',
    minimum: 0,
    maximum: 3600,
    description:
      'How long the pod is given to end: 0 takes it away at once (kubectl delete --grace-period=0 --force), as a node that dies would. Absent: as long as it says itself.',
  },
  endpoint,
  path: { type: 'string', pattern: '^/', description: 'Path, and query if any, that users are played on.' },
  expect: expectParam,
  rate: { type: 'number', exclusiveMinimum: 0, maximum: 50_000, description: 'Requests a second.' },
  maxConnections: { type: 'integer', minimum: 1, maximum: 10_000, default: 64, description: 'Connections at most.' },
  requestTimeout: duration('A request without an answer for this long is lost.', '5s'),
  warmup: duration('How long load runs before the steady state is measured; over its first half the rate rises.', '5s'),
  steadyFor: duration('How long the steady state is measured, before and after.', '30s'),
  replacedWithin: duration('Longest time until the replacement is ready.', '60s'),
  maxErrorRate: share('Share of requests that may fail in the steady state.', 0.01),
  errorBudget: share('Share of requests that may fail from the deletion until the replacement is ready.', 0.01),
  maxP95: duration('Bound of P95 in the steady state.', '2000ms'),
  minRequests: {
    type: 'integer',
    minimum: 1,
    default: 200,
    description: 'Requests each steady state must have had; 200 are needed for a P95.',
  },
  interval: duration('Time between two looks at the pods.', '1s'),
  ...generatorLimits,
} as const;
export type Params = ParamsOf<typeof params, (typeof required)[number]>;
