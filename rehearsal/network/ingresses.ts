/**
 * From Ingress objects to the rules of the gateway's process, as ingress-nginx has it, as a pure function. A canary that has no effect there
 * has none here, and no object says so. What is not built (canary by cookie or pattern, rewrites, snippets) makes an Ingress ignored.
 */
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, listAt, textAt } from '../../checks/contract/json.ts';
import type { Rule, RuleAction, WeightedBackend } from './route-table.ts';

const PREFIX = 'nginx.ingress.kubernetes.io/';
const CLASS = 'nginx';
/** Annotations that the gateway does, or that change nothing it does. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['canary', 'canary-weight', 'canary-weight-total', 'canary-by-header', 'canary-by-header-value'],
  ...['ssl-redirect', 'force-ssl-redirect', 'proxy-body-size', 'proxy-read-timeout', 'proxy-send-timeout'],
]);

export interface IngressObjects {
  readonly ingresses: readonly KubeObject[];
  readonly services: readonly KubeObject[];
  /** Port that a redirect to https names. */
  readonly httpsPort: number;
}
export interface CompiledIngresses {
  readonly rules: readonly Rule[];
  /** What has no effect, and why: the controller tells it in its log alone. */
  readonly ignored: readonly string[];
}

interface Path {
  readonly ingress: KubeObject;
  readonly host: string;
  readonly path: string;
  readonly type: string;
  /** `namespace/name:port` */
  readonly service: string | null;
}
const keyOf = ({ host, path, type }: Path): string => `${host} ${type} ${path}`;
const nameOf = ({ metadata }: KubeObject): string => `Ingress ${metadata.namespace ?? ''}/${metadata.name}`;
const annotation = (ingress: KubeObject, name: string): string => ingress.metadata.annotations?.[PREFIX + name] ?? '';
const isCanary = (ingress: KubeObject): boolean => annotation(ingress, 'canary') === 'true';

export function compileIngresses({ ingresses, services, httpsPort }: IngressObjects): CompiledIngresses {
  const ignored: string[] = [];
  const served = ingresses.filter((one) => {
    if (!isOfClass(one)) return false;
    const unknown = unknownOf(one);
    if (unknown.length > 0) ignored.push(`${nameOf(one)}: ${unknown.join(', ')} is not built here`);
    return unknown.length === 0;
  });
  const paths = served.flatMap((one) => pathsOf(one, services));
  const primaries = oldestFirst(paths.filter(({ ingress }) => !isCanary(ingress)));
  const canaries = oldestFirst(paths.filter(({ ingress }) => isCanary(ingress)));
  const isPrimary = new Set(primaries.map(({ service }) => service));
  const taken = new Map<string, Path>();
  for (const canary of canaries) {
    const drop = (why: string): number => ignored.push(`${nameOf(canary.ingress)}: ${keyOf(canary)}: ${why}`);
    if (!primaries.some((one) => keyOf(one) === keyOf(canary))) drop('no Ingress has that host, path and type');
    else if (isPrimary.has(canary.service)) drop('its Service is what another Ingress serves');
    else if (taken.has(keyOf(canary))) drop('there is another canary of it');
    else taken.set(keyOf(canary), canary);
  }
  const firsts = [...new Map(primaries.toReversed().map((one) => [keyOf(one), one])).values()];
  const rules = firsts.sort(byPrecedence).flatMap((primary) => rulesOf(primary, taken.get(keyOf(primary)), httpsPort));
  return { rules, ignored };
}

const isOfClass = (ingress: KubeObject): boolean =>
  textAt(ingress, ingress.metadata.annotations?.['kubernetes.io/ingress.class'] ?? '', 'spec', 'ingressClassName') ===
  CLASS;

const unknownOf = ({ metadata }: KubeObject): readonly string[] =>
  Object.keys(metadata.annotations ?? {}).filter(
    (name) => name.startsWith(PREFIX) && !KNOWN.has(name.slice(PREFIX.length)),
  );

