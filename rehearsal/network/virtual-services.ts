/**
 * From VirtualServices that a Gateway of Istio takes to the rules of the gateway's process, as a pure function. The first rule that matches
 * counts. One that asks for what is not built (regular expressions, rewrites, faults, mirrors) is ignored whole: a rule left out would give
 * its requests to the next.
 */
import type { KubeObject, ResourceType } from '../../checks/contract/cluster.ts';
import { at, isRecord, listAt, numberAt, textAt } from '../../checks/contract/json.ts';
import { hostMatches, type Rule, type WeightedBackend } from './route-table.ts';

const type = (kind: string, resource: string): ResourceType => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  resource,
});
export const ISTIO_GATEWAYS = type('Gateway', 'gateways');
export const VIRTUAL_SERVICES = type('VirtualService', 'virtualservices');
export const DESTINATION_RULES = type('DestinationRule', 'destinationrules');

const RULE: ReadonlySet<string> = new Set(['name', 'match', 'route', 'timeout', 'retries']);
const MATCH: ReadonlySet<string> = new Set(['name', 'uri', 'method', 'headers', 'queryParams']);

export interface IstioObjects {
  readonly gateways: readonly KubeObject[];
  readonly virtualServices: readonly KubeObject[];
  readonly destinationRules: readonly KubeObject[];
  readonly services: readonly KubeObject[];
}
/** Labels of the pods of a subset, by the service of a backend: `shop/web:80#v2`. */
export type Subsets = Readonly<Record<string, Readonly<Record<string, string>>>>;
export interface CompiledVirtualServices {
  readonly rules: readonly Rule[];
  readonly subsets: Subsets;
  readonly ignored: readonly string[];
}

export function compileVirtualServices(objects: IstioObjects): CompiledVirtualServices {
  const subsets: Record<string, Readonly<Record<string, string>>> = {};
  const ignored: string[] = [];
  const rules = objects.virtualServices.flatMap((one) => {
    const listeners = listenersOf(one, objects.gateways);
    if (listeners.length === 0) return [];
    const unknown = unknownOf(one);
    if (unknown.length > 0) {
      ignored.push(
        `VirtualService ${one.metadata.namespace ?? ''}/${one.metadata.name}: ${unknown.join(', ')} is not built here`,
      );
      return [];
    }
    return listeners.flatMap((listener) => rulesOf(one, listener, { ...objects, subsets }));
  });
  return { rules: rules.sort(byHost), subsets, ignored };
}

interface Listener {
  readonly name: Rule['listener'];
  readonly host: string;
}

