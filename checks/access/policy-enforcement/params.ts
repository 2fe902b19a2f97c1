import { kubernetesName } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';

const target = (description: string) =>
  ({
    type: 'object',
    additionalProperties: false,
    required: ['name', 'port'],
    description,
    properties: {
      name: kubernetesName('Name of the Service.'),
      namespace: kubernetesName('Its namespace, when it is not that of the caller.'),
      port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Port of the Service.' },
    },
  }) as const;

export const params = {
  namespace: kubernetesName('Namespace of the Deployments that call.'),
  probes: {
    type: 'array',
    minItems: 1,
    description: 'Pairs of calls from the same pod: one that policies allow and one that they forbid.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'allowed', 'forbidden'],
      properties: {
        from: kubernetesName('Deployment whose pod calls. It needs curl.'),
        container: kubernetesName('Container of the pod that calls, when it has several.'),
        allowed: target('The Service that must answer: without it silence proves nothing.'),
        forbidden: target('The Service that a policy keeps this caller from. It must be up.'),
      },
    },
  },
  timeoutSeconds: {
    type: 'integer',
    minimum: 1,
    maximum: 10,
    default: 3,
    description: 'Seconds after which a call that nobody answers is given up.',
  },
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'namespace' | 'probes'>;
export type Probe = Params['probes'][number];
export type Target = Probe['allowed'];

/** `shop/db`, as the engine of policies names the Service. */
export const serviceOf = ({ namespace }: Pick<Params, 'namespace'>, { name, namespace: own }: Target): string =>
  `${own ?? namespace}/${name}`;
