/** Istio: weights of the destinations of a VirtualService, by host or by subset of one host (networking.istio.io/v1). */
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import {
  lastManagerOf,
  mostOf,
  onThisVersion,
  refused,
  targetOf,
  type RouteName,
  type RouteProblem,
  type SplitState,
  type TrafficSystem,
} from './system.ts';

const ISTIO = 'networking.istio.io/v1';
export const VIRTUAL_SERVICES: ResourceType = {
  apiVersion: ISTIO,
  kind: 'VirtualService',
  resource: 'virtualservices',
};
export const DESTINATION_RULES: ResourceType = {
  apiVersion: ISTIO,
  kind: 'DestinationRule',
  resource: 'destinationrules',
};

/** Members of a match that are understood: what else stands there may send a request elsewhere than is thought. */
const MATCHES: ReadonlySet<string> = new Set([
  ...[
    'name',
    'uri',
    'scheme',
    'method',
    'authority',
    'headers',
    'withoutHeaders',
    'port',
    'sourceLabels',
    'sourceNamespace',
  ],
  ...['gateways', 'queryParams', 'ignoreUriCase', 'statPrefix'],
]);

export const istioSystem: TrafficSystem = {
  type: VIRTUAL_SERVICES,
  atAChange:
    'Shares go by requests; consistent hashing sticks within a subset only, so a change of the weights moves sessions to another release.',
  besides: [DESTINATION_RULES],
  state(object, route): SplitState {
    const splits = moved(object, route).map(({ stable, canary }) => ({ stable: stable.weight, canary: canary.weight }));
    return {
      weights: mostOf(splits),
      splits,
      generation: object.metadata.generation ?? 0,
      resourceVersion: object.metadata.resourceVersion ?? '',
      // Its status says what analysis found where that is on, never that proxies go by it.
      accepted: true,
      why: null,
      lastManager: lastManagerOf(object, ['f:spec', 'f:http']),
    };
  },
  operations: (object, route, wanted) => [
    onThisVersion(object),
    ...moved(object, route).flatMap(({ rule, stable, canary }) => {
      const path = (index: number): string => `/spec/http/${rule}/route/${index}`;
      return [
        { op: 'test' as const, path: `${path(stable.index)}/destination`, value: stable.destination },
        { op: 'test' as const, path: `${path(canary.index)}/destination`, value: canary.destination },
        { op: 'add' as const, path: `${path(stable.index)}/weight`, value: wanted.stable },
        { op: 'add' as const, path: `${path(canary.index)}/weight`, value: wanted.canary },
      ];
    }),
  ],
  problems: (object, route, others) => [
    ...ruleProblems(object, route),
    ...subsetProblems(route, others),
    ...hostProblems(object, others),
  ],
};

interface Destination {
  readonly index: number;
  readonly destination: unknown;
  readonly weight: number;
}
interface Moved {
  readonly rule: number;
  readonly stable: Destination;
  readonly canary: Destination;
}

/** `api`, `api.shop` and `api.shop.svc.cluster.local` are one Service to a VirtualService of that namespace. */
function hostOf(host: string, namespace: string): string {
  const [name = '', where = namespace, ...rest] = host.split('.');
  const isOwn = rest.length === 0 || rest[0] === 'svc';
  return isOwn && where !== '' ? `${name}.${where}` : host;
}

const sideOf =
  ({ namespace, stable, canary, subsets }: RouteName) =>
  (destination: unknown): 'stable' | 'canary' | null => {
    const host = hostOf(textAt(destination, '', 'host'), namespace);
    const subset = textAt(destination, '', 'subset');
    const is = (name: string, wanted = ''): boolean => host === hostOf(name, namespace) && subset === wanted;
    if (is(stable, subsets?.stable)) return 'stable';
    return is(canary, subsets?.canary) ? 'canary' : null;
  };

/** One destination gets all, whatever its weight is; of several one without a weight gets nothing. */
function destinationsOf(rule: unknown): readonly Destination[] {
  const all = listAt(rule, 'route');
  return all.map((one, index) => {
    const weight = at(one, 'weight');
    return {
      index,
      destination: at(one, 'destination'),
      weight: all.length === 1 ? 100 : typeof weight === 'number' ? weight : 0,
    };
  });
}

function moved(object: KubeObject, route: RouteName): readonly Moved[] {
  const refuse = (what: string, fix: string) => refused(targetOf(istioSystem, route), { what, fix });
  const side = sideOf(route);
  const found = listAt(object, 'spec', 'http').flatMap((rule, index) => {
    const all = destinationsOf(rule);
    const isMeant = route.rule === 'all' ? all.some((one) => side(one.destination) !== null) : route.rule === index;
    if (!isMeant) return [];
    if (at(rule, 'delegate') !== undefined)
      throw refuse(`http[${index}] delegates to another VirtualService`, 'Name that VirtualService in the checklist');
    const of = (which: 'stable' | 'canary'): readonly Destination[] =>
      all.filter((one) => side(one.destination) === which);
    const [[stable], [canary]] = [of('stable'), of('canary')];
    if (!stable || !canary || all.length !== 2)
      throw refuse(
        `http[${index}] does not lead to exactly both releases: it has ${all.length} destination${all.length === 1 ? '' : 's'}`,
        'Give it both destinations and no other, the new one with weight 0',
      );
    return [{ rule: index, stable, canary }];
  });
  if (found.length === 0)
    throw refuse('no rule leads to one of both releases', 'Correct stable and canary of the route in the checklist');
  return found;
}

