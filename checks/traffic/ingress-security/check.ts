import { ObservationError } from '../../contract/capabilities.ts';
import type { ClusterReader, KubeObject, ResourceType } from '../../contract/cluster.ts';
import type { HttpClient } from '../../contract/http.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { HTTP_ROUTES } from '../../protocols/http-route.ts';
import { mayList, nameOf } from '../../protocols/kubernetes.ts';
import { GATEWAYS, INGRESSES } from '../../protocols/load-balancers.ts';
import { judge, messages, type Asked, type HostAnswers, type Seen } from './judge.ts';
import { gatewayHosts, ingressHosts, listenersOf, snippetsOf, type HostSeen } from './objects.ts';
import { params, type Params } from './params.ts';

export const ingressSecurity = kind('traffic/ingress-security', {
  title: 'Ingresses and Gateways enforce TLS and carry no unsafe settings',
  why: 'An Ingress whose certificate is missing looks healthy, and a route that is attached to every listener serves passwords in the clear.',
  sees: [
    'TLS on every host of every Ingress and HTTPRoute, no wildcard hosts, and each listener with TLS in force.',
    'Annotations that put text into the configuration of a controller.',
    'Each named host asked with and without TLS: its certificate, Strict-Transport-Security, a redirect to https.',
  ],
  not: [
    'Settings of the controller itself.',
    'Routes of other kinds than HTTPRoute.',
    'Hosts that a wildcard stands for: nobody knows their names.',
  ],
  needs: ['cluster', 'http'],
  params,
  required: ['namespaces'],
  messages,
  rights: ({ namespaces }) => [
    ...namespaces.flatMap((namespace) => mayList([INGRESSES, GATEWAYS], namespace)),
    ...mayList([HTTP_ROUTES]),
  ],

  async gather(given, { cluster, http }, { fresh }): Promise<Seen> {
    const { namespaces } = given;
    const list = async (type: ResourceType) =>
      (await Promise.all(namespaces.map((namespace) => listed(cluster, type, fresh, namespace)))).flat();
    const [ingresses, gateways, routes] = await Promise.all([
      list(INGRESSES),
      list(GATEWAYS),
      listed(cluster, HTTP_ROUTES, fresh),
    ]);
    const hosts = [...ingresses.flatMap(ingressHosts), ...gateways.flatMap((gateway) => gatewayHosts(gateway, routes))];
    const objects = [
      ...ingresses.map((one) => ({ one, name: nameOf('Ingress', one) })),
      ...gateways.map((one) => ({ one, name: nameOf('Gateway', one) })),
    ];
    return {
      hosts,
      listeners: gateways.flatMap(listenersOf),
      snippets: objects.flatMap(({ one, name }) => snippetsOf(one).map((annotation) => ({ object: name, annotation }))),
      answers: await Promise.all(toAsk(hosts).map((host) => answersOf(host, given, http))),
      objects: objects.map(({ name }) => name),
    };
  },

  judge,
});

/** Nothing where the cluster does not have the kind. */
async function listed(
  cluster: ClusterReader,
  type: ResourceType,
  fresh: boolean,
  namespace?: string,
): Promise<readonly KubeObject[]> {
  try {
    return (await cluster.list(type, { fresh, ...(namespace === undefined ? {} : { namespace }) })).items;
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'not-found') return [];
    throw error;
  }
}

/** Each named host once. */
const toAsk = (hosts: readonly HostSeen[]): readonly HostSeen[] => [
  ...new Map(hosts.filter(({ host }) => host !== '' && !host.startsWith('*')).map((one) => [one.host, one])).values(),
];

async function answersOf(seen: HostSeen, { path, caFile }: Params, http: HttpClient): Promise<HostAnswers> {
  const { host, httpsPort, httpPort, tls } = seen;
  const ask = (scheme: string, port: number): Promise<Asked> =>
    asked(http, {
      url: `${scheme}://${host}:${port}${path}`,
      ...(caFile === undefined ? {} : { caFile }),
      timeoutMs: 8000,
      maxBytes: 4096,
    });
  const [https, plain] = await Promise.all([
    tls && httpsPort !== null ? ask('https', httpsPort) : null,
    httpPort === null ? null : ask('http', httpPort),
  ]);
  return { host, https, http: plain };
}

async function asked(http: HttpClient, request: Parameters<HttpClient['request']>[0]): Promise<Asked> {
  const { seen, refusal } = await attempt(() => http.request(request));
  if (seen) {
    const { status, headers } = seen;
    return { status, location: headers['location'] ?? '', hsts: headers['strict-transport-security'] ?? null };
  }
  const [first = ''] = refusal.message.split('\n');
  if (refusal.code === 'tls') return { untrusted: first };
  if (refusal.code === 'unreachable' && refusal.detail === 'refused') return { closed: first };
  return { refusal };
}
