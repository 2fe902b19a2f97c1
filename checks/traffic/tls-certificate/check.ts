import { at, listAt, textAt } from '../../contract/json.ts';
import type { TlsTarget } from '../../contract/network.ts';
import { duration } from '../../contract/param-schemas.ts';
import { attempt, kind, type Capabilities } from '../../kit/kind.ts';
import { HTTP_ROUTES } from '../../protocols/http-route.ts';
import { mayList } from '../../protocols/kubernetes.ts';
import {
  addressesOf,
  balancerName,
  loadBalancer,
  mayGetBalancer,
  readBalancer,
  routesOf,
} from '../../protocols/load-balancers.ts';
import { placesOf, placesWithTls, shake, tlsExemptions, tlsServers, withoutTls } from '../../protocols/tls-servers.ts';
import { judge, messages, type Seen } from './judge.ts';

export const tlsCertificate = kind('traffic/tls-certificate', {
  title: 'Certificates are valid for the names that clients use and stay so for a while',
  why: 'A certificate that is wrong or runs out the week after shuts every client out at once, and no health check inside sees it.',
  sees: [
    'The handshake of each declared server, at each of its addresses, and of each host name of the Gateway: chain, name, time left, keys, signatures, version, stapled state.',
  ],
  not: [
    'Revocation, where it is not stapled.',
    'What clients with other trust stores think.',
    'IPv6 addresses, where the machine of the gate has none of its own.',
  ],
  needs: ['cluster', 'tls'],
  params: {
    ...tlsServers,
    exemptions: tlsExemptions('Servers that are declared without TLS on purpose, each with the reason why.', {}),
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
  messages,
  rights: ({ gateway }) =>
    gateway ? [mayGetBalancer({ kind: 'Gateway', ...gateway }), ...mayList([HTTP_ROUTES])] : [],
  judge,

  async gather(params, { cluster, tls }, { fresh }) {
    const { gateway } = params;
    const atGateway = gateway && (await attempt(() => gatewayTargets(gateway, cluster, fresh)));
    const places = await placesWithTls(tls, params);
    for (const { server, target } of atGateway?.seen ?? []) places.push(...(await placesOf(tls, server, target)));
    const seen: Seen[] = [];
    for (const { server, address, target } of places) {
      const serverName = target.serverName ?? target.host;
      seen.push({ server, address, serverName, answer: await shake(tls, target) });
    }
    return {
      seen,
      withoutTls: withoutTls(params),
      gatewayNames: atGateway?.seen?.length ?? null,
      ...(atGateway?.refusal ? { gatewayRefusal: atGateway.refusal } : {}),
    };
  },
});

/** Every host name of the Gateway's HTTPRoutes and listeners, at each of its addresses and TLS ports. A wildcard is no name to ask for. */
async function gatewayTargets(
  { caFile, ...name }: { readonly namespace: string; readonly name: string; readonly caFile?: string },
  cluster: Capabilities['cluster'],
  fresh: boolean,
): Promise<{ readonly server: string; readonly target: TlsTarget }[]> {
  const gateway = { kind: 'Gateway', ...name } as const;
  const object = await readBalancer(cluster, gateway);
  const routes = await routesOf(cluster, gateway, fresh);
  const listeners = listAt(object, 'spec', 'listeners').filter((one) =>
    /^(HTTPS|TLS)$/.test(textAt(one, '', 'protocol')),
  );
  const names = [
    ...listeners.map((one) => at(one, 'hostname')),
    ...routes.flatMap((route) => listAt(route, 'spec', 'hostnames')),
  ];
  const concrete = [...new Set(names)].filter((one): one is string => typeof one === 'string' && !one.startsWith('*'));
  const ports = [...new Set(listeners.map((one) => Number(at(one, 'port'))))];
  return addressesOf('Gateway', object).flatMap((host) =>
    ports.flatMap((port) =>
      concrete.map((serverName) => ({
        server: `${serverName} at ${balancerName(gateway)}`,
        target: { host, port, serverName, ...(caFile === undefined ? {} : { caFile }) },
      })),
    ),
  );
}
