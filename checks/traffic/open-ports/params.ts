import { endpoint, namespaceList } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';

const ports = (description: string) =>
  ({
    type: 'array',
    uniqueItems: true,
    default: [],
    items: { type: 'integer', minimum: 1, maximum: 65_535, description: 'A TCP port.' },
    description,
  }) as const;

export const params = {
  targets: {
    type: 'array',
    minItems: 1,
    description: 'Hosts as seen from where the gate runs, each at every address that its name has.',
    items: {
      type: 'object',
      additionalProperties: false,
      anyOf: [{ required: ['endpoint'] }, { required: ['host'] }],
      properties: {
        endpoint: { ...endpoint, description: 'Its host, and its port as one that must answer.' },
        host: { type: 'string', minLength: 1, description: 'A host name or address, where it is no endpoint.' },
        open: ports('Ports that must answer.'),
        closed: ports('Ports that must not.'),
        control: {
          type: 'string',
          minLength: 1,
          description:
            'For a host none of whose ports may answer: another target, in the same network, whose open port shows that the way there is open.',
        },
      },
    },
  },
  nodePortsOf: {
    ...namespaceList,
    description: 'Namespaces whose Services have no node port that answers on any target, unless it is listed as open.',
  },
  timeoutSeconds: {
    type: 'integer',
    minimum: 1,
    maximum: 8,
    default: 3,
    description: 'Seconds after which a port that says nothing counts as silent.',
  },
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, 'targets' | 'nodePortsOf'>;
export type Target = Params['targets'][number];

/** The host of a target. */
export const hostOf = ({ endpoint: at, host }: Target): string =>
  at === undefined ? (host ?? '') : new URL(at.url).hostname.replace(/^\[|\]$/g, '');

/** Ports that must answer: those listed, and the endpoint's own. */
export function openPorts({ endpoint: at, open }: Target): readonly number[] {
  if (at === undefined) return open;
  const { port, protocol } = new URL(at.url);
  return [...new Set([port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port), ...open])];
}
