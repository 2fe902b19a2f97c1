/** What the item asks, and what the answers must be. */
import { duration, endpoint } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';
import { login } from '../../protocols/api-requests.ts';
import { headerPatterns, path, statusCode } from '../../protocols/http-answers.ts';

export const params = {
  endpoint,
  requests: {
    type: 'array',
    minItems: 1,
    description: 'What is asked, in this order, and what the answers must be.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['path'],
      // The kind is read-only, so a POST is for its author to vouch for.
      dependencies: { json: ['method'], body: ['method'] },
      not: { required: ['json', 'body'] },
      if: { required: ['method'], properties: { method: { const: 'POST' } } },
      then: { required: ['changesNothing'] },
      properties: {
        method: { type: 'string', enum: ['GET', 'POST'], description: 'GET is sent when this is absent.' },
        path: path('Path, and query if any.'),
        changesNothing: {
          const: true,
          description:
            'Required with POST: this request stores and triggers nothing (a query, an inference, a refused one).',
        },
        json: { type: 'object', description: 'Body, sent as JSON.' },
        body: {
          type: 'string',
          description: 'Body, sent as it is and said to be JSON, instead of json: for one that is none.',
        },
        authenticated: { type: 'boolean', default: false, description: 'Sent with the token of params.login.' },
        status: { ...statusCode, default: 200, description: 'Status expected.' },
        schema: {
          type: 'object',
          description: 'JSON Schema (2020-12) the answer, a JSON type, must meet. Absent: any body.',
        },
        headers: headerPatterns('Headers the answer must have; each value is a regular expression.'),
        samples: {
          type: 'integer',
          minimum: 1,
          maximum: 1000,
          default: 1,
          description: 'How often it is asked, one after the other; every answer must be right.',
        },
        maxMs: {
          type: 'integer',
          minimum: 1,
          description: 'Milliseconds that the 95th percentile of the samples may take; of fewer than 20 the slowest.',
        },
      },
    },
  },
  maxLatency: duration('Longest time an answer may take, connecting included.', '2s'),
  login,
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'endpoint' | 'requests'>;
export type Request = Params['requests'][number];
