/** Reading an HTTPRoute whose one rule splits traffic between two Services (gateway.networking.k8s.io/v1). */
import { ObservationError } from '../contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../contract/cluster.ts';
import type { TrafficRoute, Weights } from '../contract/cutover.ts';
import { at, isRecord, listAt, textAt } from '../contract/json.ts';

export const HTTP_ROUTES: ResourceType = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  resource: 'httproutes',
};
/** Requests of gRPC: of the same gateway, host names and Services. */
export const GRPC_ROUTES: ResourceType = { ...HTTP_ROUTES, kind: 'GRPCRoute', resource: 'grpcroutes' };
/** Which rule of which route, and its two backends. */
export type RouteName = Pick<TrafficRoute, 'namespace' | 'name' | 'stable' | 'canary'> & { readonly rule: number };

export interface RouteState {
  readonly weights: Weights;
  readonly generation: number;
  readonly resourceVersion: string;
  /** Whether every gateway it names has accepted this generation. */
  readonly accepted: boolean;
  /** Why it is not accepted. */
  readonly why: string | null;
  /** Who wrote the rules last, as `managedFields` has it; null where the server keeps none. */
  readonly lastManager: string | null;
}

/** Where the two backends stand in `backendRefs` of the rule, and their weights. */
export interface Backends {
  readonly stable: Backend;
  readonly canary: Backend;
}
interface Backend {
  readonly index: number;
  readonly name: string;
  readonly weight: number;
}
/** What is not as declared, and what to do about it. */
export interface RouteProblem {
  readonly what: string;
  readonly fix: string;
}

/** What an HTTPRoute says of its two backends. @throws ObservationError `misconfigured` when its rule is not as declared */
export function routeState(object: KubeObject, route: RouteName): RouteState {
  const { stable, canary } = backendsOf(object, route);
  const why = notAccepted(object)?.why ?? null;
  return {
    weights: { stable: stable.weight, canary: canary.weight },
    generation: object.metadata.generation ?? 0,
    resourceVersion: object.metadata.resourceVersion ?? '',
    accepted: why === null,
    why,
    lastManager: lastManager(object),
  };
}

/** The two backends. @throws ObservationError `misconfigured` */
export function backendsOf(object: KubeObject, route: RouteName): Backends {
  const found = findBackends(object, route);
  if ('stable' in found) return found;
  throw new ObservationError('misconfigured', `HTTPRoute ${route.namespace}/${route.name}: ${found.what}`, {
    fix: found.fix,
  });
}

/** The two backends, or why shares cannot be given to these two in this rule. */
export function findBackends(
  object: KubeObject,
  { namespace, rule, stable, canary }: RouteName,
): Backends | RouteProblem {
  const rules = listAt(object, 'spec', 'rules');
  if (!isRecord(rules[rule])) {
    const what = `there is no rule ${rule}, the route has ${rules.length}`;
    return { what, fix: 'Correct the rule of the route in the checklist; the first one is 0' };
  }
  const refs = listAt(rules[rule], 'backendRefs').map((ref, index) => backendOf(ref, index, namespace));
  const named = (service: string): readonly Backend[] => refs.filter(({ name }) => name === service);
  for (const service of [stable, canary]) {
    const count = named(service).length;
    if (count === 1) continue;
    const names = refs.map(({ name }) => name).join(', ') || 'none';
    return count === 0
      ? {
          what: `rule ${rule} has no backend Service ${service}; its backends: ${names}`,
          fix: 'Give the rule both backends, or correct stable and canary of the route in the checklist',
        }
      : {
          what: `rule ${rule} has Service ${service} as a backend more than once, so its share cannot be set`,
          fix: 'Leave one backendRef of each Service in the rule',
        };
  }
  const others = refs.filter(({ name, weight }) => name !== stable && name !== canary && weight > 0);
  if (others.length > 0) {
    const names = others.map(({ name, weight }) => `${name} (weight ${weight})`).join(', ');
    return {
      what: `rule ${rule} sends traffic to other backends, too: ${names}`,
      fix: 'Set their weight to 0: where others get some, the shares of two are no percentages',
    };
  }
  const [[one], [another]] = [named(stable), named(canary)];
  if (one && another && one !== another) return { stable: one, canary: another };
  return { what: `stable and canary are one Service, ${stable}`, fix: 'Name two Services in the checklist' };
}

