import { kubernetesName } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

export const params = {
  namespace: kubernetesName('Namespace of the workloads.'),
  secrets: {
    type: 'array',
    uniqueItems: true,
    items: kubernetesName('Name of a Secret.'),
    description:
      'Secrets the workloads use. The gate may get these by name and no others; a reference to another one cannot be judged.',
  },
  minReferences: {
    type: 'integer',
    minimum: 0,
    default: 1,
    description:
      'References to Secrets there must be at least: a platform that uses none keeps its credentials elsewhere.',
  },
  exemptions: {
    type: 'array',
    default: [],
    description:
      'Values that look like a credential and are none, each with the reason why; one that is not needed is reported.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['subject', 'place', 'reason'],
      properties: {
        subject: {
          type: 'string',
          minLength: 1,
          description: 'What holds it, as the finding names it: "Deployment shop/api", "ConfigMap shop/app".',
        },
        place: {
          type: 'string',
          minLength: 1,
          description: 'Where, as the finding names it: \'data["app.properties"] line 7\'.',
        },
        reason: { type: 'string', minLength: 10, description: 'Why it is no credential, in a sentence.' },
      },
    },
  },
} as const;
export type Params = ParamsOf<typeof params, 'namespace' | 'secrets'>;
