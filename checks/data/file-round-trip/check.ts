import { endpoint } from '../../contract/param-schemas.ts';
import { defineCheck, type FromSchema, type JSONSchema } from '../../kit/define-check.ts';
import { login } from '../../protocols/api-requests.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { judge, messages } from './judge.ts';
import { roundTrip } from './round-trip.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'login'],
  properties: {
    endpoint,
    login,
    path: {
      type: 'string',
      pattern: '^/.*[^/]$',
      default: '/api/v1/files',
      description: 'Path below which PUT, GET and DELETE of a name write, read and remove a file.',
    },
    bytes: {
      type: 'integer',
      minimum: 1024,
      maximum: 1_000_000,
      default: 65_536,
      description: 'Size of the file that is written.',
    },
    etag: {
      type: 'string',
      enum: ['sha256', 'any'],
      default: 'any',
      description: 'What the header ETag must be: the SHA-256 of the file in hexadecimal digits, or anything and none.',
    },
    escapes: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', minLength: 1, description: 'A name, encoded as in a URL.' },
      default: ['..%2f..%2fgolive-escape-', '%2e%2e%5cgolive-escape-'],
      description:
        'Beginnings of names that would leave the storage; a random end is put to each. Writing one must be refused with a 4xx.',
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const fileRoundTrip = defineCheck({
  meta: {
    kind: 'data/file-round-trip',
    title: 'The file storage reads back what was written',
    why: 'A storage that truncates, re-encodes or caches answers 200 to everything and loses users’ files.',
    sees: 'Random bytes written, read back and compared by SHA-256, overwritten and read back again, removed and gone; names that would leave the storage refused; and nothing left behind. Not: durability, nor files larger than the one written.',
    needs: ['http'],
    effect: 'mutating',
    mutation: 'apply',
    params,
    messages,
  },
  permissions: ({ login }: Params) => mayReadSecrets([login.credential.password]),
  gather: async (params: Params, { http }) => await roundTrip(params, http),
  judge,
});
