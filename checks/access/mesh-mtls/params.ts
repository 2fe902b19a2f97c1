import { kubernetesName, namespaceList } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';

export const params = {
  namespaces: namespaceList,
  istioNamespace: {
    ...kubernetesName('Root namespace of Istio: its policies hold for the whole mesh.'),
    default: 'istio-system',
  },
  linkerdNamespace: { ...kubernetesName('Namespace of the control plane of Linkerd.'), default: 'linkerd' },
  exemptions: {
    type: 'array',
    default: [],
    description: 'Pods and ports that may take plaintext, each with the reason why.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['pods', 'reason'],
      properties: {
        pods: {
          type: 'string',
          pattern: '^[^/]+/[^/]+$',
          description: 'namespace/name of a pod; a * at its end stands for the rest of a name.',
        },
        port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'One port of theirs; absent: all.' },
        reason: { type: 'string', minLength: 10, description: 'Why they may, in a sentence.' },
      },
    },
  },
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'namespaces'>;
