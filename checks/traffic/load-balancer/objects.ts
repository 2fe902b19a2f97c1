/** What the objects of a way in say: their routes, their backends and the host names they answer to. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import { nameOf } from '../../protocols/kubernetes.ts';
import { conditionsOf, namesGateway, type LoadBalancer } from '../../protocols/load-balancers.ts';
import type { RouteFacts } from './judge.ts';

type Kind = LoadBalancer['kind'];

export function routeFacts(route: KubeObject, gateway: LoadBalancer): RouteFacts {
  const parents = listAt(route, 'status', 'parents').filter((one) =>
    namesGateway(at(one, 'parentRef'), route, gateway),
  );
  const dead = listAt(route, 'spec', 'rules').filter((rule) => {
    const redirects = listAt(rule, 'filters').some((one) => textAt(one, '', 'type') === 'RequestRedirect');
    return !redirects && !listAt(rule, 'backendRefs').some(carriesTraffic);
  });
  return {
    name: nameOf('HTTPRoute', route),
    generation: route.metadata.generation ?? null,
    parents: parents.map((one) => conditionsOf(one)),
    rulesWithoutBackend: dead.length,
  };
}

const carriesTraffic = (ref: unknown): boolean => Number(at(ref, 'weight') ?? 1) > 0;

/** Services that traffic is meant to reach: those with a weight above 0. */
export function backendsOf(
  kind: Kind,
  object: KubeObject,
  routes: readonly KubeObject[],
): readonly { readonly from: string; readonly service: string }[] {
  if (kind === 'Service') return [{ from: nameOf('Service', object), service: object.metadata.name }];
  if (kind === 'Ingress') {
    const paths = listAt(object, 'spec', 'rules').flatMap((rule) => listAt(rule, 'http', 'paths'));
    const backends = [at(object, 'spec', 'defaultBackend'), ...paths.map((path) => at(path, 'backend'))].filter(
      isRecord,
    );
    return unique(
      nameOf('Ingress', object),
      backends.map((one) => textAt(one, '', 'service', 'name')),
    );
  }
  return routes.flatMap((route) =>
    unique(
      nameOf('HTTPRoute', route),
      listAt(route, 'spec', 'rules')
        .flatMap((rule) => listAt(rule, 'backendRefs'))
        .filter(carriesTraffic)
        .map((ref) => textAt(ref, '', 'name')),
    ),
  );
}

const unique = (from: string, services: readonly string[]) =>
  [...new Set(services)].filter((name) => name !== '').map((service) => ({ from, service }));

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