function pathsOf(ingress: KubeObject, services: readonly KubeObject[]): readonly Path[] {
  return listAt(ingress, 'spec', 'rules').flatMap((rule) =>
    listAt(rule, 'http', 'paths').map((path) => ({
      ingress,
      host: textAt(rule, '', 'host').toLowerCase(),
      path: textAt(path, '/', 'path'),
      type: textAt(path, '', 'pathType'),
      service: serviceOf(ingress, at(path, 'backend', 'service'), services),
    })),
  );
}

function serviceOf(ingress: KubeObject, backend: unknown, services: readonly KubeObject[]): string | null {
  const { namespace = '' } = ingress.metadata;
  const name = textAt(backend, '', 'name');
  const service = services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  const [number, named] = [at(backend, 'port', 'number'), at(backend, 'port', 'name')];
  const port = listAt(service, 'spec', 'ports').find((one) => at(one, 'port') === number || at(one, 'name') === named);
  return port === undefined ? null : `${namespace}/${name}:${String(at(port, 'port'))}`;
}

const ageOf = ({ ingress: { metadata } }: Path): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
const oldestFirst = (paths: readonly Path[]): readonly Path[] =>
  [...paths].sort((a, b) => (ageOf(a) < ageOf(b) ? -1 : ageOf(a) > ageOf(b) ? 1 : 0));

/** A host before a wildcard and that before any, exact paths before prefixes, longer ones first. */
function byPrecedence(a: Path, b: Path): number {
  const rank = ({ host }: Path): number => (host === '' ? 2 : host.startsWith('*') ? 1 : 0);
  const exact = ({ type }: Path): number => (type === 'Exact' ? 0 : 1);
  return rank(a) - rank(b) || exact(a) - exact(b) || b.path.length - a.path.length;
}

function rulesOf(primary: Path, canary: Path | undefined, httpsPort: number): readonly Rule[] {
  const { ingress, host, path, type } = primary;
  const { namespace = '', name } = ingress.metadata;
  const hasTls = listAt(ingress, 'spec', 'tls').length > 0 && annotation(ingress, 'ssl-redirect') !== 'false';
  const rule = (listener: Rule['listener'], action: RuleAction, header?: readonly [string, string]): Rule => ({
    id: `ingress/${namespace}/${name}/${listener}/${host}/${type}/${path}/${header?.join('=') ?? ''}`,
    listener,
    hostname: host,
    path: { type: type === 'Exact' ? 'Exact' : 'PathPrefix', value: path },
    headers: header ? [header] : [],
    query: [],
    action,
  });
  const forwards = (listener: Rule['listener']): readonly Rule[] => [
    ...headersOf(canary).map(([header, toCanary]) =>
      rule(listener, forward([{ service: (toCanary ? canary : primary)?.service ?? null, weight: 1 }]), header),
    ),
    rule(listener, forward(sharesOf(primary, canary))),
  ];
  const plain: readonly Rule[] = hasTls
    ? [rule('HTTP', { does: 'redirect', scheme: 'https', port: httpsPort, status: 308 })]
    : forwards('HTTP');
  return [...forwards('HTTPS'), ...plain];
}

const forward = (backends: readonly WeightedBackend[]): RuleAction => ({ does: 'forward', backends });

/** Requests that are sent by a header, whatever the weight is: with a value by that alone, else by `always` and `never`. */
function headersOf(canary: Path | undefined): readonly (readonly [readonly [string, string], boolean])[] {
  const header = canary ? annotation(canary.ingress, 'canary-by-header').toLowerCase() : '';
  if (!canary || header === '') return [];
  const value = annotation(canary.ingress, 'canary-by-header-value');
  if (value !== '') return [[[header, value], true]];
  return [
    [[header, 'always'], true],
    [[header, 'never'], false],
  ];
}

/** A total counts only above 100. */
function sharesOf(primary: Path, canary: Path | undefined): readonly WeightedBackend[] {
  if (!canary) return [{ service: primary.service, weight: 1 }];
  const number = (name: string): number => Number(annotation(canary.ingress, name) || 0);
  const total = Math.max(100, number('canary-weight-total'));
  const weight = Math.min(total, Math.max(0, number('canary-weight') || 0));
  return [
    { service: primary.service, weight: total - weight },
    { service: canary.service, weight },
  ];
}
