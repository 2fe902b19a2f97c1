import { duration, namespaceList } from '../../contract/param-schemas.ts';
import { path } from '../../protocols/http-answers.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';

export const ALLOWANCES = ['plaintext', 'no HSTS', 'wildcard'] as const;

export const params = {
  namespaces: { ...namespaceList, description: 'Namespaces whose Ingresses, Gateways and HTTPRoutes are judged.' },
  path: { ...path('What each host is asked for.'), default: '/' },
  minHstsAge: duration('How long browsers must remember to come with TLS only, at least.', '180d'),
  caFile: { type: 'string', minLength: 1, description: 'PEM file of the CA to trust besides those of the system.' },
  exemptions: {
    type: 'array',
    default: [],
    description: 'Hosts that may deviate, each with the reason why.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['host', 'allows', 'reason'],
      properties: {
        host: {
          type: 'string',
          minLength: 1,
          description: 'The host name, as rules have it; * for rules without one.',
        },
        allows: { type: 'string', enum: ALLOWANCES, description: 'What it may.' },
        reason: { type: 'string', minLength: 10, description: 'Why it may, in a sentence.' },
      },
    },
  },
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'namespaces'>;
