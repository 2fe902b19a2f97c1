import { kubernetesName, namespaceList } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;

const who = {
  description: 'Who: a user, a group, or a service account.',
  oneOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['user'],
      properties: {
        user: text('Name of the user.'),
        groups: { type: 'array', items: text('A group.'), description: 'Groups of that user.' },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['group'],
      properties: { group: text('Name of the group: any member of it.') },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['serviceAccount'],
      properties: {
        serviceAccount: {
          type: 'object',
          additionalProperties: false,
          required: ['namespace', 'name'],
          description: 'A service account.',
          properties: { namespace: kubernetesName('Its namespace.'), name: kubernetesName('Its name.') },
        },
      },
    },
  ],
} as const;

const asked = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['subject', 'verb'],
    properties: {
      subject: who,
      verb: text('get, list, create, delete, …'),
      group: { type: 'string', default: '', description: 'API group; empty for the core group.' },
      resource: text('Plural name of the resource; with it a path makes no sense.'),
      subresource: text('Subresource, for example exec.'),
      namespace: kubernetesName('Namespace. Absent: cluster-wide.'),
      name: text('Name of the object. Absent: any.'),
      path: { type: 'string', pattern: '^/', description: 'A path of the API server, instead of a resource.' },
    },
    oneOf: [{ required: ['resource'] }, { required: ['path'] }],
  },
} as const;

export const params = {
  namespaces: {
    ...namespaceList,
    description: 'Namespaces whose role bindings must lead somewhere; those of the cluster are looked at besides.',
  },
  can: { ...asked, description: 'Who may do what: also the positive controls of what nobody may.' },
  cannot: {
    ...asked,
    description: 'Who may not. Each needs somebody of the same kind (user, group, service account) who can.',
  },
  dangling: {
    type: 'array',
    default: [],
    description: 'Bindings that may lead nowhere, each with the reason why.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['binding', 'reason'],
      properties: {
        binding: text('The binding as evidence names it, for example "ClusterRoleBinding legacy".'),
        reason: { type: 'string', minLength: 10, description: 'Why it may, in a sentence.' },
      },
    },
  },
} as const;
export type Params = ParamsOf<typeof params, 'namespaces' | 'can' | 'cannot'>;
export type Asked = Params['can'][number];
