import { duration, kubernetesName, store } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

export const params = {
  namespace: kubernetesName('Namespace of the pod.'),
  pod: kubernetesName(
    'The pod that runs the server: the throwaway one has its image, environment, settings and rights, and none of its data.',
  ),
  container: kubernetesName('Name of the container, when the pod has several. It holds pgbackrest and PostgreSQL.'),
  stanza: { type: 'string', pattern: '^[A-Za-z0-9_.-]+$', description: 'The stanza whose newest backup is restored.' },
  store,
  user: { type: 'string', minLength: 1, description: 'Role that asks the restored database, over its socket.' },
  folder: {
    type: 'string',
    pattern: '^(/[A-Za-z0-9_.-]+)+$',
    default: '/tmp/golive-restore',
    description: 'Where the throwaway pod restores to: below a volume with room for the database.',
  },
  repositoryClaims: {
    type: 'array',
    items: kubernetesName('Name of a PersistentVolumeClaim.'),
    default: [],
    description:
      'Claims of that pod that hold the repository; every other one is left out. They must be mountable twice.',
  },
  rto: duration('How long restore and recovery may take, until the database takes sessions.', '30m'),
  rpo: duration('How old the last transaction in the restored database may be, where later ones are missing.', '15m'),
  startWithin: duration('How long the throwaway pod may take to run.', '2m'),
  invariants: {
    type: 'array',
    minItems: 1,
    description: 'Numbers that the restored database must hold.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'query'],
      properties: {
        name: { type: 'string', minLength: 1, description: 'For people: "Orders".' },
        query: {
          type: 'string',
          minLength: 1,
          description: 'SQL that gives one number: "SELECT count(*) FROM orders".',
        },
        atLeast: { type: 'number', description: 'What it must be at the least.' },
        atMost: { type: 'number', description: 'What it must be at the most: 0 orders without a customer.' },
        ofLive: {
          type: 'number',
          exclusiveMinimum: 0,
          maximum: 1,
          description: 'Which share it must be at the least of what the server in use says, asked before: 0.99.',
        },
      },
    },
  },
} as const;
export type Params = ParamsOf<typeof params, 'namespace' | 'pod' | 'stanza' | 'store' | 'user' | 'invariants'>;
