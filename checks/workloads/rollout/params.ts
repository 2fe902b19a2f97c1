import { kubernetesName } from '../../contract/param-schemas.ts';
import { DURATION_PATTERN } from '../../contract/units.ts';
import type { ParamsOf } from '../../kit/kind.ts';

const flag = (description: string) => ({ type: 'boolean', default: false, description }) as const;
const names = (item: string, description: string) =>
  ({ type: 'array', uniqueItems: true, default: [], items: kubernetesName(item), description }) as const;

export const params = {
  namespace: kubernetesName('Namespace of the Deployments and Services.'),
  deployments: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: kubernetesName('Name of a Deployment.'),
    description: 'Deployments that must exist and have rolled out.',
  },
  services: names(
    'Name of a Service.',
    'Services that must have ready endpoints, pods of these Deployments and no others.',
  ),
  pods: names('Name of a Pod.', 'Pods that belong to no Deployment and must be ready, too.'),
  mirrors: {
    type: 'object',
    default: {},
    additionalProperties: { type: 'string', minLength: 1 },
    description:
      'Where a webhook points pods instead, by host or by host and path: { ghcr.io: mirror.shop.test/ghcr }; the rest of the path stays.',
  },
  requireDigest: flag('Whether each image of a template must be named by its digest.'),
  maxRestarts: {
    type: 'integer',
    minimum: 0,
    default: 0,
    description: 'Restarts a container of a current pod may have had.',
  },
  restartWindow: {
    type: 'string',
    pattern: DURATION_PATTERN,
    description: 'Restarts count only where the last one is not longer ago than this; absent: all do.',
  },
  restartsOfAll: flag(
    'Whether restarts are judged of every other pod of the namespace as well, whoever it belongs to.',
  ),
  minReplicas: {
    type: 'integer',
    minimum: 1,
    default: 1,
    description: 'Replicas each Deployment must want: one scaled to nothing has rolled out, too.',
  },
} as const;
export type Params = ParamsOf<typeof params, 'namespace' | 'deployments'>;
