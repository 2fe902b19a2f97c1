import { endpoint } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';
import { login } from '../../protocols/api-requests.ts';

export const params = {
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
} as const;
export type Params = ParamsOf<typeof params, 'endpoint' | 'login'>;
