/**
 * ingress-nginx: the weight of a canary Ingress beside the Ingress of the release that serves. All values are strings. Nothing in the
 * objects tells that a canary has no effect; the controller logs it. What it goes by is therefore looked at here.
 */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import {
  lastManagerOf,
  onThisVersion,
  refused,
  targetOf,
  type RouteName,
  type RouteProblem,
  type SplitState,
  type TrafficSystem,
} from './system.ts';

const PREFIX = 'nginx.ingress.kubernetes.io/';
const WEIGHT = `${PREFIX}canary-weight`;
const TOTAL = `${PREFIX}canary-weight-total`;
/** Annotations of a canary that this adapter knows, and those of them that send users to it whatever the weight is. */
const KNOWN: ReadonlySet<string> = new Set(
  [
    'canary',
    'canary-weight',
    'canary-weight-total',
    'canary-by-header',
    'canary-by-header-value',
    'canary-by-header-pattern',
  ].map((name) => PREFIX + name),
);
const DEFAULT_TOTAL = 100;

export const ingressNginxSystem: TrafficSystem = {
  type: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', resource: 'ingresses' },
  atAChange:
    'Each request is drawn anew, so connections do not matter; each replica of the controller takes the weight at its own time. A cookie of session affinity pins its user.',
  besides: [],
  state(object, route): SplitState {
    const { weight, total } = sharesOf(object, route);
    const weights = { stable: total - weight, canary: weight };
    return {
      weights,
      splits: [weights],
      // Annotations change no generation.
      generation: object.metadata.generation ?? 0,
      resourceVersion: object.metadata.resourceVersion ?? '',
      accepted: true,
      why: null,
      lastManager: lastManagerOf(object, ['f:metadata', 'f:annotations', `f:${WEIGHT}`]),
    };
  },
  operations(object, route, { stable, canary }) {
    const { total } = sharesOf(object, route);
    const weight = (canary / (stable + canary)) * total;
    if (!Number.isInteger(weight))
      throw refused(targetOf(ingressNginxSystem, route), {
        what: `${canary} of ${stable + canary} is no whole number of a total weight of ${total}`,
        fix: `Set ${TOTAL} to a multiple of 100`,
      });
    return [
      onThisVersion(object),
      { op: 'test', path: pointer(`${PREFIX}canary`), value: 'true' },
      { op: 'add', path: pointer(WEIGHT), value: String(weight) },
    ];
  },
  problems(object, route, others) {
    const ingresses = [object, ...others.filter((one) => !isSame(one, object))].filter(
      ({ kind }) => kind === 'Ingress',
    );
    return [...affinityProblems(object, route, ingresses), ...pathProblems(object, route, ingresses)];
  },
};

const pointer = (annotation: string): string =>
  `/metadata/annotations/${annotation.replace(/~/g, '~0').replace(/\//g, '~1')}`;
const annotationOf = (object: KubeObject, name: string): string => object.metadata.annotations?.[PREFIX + name] ?? '';
const isCanary = (object: KubeObject): boolean => annotationOf(object, 'canary') === 'true';
const isSame = (one: KubeObject, other: KubeObject): boolean =>
  one.metadata.namespace === other.metadata.namespace && one.metadata.name === other.metadata.name;

/** The total counts only above 100, as the controller has it. */
function sharesOf(object: KubeObject, route: RouteName): { readonly weight: number; readonly total: number } {
  const refuse = (what: string, fix: string) => refused(targetOf(ingressNginxSystem, route), { what, fix });
  const names = Object.keys(object.metadata.annotations ?? {});
  if (!isCanary(object))
    throw refuse(`it is no canary (${PREFIX}canary is not "true")`, 'Name the canary Ingress in the checklist');
  const unknown = names.filter((name) => name.startsWith(`${PREFIX}canary`) && !KNOWN.has(name));
  if (unknown.length > 0)
    throw refuse(`${unknown.join(', ')} sends users by what no weight moves`, 'Remove it before the cutover');
  const [weight, total] = [numberOf(object, WEIGHT, 0), numberOf(object, TOTAL, DEFAULT_TOTAL)];
  if (weight === null || total === null)
    throw refuse('its weight or the total of weights is no whole number', `Write ${WEIGHT} as a string: "0"`);
  const counted = total > DEFAULT_TOTAL ? total : DEFAULT_TOTAL;
  if (weight > counted) throw refuse(`its weight is ${weight} of ${counted}`, `Set ${WEIGHT} to at most ${counted}`);
  return { weight, total: counted };
}

