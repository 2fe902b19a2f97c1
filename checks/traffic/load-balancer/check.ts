import { isIP } from 'node:net';
import type { ClusterReader } from '../../contract/cluster.ts';
import type { HttpClient } from '../../contract/http.ts';
import { endpoint } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { addressOf, unlessDown } from '../../protocols/api-requests.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { headerPatterns, path, refuseBadExpectations, statusCode } from '../../protocols/http-answers.ts';
import { HTTP_ROUTES } from '../../protocols/http-route.ts';
import { ENDPOINT_SLICES, mayList } from '../../protocols/kubernetes.ts';
import {
  addressesOf,
  balancerName,
  conditionsOf,
  loadBalancer,
  mayGetBalancer,
  readBalancer,
  routesOf,
} from '../../protocols/load-balancers.ts';
import { judge, messages, type Request } from './judge.ts';
import { backendsOf, requestsOf, routeFacts, type Backend } from './objects.ts';

export const loadBalancerCheck = kind('traffic/load-balancer', {
  title: 'The load balancer is programmed, and leads every host name to ready backends',
  why: 'Routes that are accepted on paper and lead nowhere are found by the first user.',
  sees: [
    'Address and conditions of the Gateway (or Ingress, or Service) at its current generation.',
    'Each HTTPRoute of any namespace that names the Gateway, and ready endpoints behind every weight above 0, each in its own namespace.',
    'The answer to each host name at the address itself.',
  ],
  not: ['The health checks inside a cloud load balancer.', 'Endpoints of backends that are no Services.'],
  needs: ['cluster', 'http'],
  required: ['loadBalancer'],
  params: {
    loadBalancer,
    endpoints: {
      type: 'array',
      default: [],
      items: endpoint,
      description: 'More addresses to ask at, for a Service that has no host names: ${environment.endpoints.NAME}.',
    },
    path: { ...path('What each host name is asked for.'), default: '/health' },
    status: { ...statusCode, default: 200, description: 'Status expected.' },
    headers: headerPatterns(
      'Headers by which the platform is known in the answer; each value is a regular expression.',
    ),
    caFile: { type: 'string', minLength: 1, description: 'PEM file of the CA to trust besides those of the system.' },
  },
  messages,
  // Routes and what they lead to may stand in any namespace: which ones is known only when the routes have been read.
  rights: ({ loadBalancer: balancer }) => [
    mayGetBalancer(balancer),
    ...(balancer.kind === 'Gateway'
      ? mayList([HTTP_ROUTES, ENDPOINT_SLICES])
      : mayList([ENDPOINT_SLICES], balancer.namespace)),
  ],
  judge,

  async gather(params, { cluster, http }, { fresh }) {
    const { loadBalancer: balancer, caFile } = params;
    const { kind } = balancer;
    refuseBadExpectations(params.path, undefined, Object.values(params.headers));
    const object = await readBalancer(cluster, balancer);
    const routes = kind === 'Gateway' ? await routesOf(cluster, balancer, fresh) : [];
    const backends = [];
    for (const backend of backendsOf(kind, object, routes)) {
      const { from, namespace, name } = backend;
      const ready = backend.kind === 'Service' ? await readyOf(cluster, backend, fresh) : null;
      backends.push({ from, service: `${backend.kind} ${namespace}/${name}`, ready });
    }
    const addresses = addressesOf(kind, object);
    const urls = requestsOf(kind, object, routes, params).map(({ url, caFile: own = caFile }) =>
      addressOf({ url, ...(own === undefined ? {} : { caFile: own }) }, params.path),
    );
    return {
      name: balancerName(balancer),
      generation: object.metadata.generation ?? null,
      addresses,
      conditions: kind === 'Gateway' ? conditionsOf(object['status']) : null,
      routes: routes.map((route) => routeFacts(route, balancer)),
      backends,
      requests: await askAll(urls, addresses, http),
    };
  },
});

async function readyOf(cluster: ClusterReader, { namespace, name }: Backend, fresh: boolean): Promise<number> {
  const { items } = await cluster.list(ENDPOINT_SLICES, { namespace, fresh });
  const own = items.filter(
    ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
  );
  return endpointsOf(own).filter((one) => one.ready && !one.terminating).length;
}

/** Each URL at each address; an address that is a host name is left to DNS. */
async function askAll(
  urls: readonly { readonly url: string; readonly caFile?: string }[],
  addresses: readonly string[],
  http: HttpClient,
): Promise<Request[]> {
  const requests: Request[] = [];
  for (const target of urls)
    for (const address of addresses) {
      const asked = await unlessDown(http.request({ ...target, ...(isIP(address) === 0 ? {} : { address }) }));
      const about = { url: target.url, address };
      if (!asked.answered) requests.push({ ...about, answer: null, why: asked.why });
      else requests.push({ ...about, answer: { status: asked.status, headers: asked.headers, ms: asked.ms } });
    }
  return requests;
}
