/**
 * From Gateway and HTTPRoute objects (gateway.networking.k8s.io/v1) to the rules of the gateway's process, as a pure function. What
 * a route asks for that is not built here (filters but RequestRedirect, regular expressions) makes it not accepted, and says so in its status.
 */
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../checks/contract/json.ts';
import { hostMatches, type Rule, type RuleAction, type WeightedBackend } from './route-table.ts';

export interface Objects {
  readonly gateway: KubeObject;
  readonly routes: readonly KubeObject[];
  readonly services: readonly KubeObject[];
  /** Port that a redirect to https names. */
  readonly httpsPort: number;
}
export interface RouteVerdict {
  readonly route: KubeObject;
  readonly accepted: boolean;
  /** Reason and message of the condition Accepted. */
  readonly reason: string;
  readonly message: string;
  readonly resolved: { readonly ok: boolean; readonly reason: string; readonly message: string };
  /** Names of the listeners it is attached to. */
  readonly listeners: readonly string[];
  /** The parentRefs of the route that name this gateway. */
  readonly parents: readonly unknown[];
}
export interface Compiled {
  readonly rules: readonly Rule[];
  /** One for each route that names the gateway as a parent. */
  readonly verdicts: readonly RouteVerdict[];
}

interface Listener {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly hostname: string;
  readonly from: string;
}
interface Problem {
  readonly reason: string;
  readonly message: string;
}

export function compileRoutes(objects: Objects): Compiled {
  const listeners = listAt(objects.gateway, 'spec', 'listeners').map(listenerOf);
  const compiled = objects.routes.flatMap((route) => {
    const parents = listAt(route, 'spec', 'parentRefs').filter((ref) => isParent(ref, route, objects.gateway));
    return parents.length === 0 ? [] : [compileRoute(route, parents, listeners, objects)];
  });
  return {
    rules: compiled
      .flatMap(({ ranked }) => ranked)
      .sort(byPrecedence)
      .map(({ rule }) => rule),
    verdicts: compiled.map(({ verdict }) => verdict),
  };
}

function listenerOf(listener: unknown): Listener {
  return {
    name: textAt(listener, '', 'name'),
    protocol: textAt(listener, '', 'protocol'),
    port: Number(at(listener, 'port') ?? 0),
    hostname: textAt(listener, '', 'hostname').toLowerCase(),
    from: textAt(listener, 'Same', 'allowedRoutes', 'namespaces', 'from'),
  };
}

function isParent(ref: unknown, route: KubeObject, gateway: KubeObject): boolean {
  return (
    textAt(ref, 'Gateway', 'kind') === 'Gateway' &&
    textAt(ref, 'gateway.networking.k8s.io', 'group') === 'gateway.networking.k8s.io' &&
    textAt(ref, '', 'name') === gateway.metadata.name &&
    textAt(ref, route.metadata.namespace ?? '', 'namespace') === gateway.metadata.namespace
  );
}

interface Ranked {
  readonly rule: Rule;
  readonly route: KubeObject;
  readonly index: number;
}

function compileRoute(
  route: KubeObject,
  parents: readonly unknown[],
  listeners: readonly Listener[],
  objects: Objects,
): { readonly ranked: readonly Ranked[]; readonly verdict: RouteVerdict } {
  const named = listeners.filter((listener) => parents.some((ref) => namesListener(ref, listener)));
  const allowed = named.filter(
    (one) => one.from === 'All' || route.metadata.namespace === objects.gateway.metadata.namespace,
  );
  const hostnames = listAt(route, 'spec', 'hostnames').map((name) => String(name).toLowerCase());
  const attached = allowed.flatMap((listener) => {
    const names = intersection(listener.hostname, hostnames);
    return names.length === 0 ? [] : [{ listener, names }];
  });
  const problem = attachProblem(named, allowed, attached.length) ?? unsupported(route);
  const resolved = references(route, objects.services);
  const ranked =
    problem === undefined
      ? attached.flatMap(({ listener, names }) =>
          names.flatMap((hostname) => rulesOf(route, listener, hostname, objects)),
        )
      : [];
  return {
    ranked,
    verdict: {
      route,
      accepted: problem === undefined,
      reason: problem?.reason ?? 'Accepted',
      message: problem?.message ?? 'Route is accepted',
      resolved:
        resolved === undefined
          ? { ok: true, reason: 'ResolvedRefs', message: 'All references are resolved' }
          : { ok: false, ...resolved },
      listeners: problem === undefined ? attached.map(({ listener }) => listener.name) : [],
      parents,
    },
  };
}

