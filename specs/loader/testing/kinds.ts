/** Kinds for tests of the loader: small, but with every feature that the loader looks at. */
import { DURATION_PATTERN } from '../../../checks/contract/units.ts';
import { kind, type CheckKind } from '../../../checks/kit/kind.ts';

const messages = { wrong: { says: '{subject}: is wrong, expected right', fix: 'Put it right' } };
const nothing = () => undefined;

const certificate = kind('traffic/tls-certificate', {
  title: 'Certificates are valid',
  why: 'An expired certificate stops every client.',
  sees: ['The certificate each address presents.'],
  not: [],
  needs: ['http'],
  required: ['url'],
  params: {
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
  messages,
  gather: ({ url }) => Promise.resolve(url),
  judge: nothing,
});

const port = kind('traffic/port', {
  title: 'Ports answer',
  why: 'A closed port stops clients.',
  sees: ['One connection.'],
  not: [],
  needs: ['cluster'],
  required: ['port'],
  params: {
    port: { type: 'integer', minimum: 1, maximum: 65535, description: 'The port' },
    namespace: { type: 'string', default: 'default', description: 'The namespace' },
  },
  messages,
  rights: ({ namespace }) => [
    { namespace, groups: [''], resources: ['services'], verbs: ['get'], resourceNames: ['api'] },
  ],
  gather: () => Promise.resolve(0),
  judge: nothing,
});

const closedLoad = kind('load/run', {
  title: 'Load is carried',
  why: 'Launch day has load.',
  sees: ['A load run.'],
  not: [],
  needs: ['load'],
  changes: 'load',
  params: {},
  messages,
  gather: () => Promise.resolve(0),
  judge: nothing,
});

const percentile = kind('load/percentile', {
  title: 'Latency is low',
  why: 'Slow is down.',
  sees: ['A load run.'],
  not: [],
  needs: ['runs'],
  required: ['run'],
  params: { run: { type: 'string', description: 'The load item' } },
  messages,
  gather: ({ run }) => Promise.resolve(run),
  judge: nothing,
});

export const testKinds: ReadonlyMap<string, CheckKind> = new Map(
  [closedLoad, percentile, port, certificate].map((one) => [one.meta.kind, one]),
);
