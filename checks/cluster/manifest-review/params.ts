import type { ParamsOf } from '../../kit/kind.ts';
import { standardVersion } from '../../workloads/security-context.ts';

export const params = {
  paths: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { type: 'string', minLength: 1, description: 'A file, or a folder whose manifests are read.' },
    description: 'Where the manifests are, below the project folder.',
  },
  rules: {
    type: 'string',
    enum: ['rbac', 'network-policies', 'secrets', 'security-contexts'],
    description: 'What is judged: who may what, who reaches whom, what Secrets hold, what containers may.',
  },
  expected: {
    type: 'array',
    uniqueItems: true,
    default: [],
    items: { type: 'string', pattern: '^[A-Z]\\w+ \\S+$', description: 'For example "Secret shop/database".' },
    description: 'Objects that the manifests must describe.',
  },
  version: standardVersion('The version of the Pod Security Standards, for security-contexts: latest or v1.25.'),
} as const;
export type Params = ParamsOf<typeof params, 'paths' | 'rules'>;
