/** What the objects of a way in say: their routes, their backends and the host names they answer to. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { isSameParent } from '../../protocols/http-route.ts';
import { nameOf } from '../../protocols/kubernetes.ts';
import { conditionsOf, namesGateway, type LoadBalancer } from '../../protocols/load-balancers.ts';
import type { RouteFacts } from './judge.ts';

type Kind = LoadBalancer['kind'];

/** What a route says of its way to this Gateway: one entry for each of its parentRefs that name it, null where none has answered. */
export function routeFacts(route: KubeObject, gateway: LoadBalancer): RouteFacts {
  const { namespace: own = '', generation = Infinity } = route.metadata;
  const parents = listAt(route, 'spec', 'parentRefs')
    .filter((ref) => namesGateway(ref, route, gateway))
    .map((ref) => {
      const answers = listAt(route, 'status', 'parents')
        .filter((one) => isSameParent(at(one, 'parentRef'), ref, own))
        .map(conditionsOf);
      // One of a controller that has gone says nothing beside one that follows the route.
      const current = answers.filter((one) =>
        one.every((condition) => (condition.observedGeneration ?? -1) >= generation),
      );
      if (answers.length === 0) return null;
      return (current.length > 0 ? current : answers).flat();
    });
  const dead = listAt(route, 'spec', 'rules').filter((rule) => {
    const redirects = listAt(rule, 'filters').some((one) => textAt(one, '', 'type') === 'RequestRedirect');
    return !redirects && !listAt(rule, 'backendRefs').some(carriesTraffic);
  });
  return {
    name: nameOf('HTTPRoute', route),
    generation: route.metadata.generation ?? null,
    parents,
    rulesWithoutBackend: dead.length,
  };
}

const carriesTraffic = (ref: unknown): boolean => Number(at(ref, 'weight') ?? 1) > 0;

export interface Backend {
  readonly from: string;
  /** `Service`, or what else a route may lead to. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Where traffic is meant to go: each backend with a weight above 0, in the namespace that it is named in. */
export function backendsOf(kind: Kind, object: KubeObject, routes: readonly KubeObject[]): readonly Backend[] {
  const own = (of: string, from: KubeObject, name: string): Backend => ({
    from: nameOf(of, from),
    kind: 'Service',
    namespace: from.metadata.namespace ?? '',
    name,
  });
  if (kind === 'Service') return [own('Service', object, object.metadata.name)];
  if (kind === 'Ingress') {
    const paths = listAt(object, 'spec', 'rules').flatMap((rule) => listAt(rule, 'http', 'paths'));
    const backends = [at(object, 'spec', 'defaultBackend'), ...paths.map((path) => at(path, 'backend'))];
    return unique(backends.map((one) => own('Ingress', object, textAt(one, '', 'service', 'name'))));
  }
  return unique(
    routes.flatMap((route) =>
      listAt(route, 'spec', 'rules')
        .flatMap((rule) => listAt(rule, 'backendRefs'))
        .filter(carriesTraffic)
        .map((ref) => {
          const backend = own('HTTPRoute', route, textAt(ref, '', 'name'));
          const namespace = textAt(ref, backend.namespace, 'namespace');
          return { ...backend, kind: textAt(ref, 'Service', 'kind'), namespace };
        }),
    ),
  );
}

const unique = (backends: readonly Backend[]): Backend[] => [
  ...new Map(backends.filter(({ name }) => name !== '').map((one) => [JSON.stringify(one), one])).values(),
];

/** Base URLs: every concrete host name at every port it is served on, and the declared endpoints. */
export function requestsOf(
  kind: Kind,
  object: KubeObject,
  routes: readonly KubeObject[],
  { endpoints }: { readonly endpoints: readonly { readonly url: string; readonly caFile?: string }[] },
): readonly { readonly url: string; readonly caFile?: string }[] {
  const urls = kind === 'Gateway' ? gatewayUrls(object, routes) : kind === 'Ingress' ? ingressUrls(object) : [];
  const known = new Set(endpoints.map(({ url }) => new URL(url).origin));
  return [...endpoints, ...[...new Set(urls)].filter((url) => !known.has(new URL(url).origin)).map((url) => ({ url }))];
}

function gatewayUrls(gateway: KubeObject, routes: readonly KubeObject[]): string[] {
  return routes.flatMap((route) => {
    const names = listAt(route, 'spec', 'hostnames').filter(
      (one): one is string => typeof one === 'string' && !one.startsWith('*'),
    );
    const sections = listAt(route, 'spec', 'parentRefs').map((ref) => textAt(ref, '', 'sectionName'));
    const listeners = listAt(gateway, 'spec', 'listeners').filter(
      (one) => sections.includes('') || sections.includes(textAt(one, '', 'name')),
    );
    return listeners.flatMap((listener) => {
      const scheme = { HTTPS: 'https', HTTP: 'http' }[textAt(listener, '', 'protocol')];
      if (scheme === undefined) return [];
      return names.map((name) => `${scheme}://${name}:${Number(at(listener, 'port'))}`);
    });
  });
}

function ingressUrls(ingress: KubeObject): string[] {
  const secure = new Set(listAt(ingress, 'spec', 'tls').flatMap((one) => listAt(one, 'hosts')));
  return listAt(ingress, 'spec', 'rules').flatMap((rule) => {
    const host = textAt(rule, '', 'host');
    return host === '' || host.startsWith('*') ? [] : [`${secure.has(host) ? 'https' : 'http'}://${host}`];
  });
}