/** The first rule that matches wins: what stands behind one that takes everything serves nobody. */
function ruleProblems(object: KubeObject, route: RouteName): readonly RouteProblem[] {
  const rules = listAt(object, 'spec', 'http');
  const side = sideOf(route);
  const serves = (rule: unknown): boolean => destinationsOf(rule).some((one) => side(one.destination) !== null);
  const takesAll = rules.findIndex((rule) => listAt(rule, 'match').length === 0);
  const dead = rules.flatMap((rule, index) => (takesAll !== -1 && index > takesAll && serves(rule) ? [index] : []));
  const unknown = rules.flatMap((rule, index) =>
    listAt(rule, 'match').flatMap((match) =>
      (isRecord(match) ? Object.keys(match) : []).filter((name) => !MATCHES.has(name)).map((name) => ({ index, name })),
    ),
  );
  const left = rules.flatMap((rule, index) =>
    route.rule !== 'all' && index !== route.rule && serves(rule) ? [index] : [],
  );
  const mirrors = rules.flatMap((rule, index) => {
    const to = [at(rule, 'mirror'), ...listAt(rule, 'mirrors').map((one) => at(one, 'destination'))];
    return to.some((one) => one !== undefined && side(one) !== null) ? [index] : [];
  });
  const others = ['tcp', 'tls'].flatMap((protocol) => {
    const isServed = listAt(object, 'spec', protocol).some(serves);
    return isServed ? [protocol] : [];
  });
  return [
    ...dead.map((index) => ({
      what: `http[${index}] stands behind http[${takesAll}], which takes every request: its weights serve nobody`,
      fix: 'Put the rule without a match last',
    })),
    ...unknown.map(({ index, name }) => ({
      what: `http[${index}] matches by ${name}, which golive does not know`,
      fix: 'Match by something else during the cutover',
    })),
    ...left.map((index) => ({
      what: `http[${index}] leads to a release by itself: it is left where it is`,
      fix: 'Say rule: all for the route in the checklist, or take it out',
    })),
    ...mirrors.map((index) => ({
      what: `http[${index}] mirrors requests to a release, which no weight stops`,
      fix: 'End the mirroring before the cutover',
    })),
    ...others.map((protocol) => ({
      what: `${protocol} routes lead to a release by themselves`,
      fix: 'Take them out of the VirtualService for the cutover',
    })),
  ];
}

/** A subset that no DestinationRule declares is answered with 503, and refused by nobody. */
function subsetProblems({ namespace, stable, canary, subsets }: RouteName, others: readonly KubeObject[]) {
  if (!subsets) return [];
  const rules = others.filter(({ kind }) => kind === DESTINATION_RULES.kind);
  const declared = (host: string, subset: string): boolean =>
    rules.some(
      (rule) =>
        hostOf(textAt(rule, '', 'spec', 'host'), rule.metadata.namespace ?? '') === hostOf(host, namespace) &&
        listAt(rule, 'spec', 'subsets').some((one) => textAt(one, '', 'name') === subset),
    );
  return [[stable, subsets.stable] as const, [canary, subsets.canary] as const].flatMap(([host, subset]) =>
    declared(host, subset)
      ? []
      : [
          {
            what: `no DestinationRule of ${host} declares subset ${subset}: who is sent there gets 503`,
            fix: 'Declare the subset in the DestinationRule of the host',
          },
        ],
  );
}

/** Several VirtualServices of one host are merged in no order that can be relied on. */
function hostProblems(object: KubeObject, others: readonly KubeObject[]): readonly RouteProblem[] {
  const hostsOf = (one: KubeObject): readonly string[] =>
    listAt(one, 'spec', 'hosts').map((host) => hostOf(String(host), one.metadata.namespace ?? ''));
  const gatewaysOf = (one: KubeObject): readonly string[] => {
    const stated = listAt(one, 'spec', 'gateways').map(String);
    return stated.length === 0 ? ['mesh'] : stated;
  };
  const own = hostsOf(object);
  return others
    .filter(
      (one) =>
        one.kind === VIRTUAL_SERVICES.kind &&
        !(one.metadata.name === object.metadata.name && one.metadata.namespace === object.metadata.namespace) &&
        hostsOf(one).some((host) => own.includes(host)) &&
        gatewaysOf(one).some((gateway) => gatewaysOf(object).includes(gateway)),
    )
    .map(({ metadata }) => ({
      what: `VirtualService ${metadata.namespace ?? ''}/${metadata.name} has one of its hosts and gateways, too: which of both rules counts first is not defined`,
      fix: 'Merge both into one VirtualService',
    }));
}