function namesListener(ref: unknown, listener: Listener): boolean {
  const section = textAt(ref, '', 'sectionName');
  const port = at(ref, 'port');
  return (section === '' || section === listener.name) && (port === undefined || port === listener.port);
}

function attachProblem(
  named: readonly Listener[],
  allowed: readonly Listener[],
  attached: number,
): Problem | undefined {
  if (named.length === 0)
    return { reason: 'NoMatchingParent', message: 'The gateway has no listener of that name or port' };
  if (allowed.length === 0)
    return { reason: 'NotAllowedByListeners', message: 'No listener takes routes of this namespace' };
  if (attached > 0) return undefined;
  return { reason: 'NoMatchingListenerHostname', message: 'No listener has a hostname in common with the route' };
}

/** The hostnames that both a listener and a route answer to. */
function intersection(listener: string, route: readonly string[]): string[] {
  if (route.length === 0) return [listener];
  return route.flatMap((name) => {
    if (listener === '' || listener === name) return [name];
    if (!name.startsWith('*.')) return hostMatches(listener, name) ? [name] : [];
    if (!listener.startsWith('*.')) return hostMatches(name, listener) ? [listener] : [];
    if (name.endsWith(listener.slice(1))) return [name];
    return listener.endsWith(name.slice(1)) ? [listener] : [];
  });
}

/** The first thing a route asks for that this gateway does not do. */
function unsupported(route: KubeObject): Problem | undefined {
  for (const rule of listAt(route, 'spec', 'rules')) {
    const filters = [
      ...listAt(rule, 'filters'),
      ...listAt(rule, 'backendRefs').flatMap((ref) => listAt(ref, 'filters')),
    ];
    const filter = filters.find((one) => textAt(one, '', 'type') !== 'RequestRedirect');
    if (filter !== undefined) return notBuilt(`filter ${textAt(filter, '', 'type')}`);
    for (const match of listAt(rule, 'matches')) {
      const types = [at(match, 'path'), ...listAt(match, 'headers'), ...listAt(match, 'queryParams')];
      if (types.some((one) => textAt(one, '', 'type') === 'RegularExpression'))
        return notBuilt('a RegularExpression match');
    }
  }
  return undefined;
}
const notBuilt = (what: string): Problem => ({ reason: 'UnsupportedValue', message: `This gateway has no ${what}` });

function references(route: KubeObject, services: readonly KubeObject[]): Problem | undefined {
  for (const rule of listAt(route, 'spec', 'rules'))
    for (const ref of listAt(rule, 'backendRefs')) {
      const problem = referenceProblem(ref, route, services);
      if (problem) return problem;
    }
  return undefined;
}

function referenceProblem(ref: unknown, route: KubeObject, services: readonly KubeObject[]): Problem | undefined {
  const [kind, group, name] = [textAt(ref, 'Service', 'kind'), textAt(ref, '', 'group'), textAt(ref, '', 'name')];
  const namespace = textAt(ref, route.metadata.namespace ?? '', 'namespace');
  const what = `${kind} ${namespace}/${name}`;
  if (kind !== 'Service' || group !== '')
    return { reason: 'InvalidKind', message: `${what}: only a Service can be a backend` };
  if (namespace !== route.metadata.namespace)
    return { reason: 'RefNotPermitted', message: `${what}: no ReferenceGrant allows it` };
  const service = services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  const port = at(ref, 'port');
  const found = listAt(service, 'spec', 'ports').some((one) => at(one, 'port') === port);
  return found ? undefined : { reason: 'BackendNotFound', message: `${what} with port ${String(port)} does not exist` };
}

