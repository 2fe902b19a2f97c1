import { namespaceList } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

export const params = {
  namespaces: namespaceList,
  matrix: {
    type: 'array',
    default: [],
    description: 'Who shall reach whom, and who shall not: the declared reachability.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'to', 'port', 'want'],
      properties: {
        from: {
          type: 'string',
          minLength: 1,
          description: 'namespace/pod, namespace/deploy/name, node:name, an address or a CIDR.',
        },
        to: { type: 'string', minLength: 1, description: 'The same, or a Service: namespace/svc/name.' },
        port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'The port of the target.' },
        protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP', description: 'Its protocol.' },
        want: { type: 'string', enum: ['allow', 'deny'], description: 'What shall hold.' },
      },
    },
  },
  openEgress: {
    type: 'array',
    default: [],
    description: 'Policies that may let pods reach everybody in the world, each with the reason why.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['policy', 'reason'],
      properties: {
        policy: { type: 'string', pattern: '^[^/]+/[^/]+$', description: 'namespace/name.' },
        reason: { type: 'string', minLength: 10, description: 'Why it may, in a sentence.' },
      },
    },
  },
} as const;
export type Params = ParamsOf<typeof params, 'namespaces'>;
