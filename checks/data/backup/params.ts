import { duration, kubernetesName, store } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

export const params = {
  namespace: kubernetesName('Namespace of the pod.'),
  pod: kubernetesName('Name of the pod in which pgbackrest is run, for example postgres-primary-0.'),
  container: kubernetesName('Name of the container, when the pod has several.'),
  stanza: {
    type: 'string',
    pattern: '^[A-Za-z0-9_.-]+$',
    description: 'The stanza to judge. Absent: every stanza of the repository.',
  },
  repositories: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { type: 'integer', minimum: 1 },
    description:
      'Keys of the repositories that must hold a recent backup, 2 for repo2. Absent: each that holds a backup at all.',
  },
  store,
  maxAge: duration('How long ago the newest backup may have ended.', '26h'),
  minSize: {
    type: 'integer',
    minimum: 1,
    default: 1_000_000,
    description: 'Size in bytes that the database of the newest backup must have at least.',
  },
  requireEncryption: {
    type: 'boolean',
    default: false,
    description: 'Whether pgBackRest must encrypt the repository (repo-cipher-type).',
  },
  maxUnarchivedSegments: {
    type: 'integer',
    minimum: 1,
    default: 64,
    description: 'How many WAL segments may have been written since the one archived last.',
  },
} as const;
export type Params = ParamsOf<typeof params, 'namespace' | 'pod' | 'store'>;
