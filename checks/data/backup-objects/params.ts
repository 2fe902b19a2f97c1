import { duration, kubernetesName } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

export const params = {
  cloudNativePg: {
    type: 'array',
    default: [],
    description: 'Clusters of CloudNativePG.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'cluster'],
      properties: {
        namespace: kubernetesName('Namespace of the cluster.'),
        cluster: kubernetesName('Name of the cluster.'),
      },
    },
  },
  velero: {
    type: 'array',
    default: [],
    description: 'Schedules of Velero.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['schedule'],
      properties: {
        namespace: { ...kubernetesName('Namespace of Velero.'), default: 'velero' },
        schedule: kubernetesName('Name of the Schedule.'),
      },
    },
  },
  cronJobs: {
    type: 'array',
    default: [],
    description: 'CronJobs that write a dump.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'name'],
      properties: {
        namespace: kubernetesName('Namespace of the CronJob.'),
        name: kubernetesName('Name of the CronJob.'),
      },
    },
  },
  maxAge: duration('How long ago the newest good backup may have ended.', '26h'),
} as const;
export type Params = ParamsOf<typeof params>;
