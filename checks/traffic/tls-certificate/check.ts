import type { TlsTarget } from '../../contract/network.ts';
import { duration } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { mayList, readList } from '../../protocols/kubernetes.ts';
import {
  addressesOf,
  HTTP_ROUTES,
  isRouteOf,
  loadBalancer,
  mayGetBalancer,
  readBalancer,
  type LoadBalancer,
} from '../../protocols/load-balancers.ts';
import { addressOf, serversOf, shake, tlsServers } from '../../protocols/tls-servers.ts';
import { judge, messages, type Gathered, type Seen } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...tlsServers,
    exemptions: {
      type: 'array',
      default: [],
      description: 'Servers that are declared without TLS on purpose, each with the reason why.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['server', 'reason'],
        properties: {
          server: {
            type: 'string',
            minLength: 1,
            description: 'As evidence names it: "endpoint metrics", "store postgres".',
          },
          reason: { type: 'string', minLength: 10, description: 'Why it may do without, in a sentence.' },
        },
      },
    },
    gateway: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'name'],
      description:
        'A Gateway: every host name of its HTTPRoutes is asked for at its address, whether an endpoint names it or not.',
      properties: {
        namespace: loadBalancer.properties.namespace,
        name: loadBalancer.properties.name,
        caFile: {
          type: 'string',
          minLength: 1,
          description: 'PEM file of the CA to trust besides those of the system.',
        },
      },
    },
    minValidity: duration('How long a certificate must still be valid at least.', '30d'),
    minRsaBits: { type: 'integer', minimum: 1024, default: 2048, description: 'Smallest RSA key, in bits.' },
    minEcBits: { type: 'integer', minimum: 160, default: 256, description: 'Smallest curve, in bits.' },
    minProtocol: {
      type: 'string',
      enum: ['TLSv1.2', 'TLSv1.3'],
      default: 'TLSv1.3',
      description: 'Version that the handshake must end with at least.',
    },
    requireOcspStapling: {
      type: 'boolean',
      default: false,
      description: 'The server must send the state of its certificate with it.',
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const tlsCertificate = defineCheck({
  meta: {
    kind: 'traffic/tls-certificate',
    title: 'Certificates are valid for the names that clients use and stay so for a while',
    why: 'A certificate that is wrong or runs out the week after shuts every client out at once, and no health check inside sees it.',
    sees: 'The handshake of each declared server and of each host name of the Gateway: chain, name, time left, keys, signatures, version, stapled state. Not: revocation, where it is not stapled, and what clients with other trust stores think.',
    needs: ['cluster', 'tls'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ gateway }: Params) =>
    gateway ? [mayGetBalancer(balancerOf(gateway)), ...mayList([HTTP_ROUTES], gateway.namespace)] : [],
  gather,
  judge,
});

async function gather(
  params: Params,
  { cluster, tls }: Pick<Capabilities, 'cluster' | 'tls'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  const servers = serversOf(params);
  const fromGateway = params.gateway ? await gatewayTargets(params.gateway, cluster, fresh) : [];
  const targets = [...servers.flatMap(({ name, target }) => (target ? [{ name, target }] : [])), ...fromGateway];
  const seen: Seen[] = [];
  for (const { name, target } of targets)
    seen.push({
      server: name,
      address: addressOf(target),
      serverName: target.serverName ?? target.host,
      answer: await shake(tls, target),
    });
  return {
    seen,
    withoutTls: servers.flatMap(({ name, declared }) => (declared === undefined ? [] : [{ server: name, declared }])),
    gatewayNames: params.gateway ? fromGateway.length : null,
  };
}

const balancerOf = ({ namespace, name }: { namespace: string; name: string }): LoadBalancer => ({
  kind: 'Gateway',
  namespace,
  name,
});

/** Every host name of the Gateway's HTTPRoutes and listeners, at each of its addresses and TLS ports. A wildcard is no name to ask for. */
async function gatewayTargets(
  declared: NonNullable<Params['gateway']>,
  cluster: Capabilities['cluster'],
  fresh: boolean,
): Promise<{ readonly name: string; readonly target: TlsTarget }[]> {
  const gateway = await readBalancer(cluster, balancerOf(declared));
  const { items } = await readList(cluster, HTTP_ROUTES, { namespace: declared.namespace, fresh });
  const routes = items.filter((route) => isRouteOf(route, balancerOf(declared)));
  const listeners = listAt(gateway, 'spec', 'listeners').filter((one) =>
    /^(HTTPS|TLS)$/.test(textAt(one, '', 'protocol')),
  );
  const names = [
    ...listeners.map((one) => at(one, 'hostname')),
    ...routes.flatMap((route) => listAt(route, 'spec', 'hostnames')),
  ];
  const concrete = [...new Set(names)].filter((one): one is string => typeof one === 'string' && !one.startsWith('*'));
  return addressesOf('Gateway', gateway).flatMap((host) =>
    [...new Set(listeners.map((one) => Number(at(one, 'port'))))].flatMap((port) =>
      concrete.map((serverName) => ({
        name: `${serverName} at Gateway ${declared.namespace}/${declared.name}`,
        target: { host, port, serverName, ...(declared.caFile === undefined ? {} : { caFile: declared.caFile }) },
      })),
    ),
  );
}
