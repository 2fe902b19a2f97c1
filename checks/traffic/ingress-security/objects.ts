/** What Ingresses, Gateways and HTTPRoutes say of hosts and TLS. Pure. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { namesGateway } from '../../protocols/load-balancers.ts';

/** A host that something answers to, and how. */
export interface HostSeen {
  /** `Ingress shop/web`, `HTTPRoute shop/web`. */
  readonly object: string;
  /** Lower case; empty where the rule takes any host. */
  readonly host: string;
  /** Whether what answers to it speaks TLS. */
  readonly tls: boolean;
  /** Whether its rules are served without TLS, otherwise than by a redirect to https. */
  readonly plaintext: boolean;
  /** Where to ask; null where there is no such listener. */
  readonly httpsPort: number | null;
  readonly httpPort: number | null;
}
export interface ListenerSeen {
  /** `Gateway infra/edge`. */
  readonly object: string;
  readonly listener: string;
  readonly problem: string | null;
  /** Nothing was said of this generation yet. */
  readonly isUnknown: boolean;
}

/** Keys that take text into the controller's configuration, by the prefixes that controllers obey. */
const SNIPPETS =
  /^(nginx\.ingress\.kubernetes\.io\/(configuration|server|stream|auth|modsecurity)-snippet|nginx\.(org|com)\/(location|server|main|stream|http)-snippets|(haproxy\.org|ingress\.kubernetes\.io\/haproxy|haproxy-ingress\.github\.io)\/[a-z-]*(snippet|config-[a-z-]+))$/;

/** Annotations that put text into a controller's configuration. */
export const snippetsOf = ({ metadata }: KubeObject): readonly string[] =>
  Object.keys(metadata.annotations ?? {}).filter((key) => SNIPPETS.test(key));

/** A wildcard of a certificate or listener covers one label. */
const covers = (pattern: string, host: string): boolean =>
  pattern === host || (pattern.startsWith('*.') && host.slice(host.indexOf('.')) === pattern.slice(1));

export function ingressHosts(ingress: KubeObject): readonly HostSeen[] {
  const secured = listAt(ingress, 'spec', 'tls').map((one) =>
    listAt(one, 'hosts').map((host) => String(host).toLowerCase()),
  );
  // Without hosts it is for all of them, with the controller's own certificate or that of the Secret.
  const all = secured.some((hosts) => hosts.length === 0);
  const rules = listAt(ingress, 'spec', 'rules').map((rule) => textAt(rule, '', 'host').toLowerCase());
  const hosts = [...rules, ...(at(ingress, 'spec', 'defaultBackend') === undefined ? [] : [''])];
  const { namespace = '', name } = ingress.metadata;
  return [...new Set(hosts)].map((host) => ({
    object: `Ingress ${namespace}/${name}`,
    host,
    tls: all || secured.flat().some((pattern) => covers(pattern, host)),
    plaintext: false,
    httpsPort: 443,
    httpPort: 80,
  }));
}

interface Listener {
  readonly name: string;
  readonly port: number;
  readonly secure: boolean;
  readonly hostname: string;
}

/** Hosts of the routes of a Gateway. One that only redirects to https answers to nobody by itself. */
export function gatewayHosts(gateway: KubeObject, routes: readonly KubeObject[]): readonly HostSeen[] {
  const { namespace = '', name } = gateway.metadata;
  const listeners = listAt(gateway, 'spec', 'listeners').map((one): Listener => ({
    name: textAt(one, '', 'name'),
    port: Number(at(one, 'port')),
    secure: ['HTTPS', 'TLS'].includes(textAt(one, '', 'protocol')),
    hostname: textAt(one, '', 'hostname').toLowerCase(),
  }));
  return routes.flatMap((route) => {
    const refs = listAt(route, 'spec', 'parentRefs').filter((ref) =>
      namesGateway(ref, route, { kind: 'Gateway', namespace, name }),
    );
    const mine = listeners.filter((listener) => refs.some((ref) => isFor(ref, listener)));
    if (mine.length === 0 || onlyRedirects(route)) return [];
    const stated = listAt(route, 'spec', 'hostnames').map((host) => String(host).toLowerCase());
    const hosts = stated.length > 0 ? stated : [...new Set(mine.map(({ hostname }) => hostname))];
    return hosts.map((host): HostSeen => {
      const answering = (secure: boolean): number | null =>
        listeners.find((one) => one.secure === secure && (one.hostname === '' || matches(one.hostname, host)))?.port ??
        null;
      return {
        object: `HTTPRoute ${route.metadata.namespace ?? ''}/${route.metadata.name}`,
        host,
        tls: mine.some(({ secure }) => secure),
        plaintext: mine.some(({ secure }) => !secure),
        httpsPort: answering(true),
        httpPort: answering(false),
      };
    });
  });
}

/** A wildcard of a listener stands for one label or more. */
const matches = (pattern: string, host: string): boolean =>
  pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)));

function isFor(ref: unknown, { name, port }: Listener): boolean {
  const section = textAt(ref, '', 'sectionName');
  const own = at(ref, 'port');
  return (section === '' || section === name) && (own === undefined || own === port);
}

const onlyRedirects = (route: KubeObject): boolean => {
  const rules = listAt(route, 'spec', 'rules');
  return (
    rules.length > 0 &&
    rules.every((rule) =>
      listAt(rule, 'filters').some((filter) => textAt(filter, '', 'requestRedirect', 'scheme') === 'https'),
    )
  );
};

/** Whether each listener with TLS is in force: the Gateway's own conditions only say that one of them is. */
export function listenersOf(gateway: KubeObject): readonly ListenerSeen[] {
  const { namespace = '', name, generation = 0 } = gateway.metadata;
  return listAt(gateway, 'spec', 'listeners')
    .filter((one) => ['HTTPS', 'TLS'].includes(textAt(one, '', 'protocol')))
    .map((one) => {
      const listener = textAt(one, '', 'name');
      const status = listAt(gateway, 'status', 'listeners').find((other) => textAt(other, '', 'name') === listener);
      const conditions = listAt(status, 'conditions');
      const bad = conditions.find(
        (other) =>
          ['Accepted', 'Programmed', 'ResolvedRefs'].includes(textAt(other, '', 'type')) &&
          textAt(other, '', 'status') === 'False',
      );
      const isCurrent = conditions.some(
        (other) =>
          textAt(other, '', 'type') === 'Programmed' &&
          textAt(other, '', 'status') === 'True' &&
          Number(at(other, 'observedGeneration') ?? 0) >= generation,
      );
      const resolved = conditions.find((other) => textAt(other, '', 'type') === 'ResolvedRefs');
      // Why references do not resolve tells more than that nothing is programmed.
      const why = textAt(resolved, '', 'status') === 'False' ? resolved : bad;
      return {
        object: `Gateway ${namespace}/${name}`,
        listener,
        problem: why === undefined ? null : `${textAt(why, '', 'type')} is False, ${textAt(why, '', 'reason')}`,
        isUnknown: why === undefined && !isCurrent,
      };
    });
}
