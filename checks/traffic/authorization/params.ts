/** Who may make which requests, as the item declares it. */
import { credential, endpoint } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';
import { login } from '../../protocols/api-requests.ts';
import { path, statusCode } from '../../protocols/http-answers.ts';

const subjectNames = (description: string) =>
  ({
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', minLength: 1, description: 'Name of a subject.' },
    description,
  }) as const;
const statuses = (description: string, byDefault: number[]) =>
  ({
    type: 'array',
    minItems: 1,
    items: statusCode,
    default: byDefault,
    description,
  }) as const;

export const params = {
  endpoint,
  subjects: {
    type: 'array',
    minItems: 1,
    description: 'Who asks; "anonymous" is there besides, and sends no token.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'credential'],
      properties: {
        name: {
          type: 'string',
          pattern: '^(?!anonymous$).+',
          description: 'Name of the subject in rules: its role.',
        },
        credential,
      },
    },
  },
  login: {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: 'Where subjects get their tokens.',
    properties: { path: login.properties.path, tokenField: login.properties.tokenField },
  },
  rules: {
    type: 'array',
    minItems: 1,
    description:
      'Requests, and who may make each. Every denial needs somebody who may: nobody would be let in by a broken path.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['path', 'allowed', 'denied'],
      dependencies: { json: ['method'] },
      if: { required: ['method'], properties: { method: { enum: ['POST', 'PUT', 'DELETE'] } } },
      then: { required: ['changesNothing'] },
      properties: {
        method: {
          type: 'string',
          enum: ['GET', 'POST', 'PUT', 'DELETE'],
          description: 'GET is sent when this is absent.',
        },
        path: path('Path, and query if any.'),
        changesNothing: {
          const: true,
          description: 'Required with another method than GET: this request stores and triggers nothing.',
        },
        json: { type: 'object', description: 'Body, sent as JSON.' },
        allowed: { ...subjectNames('Subjects that may: the positive controls.'), minItems: 1 },
        denied: { ...subjectNames('Subjects that may not.'), minItems: 1 },
        allowedStatus: statuses('Statuses that mean it was allowed.', [200]),
        deniedStatus: statuses('Statuses that mean a known subject may not.', [403]),
        anonymousStatus: statuses('Statuses that mean somebody unknown may not.', [401]),
      },
    },
  },
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'endpoint' | 'subjects' | 'rules'>;
export type Rule = Params['rules'][number];

/** Who asks without a token. */
export const ANONYMOUS = 'anonymous';
