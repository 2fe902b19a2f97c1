/** What an item says of its journey. */
import { duration, endpoint } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';
import { headerPatterns, path, statusCode } from '../../protocols/http-answers.ts';

const status = {
  description: 'Status expected, or the ones that will do.',
  default: 200,
  oneOf: [statusCode, { type: 'array', minItems: 1, items: statusCode }],
} as const;

const request = {
  name: {
    type: 'string',
    minLength: 1,
    description: 'What the step does, in a few words; each step has its own name.',
  },
  method: {
    type: 'string',
    enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'],
    default: 'GET',
    description: 'Method.',
  },
  path: path('Path, and query if any.'),
  json: { type: 'object', description: 'Body, sent as JSON. A member may be a reference to a secret.' },
  body: { type: 'string', description: 'Body, sent as it is; its type is in headers.' },
  headers: headerPatterns('Headers sent.'),
  bearer: {
    type: 'string',
    pattern: '^\\{\\{[A-Za-z]\\w*\\}\\}$',
    description: 'Sent as the token: the name a step saved it by, as {{token}}. Never the token itself.',
  },
} as const;

const step = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'path'],
  not: { required: ['json', 'body'] },
  properties: {
    ...request,
    expect: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'What the answer must be.',
      properties: {
        status,
        headers: headerPatterns('Headers the answer must have; each value is a regular expression.'),
        schema: { type: 'object', description: 'JSON Schema (2020-12) that the answer, which is JSON, must meet.' },
        maxMs: { type: 'integer', minimum: 1, description: 'Milliseconds the answer may take.' },
      },
    },
    save: {
      type: 'object',
      default: {},
      propertyNames: { pattern: '^[A-Za-z]\\w*$' },
      additionalProperties: { type: 'string', minLength: 1 },
      description:
        'Values of the answer that later steps use as {{name}}: name to dotted path, for example id: item.id.',
    },
    until: {
      type: 'object',
      additionalProperties: false,
      required: ['timeout'],
      description: 'Asks again until the answer is as expected.',
      properties: {
        timeout: { ...duration('How long to ask again.', '30s') },
        interval: duration('Time between two answers.', '500ms'),
      },
    },
  },
} as const;

export const params = {
  endpoint,
  steps: {
    type: 'array',
    minItems: 1,
    items: step,
    description:
      'Requests in order; the first answer that is not as expected ends the journey. {{nonce}} is a random marker of this run.',
  },
  cleanup: {
    type: 'array',
    default: [],
    description: 'Requests made at the end whatever happened, each unless a value it needs was never saved.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'path'],
      not: { required: ['json', 'body'] },
      properties: { ...request, status: { ...status, default: [200, 202, 204, 404] } },
    },
  },
  everyAnswer: {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: 'What every answer to a step must have besides: who may answer at all.',
    properties: { headers: headerPatterns('Headers of every answer; each value is a regular expression.') },
  },
  totalTimeout: duration('Longest time that all steps may take together; cleaning up is not counted.', '300s'),
  stepTimeout: duration('Longest time to wait for one answer.', '10s'),
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'endpoint' | 'steps'>;
export type Step = Params['steps'][number];
export type CleanupStep = Params['cleanup'][number];