/** Weight 1 where none is written, as the Gateway API specification has it. */
function backendOf(ref: unknown, index: number, namespace: string): Backend {
  const kind = textAt(ref, 'Service', 'kind');
  const group = textAt(ref, '', 'group');
  const where = textAt(ref, namespace, 'namespace');
  const weight = at(ref, 'weight');
  const name = textAt(ref, '', 'name');
  const isOwnService = kind === 'Service' && group === '' && where === namespace;
  return {
    index,
    name: isOwnService ? name : `${kind} ${where}/${name}`,
    weight: typeof weight === 'number' ? weight : 1,
  };
}

/** A backend of one of the two Services outside the rule whose weights are moved, or a mirror of requests to it. */
export interface Beside {
  readonly object: KubeObject;
  readonly rule: number;
  /** Below the rule. */
  readonly path: string;
  readonly service: string;
  /** Users get none of its answers: it is sent a copy. */
  readonly isMirror: boolean;
}

/**
 * Where requests reach one of the two Services whatever the weights of the rule are: another rule of the route, another route of the
 * same gateway and host name, of whatever namespace, or a mirror. A rule for a header or a query parameter may preview the release that
 * goes live.
 */
export function servedBeside(
  route: KubeObject,
  others: readonly KubeObject[],
  name: Omit<RouteName, 'rule'> & Pick<TrafficRoute, 'rule'>,
): readonly Beside[] {
  const { namespace, stable, canary } = name;
  const same = others.filter((other) => sharesGateway(route, other) && sharesHost(route, other));
  return [route, ...same].flatMap((object) =>
    listAt(object, 'spec', 'rules').flatMap((rule, index) => {
      const isMoved = object === route && (name.rule === 'all' || index === name.rule);
      const matches = listAt(rule, 'matches');
      const isPreview = matches.length > 0 && matches.every(isNarrow);
      const own = object.metadata.namespace ?? namespace;
      const serves = backendsIn(listAt(rule, 'backendRefs'), own, namespace)
        .filter((one) => one.weight > 0 && (one.name === stable || (one.name === canary && !isPreview)))
        .map((one) => ({ path: `backendRefs[${one.index}]`, service: one.name, isMirror: false }));
      return [...(isMoved ? [] : serves), ...mirrorsIn(rule, own, name)].map((one) => ({
        object,
        rule: index,
        ...one,
      }));
    }),
  );
}

/** Of a route of the namespace `own`, as seen from `namespace`. */
export function backendsIn(refs: readonly unknown[], own: string, namespace: string): readonly Backend[] {
  return refs.map((ref, index) => backendOf(isRecord(ref) ? { namespace: own, ...ref } : ref, index, namespace));
}

/** Of a rule and of its single backends. */
function mirrorsIn(rule: unknown, own: string, { namespace, stable, canary }: Omit<RouteName, 'rule'>) {
  const filtersOf = (from: unknown, path: string) =>
    listAt(from, 'filters').map((filter, at) => ({ filter, path: `${path}filters[${at}]` }));
  const filters = [
    ...filtersOf(rule, ''),
    ...listAt(rule, 'backendRefs').flatMap((ref, index) => filtersOf(ref, `backendRefs[${index}].`)),
  ];
  return filters.flatMap(({ filter, path }) =>
    backendsIn([at(filter, 'requestMirror', 'backendRef')], own, namespace)
      .filter((one) => one.name === stable || one.name === canary)
      .map((one) => ({ path, service: one.name, isMirror: true })),
  );
}

const isNarrow = (match: unknown): boolean =>
  [...listAt(match, 'headers'), ...listAt(match, 'queryParams')].some((one) => !matchesAnything(one));

/** A regular expression for everything keeps nobody out: most requests have a user-agent. */
function matchesAnything(match: unknown): boolean {
  if (textAt(match, 'Exact', 'type') !== 'RegularExpression') return false;
  return /^\^?(\.[*+]|\(\.[*+]\))\$?$/.test(textAt(match, '', 'value'));
}

function sharesGateway(one: KubeObject, other: KubeObject): boolean {
  const parentsOf = ({ metadata, ...object }: KubeObject): readonly unknown[] =>
    listAt(object, 'spec', 'parentRefs').map((ref) =>
      isRecord(ref) ? { namespace: metadata.namespace, ...ref } : ref,
    );
  const parents = parentsOf(other);
  return parentsOf(one).some((ref) =>
    parents.some((parent) => isSameParent(ref, parent, '', ['group', 'kind', 'namespace', 'name'])),
  );
}