function rulesOf(route: KubeObject, listener: Listener, hostname: string, objects: Objects): Ranked[] {
  const { namespace = '', name } = route.metadata;
  return listAt(route, 'spec', 'rules').flatMap((rule, index) => {
    const action = actionOf(rule, route, objects);
    const stated = listAt(rule, 'matches');
    return (stated.length === 0 ? [{}] : stated).map((match, at_) => ({
      route,
      index,
      rule: {
        id: `${namespace}/${name}/${listener.name}/${hostname}/${index}/${at_}`,
        listener: listener.protocol === 'HTTPS' ? ('HTTPS' as const) : ('HTTP' as const),
        hostname,
        path: {
          type: textAt(match, 'PathPrefix', 'path', 'type') === 'Exact' ? ('Exact' as const) : ('PathPrefix' as const),
          value: textAt(match, '/', 'path', 'value'),
        },
        ...(isRecord(match) && typeof match['method'] === 'string' ? { method: match['method'] } : {}),
        headers: pairs(listAt(match, 'headers')).map(([key, value]) => [key.toLowerCase(), value] as const),
        query: pairs(listAt(match, 'queryParams')),
        action,
      },
    }));
  });
}

const pairs = (list: readonly unknown[]): (readonly [string, string])[] =>
  list.map((one) => [textAt(one, '', 'name'), textAt(one, '', 'value')] as const);

function actionOf(rule: unknown, route: KubeObject, { services, httpsPort }: Objects): RuleAction {
  const redirect = listAt(rule, 'filters').find((one) => textAt(one, '', 'type') === 'RequestRedirect');
  if (redirect !== undefined) {
    const to = at(redirect, 'requestRedirect');
    const [scheme, hostname, port] = [textAt(to, '', 'scheme'), textAt(to, '', 'hostname'), at(to, 'port')];
    return {
      does: 'redirect',
      status: Number(at(to, 'statusCode') ?? 302),
      ...(scheme === '' ? {} : { scheme }),
      ...(hostname === '' ? {} : { hostname }),
      ...(typeof port === 'number' ? { port } : scheme === 'https' ? { port: httpsPort } : {}),
    };
  }
  return {
    does: 'forward',
    backends: listAt(rule, 'backendRefs').map((ref): WeightedBackend => ({
      service:
        referenceProblem(ref, route, services) === undefined
          ? `${route.metadata.namespace ?? ''}/${textAt(ref, '', 'name')}:${Number(at(ref, 'port'))}`
          : null,
      weight: Number(at(ref, 'weight') ?? 1),
    })),
  };
}

/** Gateway API: the most specific hostname, then the match (HTTPRouteRule.matches), then the oldest route, its name, its first rule. */
function byPrecedence(a: Ranked, b: Ranked): number {
  const [x, y] = [a.rule, b.rule];
  const exact = (rule: Rule): number => (rule.path.type === 'Exact' ? 1 : 0);
  const wildcard = (rule: Rule): number => (rule.hostname.startsWith('*') || rule.hostname === '' ? 1 : 0);
  return (
    wildcard(x) - wildcard(y) ||
    y.hostname.length - x.hostname.length ||
    exact(y) - exact(x) ||
    y.path.value.length - x.path.value.length ||
    Number(y.method !== undefined) - Number(x.method !== undefined) ||
    y.headers.length - x.headers.length ||
    y.query.length - x.query.length ||
    compare(a.route.metadata.creationTimestamp ?? '', b.route.metadata.creationTimestamp ?? '') ||
    compare(
      `${a.route.metadata.namespace ?? ''}/${a.route.metadata.name}`,
      `${b.route.metadata.namespace ?? ''}/${b.route.metadata.name}`,
    ) ||
    a.index - b.index
  );
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