function numberOf(object: KubeObject, name: string, absent: number): number | null {
  const text = object.metadata.annotations?.[name];
  if (text === undefined) return absent;
  return /^\d+$/.test(text) ? Number(text) : null;
}

interface Path {
  readonly host: string;
  readonly path: string;
  readonly pathType: string;
  readonly service: string;
}
const keyOf = ({ host, path, pathType }: Path): string => `${host || '*'}${path} (${pathType})`;

function pathsOf(object: KubeObject): readonly Path[] {
  const service = (from: unknown): string => textAt(from, '', 'service', 'name');
  const stated = listAt(object, 'spec', 'rules').flatMap((rule) =>
    listAt(rule, 'http', 'paths').map((path) => ({
      host: textAt(rule, '', 'host'),
      path: textAt(path, '/', 'path'),
      pathType: textAt(path, '', 'pathType'),
      service: service(at(path, 'backend')),
    })),
  );
  const byDefault = service(at(object, 'spec', 'defaultBackend'));
  return byDefault === '' ? stated : [...stated, { host: '', path: '/', pathType: 'default', service: byDefault }];
}

/** A canary counts where another Ingress has its host, path and type, of another Service; as a primary of anything it counts nowhere. */
function pathProblems(object: KubeObject, route: RouteName, all: readonly KubeObject[]): readonly RouteProblem[] {
  const nameOf = ({ metadata }: KubeObject): string => `Ingress ${metadata.namespace ?? ''}/${metadata.name}`;
  const inNamespace = all.filter(({ metadata }) => metadata.namespace === object.metadata.namespace);
  const primaries = inNamespace.filter((one) => !isCanary(one));
  const own = pathsOf(object);
  const strange = own.filter(({ service }) => service !== route.canary);
  const elsewhere = primaries.filter((one) => pathsOf(one).some(({ service }) => service === route.canary));
  const rivals = inNamespace.filter(
    (one) =>
      isCanary(one) && !isSame(one, object) && pathsOf(one).some((path) => own.some((it) => keyOf(it) === keyOf(path))),
  );
  const served = primaries.flatMap((primary) => pathsOf(primary).map((path) => ({ primary, path })));
  const left = served.filter(
    ({ path }) => path.service === route.stable && !own.some((one) => keyOf(one) === keyOf(path)),
  );
  const unmatched = own.filter(
    (path) => !served.some(({ path: other }) => keyOf(other) === keyOf(path) && other.service === route.stable),
  );
  return [
    ...(own.length === 0
      ? [{ what: 'it has no path', fix: 'Give it the host and path of the release that serves' }]
      : []),
    ...strange.map((path) => ({
      what: `${keyOf(path)} goes to Service ${path.service}, not to ${route.canary}`,
      fix: 'Correct the Ingress, or canary of the route in the checklist',
    })),
    ...unmatched.map((path) => ({
      what: `no Ingress serves ${keyOf(path)} by ${route.stable}: the controller drops the canary, and says so in its log alone`,
      fix: 'Give both Ingresses the same host, path and pathType',
    })),
    ...elsewhere.map((one) => ({
      what: `Service ${route.canary} is what ${nameOf(one)} serves by itself: the controller takes it for no canary`,
      fix: 'Give the canary a Service of its own',
    })),
    ...rivals.map((one) => ({
      what: `${nameOf(one)} is a canary of the same path, and only one counts`,
      fix: 'Remove one of both',
    })),
    ...left.map(({ primary, path }) => ({
      what: `${nameOf(primary)} serves ${keyOf(path)} by ${route.stable}, and the canary has no such path: it is left on the old release`,
      fix: 'Give the canary Ingress that host and path, too',
    })),
  ];
}

/** A sticky cookie keeps its user on the side that was drawn, also when the weight is 0 again. */
function affinityProblems(
  object: KubeObject,
  { stable }: RouteName,
  all: readonly KubeObject[],
): readonly RouteProblem[] {
  const primaries = all.filter((one) => !isCanary(one) && pathsOf(one).some(({ service }) => service === stable));
  return [object, ...primaries].flatMap((one) => {
    const isSticky =
      annotationOf(one, 'affinity') === 'cookie' && annotationOf(one, 'affinity-canary-behavior') !== 'legacy';
    if (!isSticky) return [];
    return [
      {
        what: `session affinity of Ingress ${one.metadata.name} pins users to the new release: weight 0 does not take them back`,
        fix: `Set ${PREFIX}affinity-canary-behavior: legacy for the cutover`,
      },
    ];
  });
}
