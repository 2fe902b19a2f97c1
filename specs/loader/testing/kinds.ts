/** Kinds for tests of the loader: small, but with every feature that the loader looks at. */
import { DURATION_PATTERN } from '../../../checks/contract/units.ts';
import { defineCheck, type CheckKind, type FromSchema, type JSONSchema } from '../../../checks/kit/define-check.ts';

const certificateParams = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: { type: 'string', pattern: '^https?://', description: 'http:// or https://' },
    minValidity: {
      type: 'string',
      pattern: DURATION_PATTERN,
      default: '30d',
      description: 'How long it must still be valid',
    },
    minProtocol: {
      enum: ['TLSv1.2', 'TLSv1.3'],
      default: 'TLSv1.3',
      description: 'The lowest protocol that is accepted',
    },
    limits: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { depth: { type: 'integer', minimum: 1, default: 5, description: 'Longest chain' } },
      description: 'What else is held',
    },
  },
} as const satisfies JSONSchema;

const portParams = {
  type: 'object',
  additionalProperties: false,
  required: ['port'],
  properties: {
    port: { type: 'integer', minimum: 1, maximum: 65535, description: 'The port' },
    namespace: { type: 'string', default: 'default', description: 'The namespace' },
  },
} as const satisfies JSONSchema;

const runParams = {
  type: 'object',
  additionalProperties: false,
  required: ['run'],
  properties: { run: { type: 'string', description: 'The load item' } },
} as const satisfies JSONSchema;

const none = { type: 'object', additionalProperties: false, properties: {} } as const satisfies JSONSchema;

const nothing = { outcome: 'inconclusive', reason: 'no-subjects', why: 'nothing there', evidence: [] } as const;
const messages = { wrong: { says: '{subject}: is wrong, expected right', fix: 'Put it right' } };

const certificate = defineCheck({
  meta: {
    kind: 'traffic/tls-certificate',
    title: 'Certificates are valid',
    why: 'An expired certificate stops every client.',
    sees: 'The certificate each address presents.',
    needs: ['http'],
    effect: 'read-only',
    params: certificateParams,
    messages,
  },
  permissions: () => [],
  gather: (params: FromSchema<typeof certificateParams>) => Promise.resolve(params.url),
  judge: () => nothing,
});

const port = defineCheck({
  meta: {
    kind: 'traffic/port',
    title: 'Ports answer',
    why: 'A closed port stops clients.',
    sees: 'One connection.',
    needs: ['cluster'],
    effect: 'read-only',
    params: portParams,
    messages,
  },
  permissions: (params: FromSchema<typeof portParams>) => [
    { namespace: params.namespace, groups: [''], resources: ['services'], verbs: ['get'], resourceNames: ['api'] },
  ],
  gather: () => Promise.resolve(0),
  judge: () => nothing,
});

const closedLoad = defineCheck({
  meta: {
    kind: 'load/run',
    title: 'Load is carried',
    why: 'Launch day has load.',
    sees: 'A load run.',
    needs: ['load'],
    effect: 'mutating',
    mutation: 'load',
    params: none,
    messages,
  },
  permissions: () => [],
  gather: () => Promise.resolve(0),
  judge: () => nothing,
});

const percentile = defineCheck({
  meta: {
    kind: 'load/percentile',
    title: 'Latency is low',
    why: 'Slow is down.',
    sees: 'A load run.',
    needs: ['runs'],
    effect: 'read-only',
    params: runParams,
    messages,
  },
  permissions: () => [],
  gather: (params: FromSchema<typeof runParams>) => Promise.resolve(params.run),
  judge: () => nothing,
});

export const testKinds: ReadonlyMap<string, CheckKind> = new Map(
  [closedLoad, percentile, port, certificate].map((kind) => [kind.meta.kind, kind]),
);