/** A route without host names answers to all of its listeners; `*.shop.test` holds `api.shop.test`. */
function sharesHost(one: KubeObject, other: KubeObject): boolean {
  const [names, others] = [one, other].map((object) => listAt(object, 'spec', 'hostnames').map(String));
  if (!names?.length || !others?.length) return true;
  const holds = (pattern: string, host: string): boolean =>
    pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)));
  return names.some((name) => others.some((host) => holds(name, host) || holds(host, name)));
}

/**
 * Why the gateways have not accepted the route as it is now, or null: each parent that the route names must carry the conditions Accepted
 * and ResolvedRefs with status True, of this generation or a later one (RouteParentStatus, gateway.networking.k8s.io/v1). Entries of
 * parents that it does not name are left over and say nothing; nor does one of a controller that has gone, beside one that follows the route.
 * A controller that does not report the generation leaves a doubt.
 */
export function notAccepted(object: KubeObject): NotAccepted | null {
  const declared = listAt(object, 'spec', 'parentRefs');
  if (declared.length === 0) return { why: 'it names no gateway (spec.parentRefs is empty)', is: 'wrong' };
  const own = object.metadata.namespace ?? '';
  return worstOf(
    declared.map((ref) => {
      const entries = listAt(object, 'status', 'parents').filter((one) => isSameParent(at(one, 'parentRef'), ref, own));
      if (entries.length === 0) return { why: `no controller has answered for ${parentText(ref)}`, is: 'wrong' };
      const problems = entries.map((entry) => problemOf(entry, object.metadata.generation ?? 0));
      const worst = worstOf(problems);
      return worst?.is !== 'wrong' && problems.includes(null) ? null : worst;
    }),
  );
}

/** `stale`: of an earlier generation; `unknown`: of one that is not reported. */
interface NotAccepted {
  readonly why: string;
  readonly is: 'wrong' | 'stale' | 'unknown';
}

function worstOf(problems: readonly (NotAccepted | null)[]): NotAccepted | null {
  const of = (is: NotAccepted['is']) => problems.find((problem) => problem?.is === is);
  return of('wrong') ?? of('stale') ?? of('unknown') ?? null;
}

/** What is wrong with a parent's status. */
function problemOf(parent: unknown, generation: number): NotAccepted | null {
  const who = parentText(at(parent, 'parentRef'));
  const problems = ['Accepted', 'ResolvedRefs'].map((type): NotAccepted | null => {
    const condition = listAt(parent, 'conditions').find((one) => textAt(one, '', 'type') === type);
    if (condition === undefined) return { why: `${who} says nothing of ${type}`, is: 'stale' };
    const observed = at(condition, 'observedGeneration');
    if (typeof observed === 'number' && observed < generation)
      return { why: `${who} has not seen generation ${generation} yet (${type} is of ${observed})`, is: 'stale' };
    const status = textAt(condition, 'absent', 'status');
    const reason = textAt(condition, 'no reason', 'reason');
    if (status !== 'True')
      return { why: `${who}: ${type} is ${status} (${reason}): ${textAt(condition, '', 'message')}`, is: 'wrong' };
    return typeof observed === 'number'
      ? null
      : { why: `${who} does not report the generation of ${type}`, is: 'unknown' };
  });
  return worstOf(problems);
}

const PARENT_MEMBERS = ['group', 'kind', 'namespace', 'name', 'sectionName', 'port'] as const;

/** Whether two references are of one parent; `namespace` is the route's own. */
export function isSameParent(
  left: unknown,
  right: unknown,
  namespace: string,
  members: readonly (typeof PARENT_MEMBERS)[number][] = PARENT_MEMBERS,
): boolean {
  const defaults: Readonly<Record<string, unknown>> = {
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    namespace,
  };
  return members.every((member) => (at(left, member) ?? defaults[member]) === (at(right, member) ?? defaults[member]));
}

function parentText(ref: unknown): string {
  const section = textAt(ref, '', 'sectionName');
  return `${textAt(ref, 'Gateway', 'kind')} ${textAt(ref, '', 'name')}${section === '' ? '' : `, listener ${section}`}`;
}

/** The latest of those who own the rules; times in `managedFields` are whole seconds, and of equal ones the last entry is taken. */
function lastManager(object: KubeObject): string | null {
  let latest: { readonly manager: string; readonly time: string } | null = null;
  for (const entry of listAt(object, 'metadata', 'managedFields')) {
    const rules = at(entry, 'fieldsV1', 'f:spec', 'f:rules');
    if (rules === undefined || textAt(entry, '', 'subresource') !== '') continue;
    const time = textAt(entry, '', 'time');
    if (latest === null || time >= latest.time) latest = { manager: textAt(entry, '', 'manager'), time };
  }
  return latest?.manager ?? null;
}