/** Where it is taken: it names the Gateway, and a server of that has the host. Without gateways it is the mesh's alone. */
function listenersOf(service: KubeObject, gateways: readonly KubeObject[]): readonly Listener[] {
  const { namespace = '' } = service.metadata;
  const named = listAt(service, 'spec', 'gateways').map((name) =>
    String(name).includes('/') ? String(name) : `${namespace}/${String(name)}`,
  );
  const servers = gateways
    .filter(({ metadata }) => named.includes(`${metadata.namespace ?? ''}/${metadata.name}`))
    .flatMap((gateway) => listAt(gateway, 'spec', 'servers'));
  return listAt(service, 'spec', 'hosts').flatMap((host) =>
    servers.flatMap((server): readonly Listener[] => {
      // `namespace/host`, of which the namespace narrows who may bind.
      const hosts = listAt(server, 'hosts').map((one) => String(one).replace(/^[^/]*\//, ''));
      const isServed = hosts.some((one) => one === '*' || hostMatches(one, String(host)));
      const name = textAt(server, '', 'port', 'protocol') === 'HTTPS' ? 'HTTPS' : 'HTTP';
      return isServed ? [{ name, host: String(host).toLowerCase() }] : [];
    }),
  );
}

function unknownOf(service: KubeObject): readonly string[] {
  const keysBesides = (value: unknown, known: ReadonlySet<string>): readonly string[] =>
    isRecord(value) ? Object.keys(value).filter((key) => !known.has(key)) : [];
  return listAt(service, 'spec', 'http').flatMap((rule) => [
    ...keysBesides(rule, RULE),
    ...listAt(rule, 'route').flatMap((route) => keysBesides(route, new Set(['destination', 'weight']))),
    ...listAt(rule, 'match').flatMap((match) => [
      ...keysBesides(match, MATCH),
      ...['uri', 'method'].flatMap((name) => keysBesides(at(match, name), new Set(['exact', 'prefix']))),
      ...keysBesides(at(match, 'method'), new Set(['exact'])),
      ...['headers', 'queryParams'].flatMap((name) =>
        Object.values(recordAt(match, name)).flatMap((one) => keysBesides(one, new Set(['exact']))),
      ),
    ]),
  ]);
}

function rulesOf(
  service: KubeObject,
  { name: listener, host }: Listener,
  objects: IstioObjects & { readonly subsets: Record<string, Readonly<Record<string, string>>> },
): readonly Rule[] {
  const { namespace = '', name } = service.metadata;
  return listAt(service, 'spec', 'http').flatMap((rule, index) => {
    const matches = listAt(rule, 'match');
    const all = listAt(rule, 'route');
    const backends = all.map((route) => backendOf(namespace, route, all.length, objects));
    return (matches.length === 0 ? [{}] : matches).map((match, at_): Rule => {
      const [exact, method] = [at(match, 'uri', 'exact'), at(match, 'method', 'exact')];
      return {
        id: `virtualservice/${namespace}/${name}/${listener}/${host}/${index}/${at_}`,
        listener,
        hostname: host === '*' ? '' : host,
        path:
          typeof exact === 'string'
            ? { type: 'Exact', value: exact }
            : { type: 'TextPrefix', value: textAt(match, '', 'uri', 'prefix') },
        ...(typeof method === 'string' ? { method } : {}),
        headers: pairs(match, 'headers').map(([key, value]) => [key.toLowerCase(), value] as const),
        query: pairs(match, 'queryParams'),
        action: { does: 'forward', backends },
      };
    });
  });
}

const recordAt = (value: unknown, name: string): Readonly<Record<string, unknown>> => {
  const found = at(value, name);
  return isRecord(found) ? found : {};
};
const pairs = (match: unknown, name: string): readonly (readonly [string, string])[] =>
  Object.entries(recordAt(match, name)).map(([key, value]) => [key, textAt(value, '', 'exact')] as const);

/** One destination gets all; of several one without a weight gets nothing. A subset that nobody declares is answered by an error. */
function backendOf(
  namespace: string,
  route: unknown,
  count: number,
  { services, destinationRules, subsets }: Parameters<typeof rulesOf>[2],
): WeightedBackend {
  const weight = count === 1 ? 100 : numberAt(route, 'weight') || 0;
  const [name = '', where = namespace] = textAt(route, '', 'destination', 'host').split('.');
  const service = services.find(({ metadata }) => metadata.name === name && metadata.namespace === where);
  const ports = listAt(service, 'spec', 'ports').map((one) => numberAt(one, 'port'));
  const named = numberAt(route, 'destination', 'port', 'number');
  const wanted = Number.isNaN(named) && ports.length === 1 ? ports[0] : named;
  if (wanted === undefined || !ports.includes(wanted)) return { service: null, weight };
  const key = `${where}/${name}:${String(wanted)}`;
  const subset = textAt(route, '', 'destination', 'subset');
  if (subset === '') return { service: key, weight };
  const declared = destinationRules
    .filter((rule) =>
      [name, `${name}.${where}`, `${name}.${where}.svc.cluster.local`].includes(textAt(rule, '', 'spec', 'host')),
    )
    .flatMap((rule) => listAt(rule, 'spec', 'subsets'))
    .find((one) => textAt(one, '', 'name') === subset);
  if (declared === undefined) return { service: null, weight };
  const labels = Object.entries(recordAt(declared, 'labels')).map(([label, value]) => [label, String(value)] as const);
  subsets[`${key}#${subset}`] = Object.fromEntries(labels);
  return { service: `${key}#${subset}`, weight };
}

/** Exact hosts before wildcards, longer ones first; within one host rules stay in their order. */
function byHost(a: Rule, b: Rule): number {
  const wildcard = ({ hostname }: Rule): number => (hostname.startsWith('*') || hostname === '' ? 1 : 0);
  return wildcard(a) - wildcard(b) || b.hostname.length - a.hostname.length;
}
