import { isIP } from 'node:net';
import type { ClusterReader, KubeObject } from '../../contract/cluster.ts';
import type { HttpClient } from '../../contract/http.ts';
import { endpoint } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { ENDPOINT_SLICES, mayList, readList } from '../../protocols/kubernetes.ts';
import {
  addressesOf,
  balancerName,
  conditionsOf,
  HTTP_ROUTES,
  isRouteOf,
  loadBalancer,
  mayGetBalancer,
  readBalancer,
} from '../../protocols/load-balancers.ts';
import { judge, messages, type Gathered, type Request } from './judge.ts';
import { backendsOf, requestsOf, routeFacts } from './objects.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['loadBalancer'],
  properties: {
    loadBalancer,
    endpoints: {
      type: 'array',
      default: [],
      items: endpoint,
      description: 'More addresses to ask at, for a Service that has no host names: ${environment.endpoints.NAME}.',
    },
    path: { type: 'string', pattern: '^/', default: '/health', description: 'What each host name is asked for.' },
    status: { type: 'integer', minimum: 100, maximum: 599, default: 200, description: 'Status expected.' },
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Headers by which the platform is known in the answer; each value is a regular expression.',
    },
    caFile: { type: 'string', minLength: 1, description: 'PEM file of the CA to trust besides those of the system.' },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const loadBalancerCheck = defineCheck({
  meta: {
    kind: 'traffic/load-balancer',
    title: 'The load balancer is programmed, and leads every host name to ready backends',
    why: 'Routes that are accepted on paper and lead nowhere are found by the first user.',
    sees: 'Address and conditions of the Gateway (or Ingress, or Service) at its current generation, each HTTPRoute, ready endpoints behind every weight above 0, and the answer to each host name at the address itself. Not: the health checks inside a cloud load balancer.',
    needs: ['cluster', 'http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ loadBalancer }: Params) => [
    mayGetBalancer(loadBalancer),
    ...(loadBalancer.kind === 'Gateway' ? mayList([HTTP_ROUTES], loadBalancer.namespace) : []),
    ...mayList([ENDPOINT_SLICES], loadBalancer.namespace),
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  { cluster, http }: Pick<Capabilities, 'cluster' | 'http'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  const { kind, namespace } = params.loadBalancer;
  for (const pattern of Object.values(params.headers)) compiled(pattern);
  const object = await readBalancer(cluster, params.loadBalancer);
  const routes = kind === 'Gateway' ? await routesOf(params, cluster, fresh) : [];
  const { items: slices } = await readList(cluster, ENDPOINT_SLICES, { namespace, fresh });
  const addresses = addressesOf(kind, object);
  return {
    name: balancerName(params.loadBalancer),
    generation: object.metadata.generation ?? null,
    addresses,
    conditions: kind === 'Gateway' ? conditionsOf(object['status']) : null,
    routes: routes.map((route) => routeFacts(route, params.loadBalancer)),
    backends: backendsOf(kind, object, routes).map(({ from, service }) => ({
      from,
      service: `Service ${namespace}/${service}`,
      ready: endpointsOf(
        slices.filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === service),
      ).filter((one) => one.ready && !one.terminating).length,
    })),
    requests: await askAll(params, requestsOf(kind, object, routes, params), addresses, http),
  };
}

function compiled(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new ObservationError('misconfigured', `A header pattern of the item is no regular expression: ${pattern}`, {
      fix: 'Correct headers in the item.',
      cause: error,
    });
  }
}

async function routesOf(
  { loadBalancer }: Params,
  cluster: ClusterReader,
  fresh: boolean,
): Promise<readonly KubeObject[]> {
  const { items } = await readList(cluster, HTTP_ROUTES, { namespace: loadBalancer.namespace, fresh });
  return items.filter((route) => isRouteOf(route, loadBalancer));
}

/** Each URL at each address; an address that is a host name is left to DNS. */
async function askAll(
  { path, caFile }: Params,
  urls: readonly { readonly url: string; readonly caFile?: string }[],
  addresses: readonly string[],
  http: HttpClient,
): Promise<Request[]> {
  const requests: Request[] = [];
  for (const { url, caFile: own } of urls) {
    for (const address of addresses) {
      const trusted = own ?? caFile;
      const target = {
        url: `${url.replace(/\/$/, '')}${path}`,
        ...(isIP(address) === 0 ? {} : { address }),
        ...(trusted === undefined ? {} : { caFile: trusted }),
      };
      requests.push({ url: target.url, address, ...(await unlessDown(http, target)) });
    }
  }
  return requests;
}

async function unlessDown(
  http: HttpClient,
  target: Parameters<HttpClient['request']>[0],
): Promise<Pick<Request, 'answer' | 'why'>> {
  try {
    const { status, headers, ms } = await http.request(target);
    return { answer: { status, headers, ms } };
  } catch (error) {
    if (error instanceof ObservationError && ['unreachable', 'timeout'].includes(error.code))
      return { answer: null, why: error.message };
    throw error;
  }
}
