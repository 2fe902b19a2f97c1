import { kubernetesName } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;

export const params = {
  folder: text('Folder of the project that holds the manifests (*.yaml, *.yml, *.json). Templates in it are left out.'),
  resources: {
    type: 'array',
    minItems: 1,
    description:
      'Every type of object in the manifests, by namespace: what the gate gets the right to read and to try to apply.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['apiVersion', 'kind', 'resource'],
      properties: {
        apiVersion: text('For example apps/v1.'),
        kind: text('For example Deployment.'),
        resource: text('Its plural in lower case, for example deployments.'),
        namespace: kubernetesName('Namespace of the objects; absent for types without one.'),
      },
    },
  },
  secrets: {
    type: 'array',
    default: [],
    description:
      'Secrets of the manifests whose keys are compared, by name: the gate gets the right to read these, and shows no value.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'name'],
      properties: { namespace: kubernetesName('Its namespace.'), name: kubernetesName('Its name.') },
    },
  },
  ignore: {
    type: 'array',
    default: [],
    description: 'Fields that may differ, each with the reason: replicas that an autoscaler sets, for example.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'field', 'why'],
      properties: {
        kind: text('Kind of the object.'),
        name: text('Name of the object; absent for all of the kind.'),
        field: text('The field as findings name it, for example spec.replicas; what stands below it is meant too.'),
        why: { type: 'string', minLength: 10, description: 'Why it may differ, in a sentence.' },
      },
    },
  },
} as const;
export type Params = ParamsOf<typeof params, 'folder' | 'resources'>;
