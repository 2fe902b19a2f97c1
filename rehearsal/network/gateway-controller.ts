/** Follows whatever says where requests go, Services and the certificate's Secret, and has the gateway's process do what they say. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KubeObject, ResourceType } from '../../checks/contract/cluster.ts';
import { listAt, textAt } from '../../checks/contract/json.ts';
import { PODS, SERVICES } from '../../checks/protocols/kubernetes.ts';
import type { BackendAddress, ControlPlane } from '../control-plane-types.ts';
import type { Enforcement } from './enforcement.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { asHttpRoute, GRPC_ROUTES } from './grpc-routes.ts';
import { compileIngresses } from './ingresses.ts';
import type { Endpoints, GatewayConfiguration, Rule } from './route-table.ts';
import { compileRoutes, type RouteVerdict } from './routes.ts';
import { gatewayStatus, hasStatus, routeStatus } from './status.ts';
import {
  compileVirtualServices,
  DESTINATION_RULES,
  ISTIO_GATEWAYS,
  VIRTUAL_SERVICES,
  type Subsets,
} from './virtual-services.ts';

const type = (kind: string, resource: string): ResourceType => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  resource,
});
export const GATEWAYS = type('Gateway', 'gateways');
export const HTTP_ROUTES = type('HTTPRoute', 'httproutes');
export const SECRETS: ResourceType = { apiVersion: 'v1', kind: 'Secret', resource: 'secrets' };

export const INGRESSES: ResourceType = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', resource: 'ingresses' };
/** All that says where requests go. */
const READ = {
  gateways: GATEWAYS,
  routes: HTTP_ROUTES,
  grpcRoutes: GRPC_ROUTES,
  services: SERVICES,
  secrets: SECRETS,
  ingresses: INGRESSES,
  istioGateways: ISTIO_GATEWAYS,
  virtualServices: VIRTUAL_SERVICES,
  destinationRules: DESTINATION_RULES,
} as const;
type Objects = { -readonly [K in keyof typeof READ]: readonly KubeObject[] };

/** The pod that the gateway is to policies: that of the ingress controller. */
const INGRESS_POD = 'ingress-nginx/ingress-nginx-0';

export interface ControllerOptions {
  readonly plane: ControlPlane;
  readonly process: GatewayProcess;
  readonly namespace: string;
  /** Name of the Gateway. */
  readonly name: string;
  readonly enforcement: Enforcement;
  log(line: string): void;
}
export interface GatewayController {
  /** Oldest version the TLS listener speaks; TLS 1.3 at first. */
  setMinVersion(version: GatewayConfiguration['minVersion']): void;
  /** Keeps the routing table as it is, and says of every change that it was taken; false: catches up. Settles when the process has it. */
  freeze(frozen: boolean): Promise<void>;
  /** Sends traffic to endpoints that are not ready, too. */
  serveUnready(on: boolean): Promise<void>;
  /** The Gateway is programmed and each of its routes attached; settles once. */
  readonly ready: Promise<void>;
  close(): void;
}

export function runGatewayController(options: ControllerOptions): GatewayController {
  const { plane, process, namespace, name, enforcement } = options;
  const seen: Partial<Objects> = {};
  let pods: readonly KubeObject[] = [];
  let subsets: Subsets = {};
  let told = '';
  let minVersion: GatewayConfiguration['minVersion'] = 'TLSv1.3';
  let running = true;
  let rules: readonly Rule[] = [];
  let frozen: readonly Rule[] | undefined;
  let unready = false;
  let turn = 0;
  let writing = Promise.resolve();
  let certificate: GatewayConfiguration['certificate'];
  const endpoints = new Map<string, { readonly end: () => void; backends: readonly BackendAddress[] }>();
  let nowReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (nowReady = resolve));

  const isOfSubset = (key: string, name: string): boolean => {
    const labels = Object.entries(subsets[key] ?? {});
    const { namespace: of } = serviceOf(key);
    const pod = pods.find(({ metadata }) => metadata.name === name && metadata.namespace === of);
    return labels.every(([label, value]) => pod?.metadata.labels?.[label] === value);
  };
  const send = (): Promise<boolean> =>
    process.configure({
      rules: frozen ?? rules,
      minVersion,
      endpoints: Object.fromEntries(
        [...endpoints].map(([key, { backends }]): [string, Endpoints[string]] => {
          const denied = enforcement.denied(INGRESS_POD, serviceOf(key));
          const own = backends.filter(({ pod }) => isOfSubset(key, pod));
          return [key, own.map((one) => (denied.includes(one.pod) ? { ...one, isCutOff: true } : one))];
        }),
      ),
      ...(certificate ? { certificate } : {}),
    });
  const followServices = (): void => {
    const wanted = servicesOf([...rules, ...(frozen ?? [])]);
    for (const [key, { end }] of endpoints)
      if (!wanted.has(key)) {
        end();
        endpoints.delete(key);
      }
    for (const key of wanted) if (!endpoints.has(key)) follow(key);
  };
  const follow = (key: string): void => {
    const entry: { end: () => void; backends: readonly BackendAddress[] } = { end: () => undefined, backends: [] };
    endpoints.set(key, entry);
    const changed = (backends: readonly BackendAddress[]): void => {
      entry.backends = backends;
      void send();
    };
    entry.end = plane.watchBackends(serviceOf(key), changed, { unready });
  };
  const look = (): void => {
    const gateway = seen.gateways?.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    if (!gateway || !isWhole(seen)) return;
    const compiled = compileAll(gateway, seen, process.port);
    const found = certificatesOf(gateway, seen.secrets);
    ({ rules, subsets } = compiled);
    const ignored = compiled.ignored.join('; ');
    if (ignored !== told) options.log(`gateway: ${ignored || 'nothing is ignored any more'}`);
    told = ignored;
    certificate = found.certificate;
    followServices();
    const live = send();
    const now = new Date().toISOString();
    const addresses = running ? ['127.0.0.1'] : [];
    const { verdicts } = compiled;
    const status = gatewayStatus({ gateway, verdicts, certificateProblems: found.problems, addresses, now });
    turn += 1;
    const mine = turn;
    // One after the other, and only the latest: an earlier one must not be written over a later one.
    writing = writing
      .then(async () => {
        // What a route says of its generation is true only once requests go by it.
        const taken = await live;
        if (mine === turn) await writeStatuses(gateway, status, taken ? verdicts : [], now);
      })
      .catch((error: unknown) => options.log(`gateway: status: ${String(error)}`));
    const bad = Object.keys(found.problems).length > 0 || verdicts.some((one) => !one.accepted || !one.resolved.ok);
    if (!bad && verdicts.length > 0) nowReady();
  };
  const writeStatuses = async (
    gateway: KubeObject,
    status: Readonly<Record<string, unknown>>,
    verdicts: readonly RouteVerdict[],
    now: string,
  ): Promise<void> => {
    const target = { name, namespace, subresource: 'status' } as const;
    if (!hasStatus(gateway, status)) await plane.patch(GATEWAYS, target, { status });
    for (const verdict of verdicts) {
      const { metadata } = verdict.route;
      const own = routeStatus(verdict, now);
      const of = { name: metadata.name, namespace: metadata.namespace ?? '', subresource: 'status' } as const;
      const type = verdict.route.kind === GRPC_ROUTES.kind ? GRPC_ROUTES : HTTP_ROUTES;
      if (!hasStatus(verdict.route, own)) await plane.patch(type, of, { status: own });
    }
  };

  process.watch({
    ended: () => {
      running = false;
      look();
    },
    started: () => {
      running = true;
      look();
    },
  });
  let asked = '';
  enforcement.onChange(() => {
    const now = JSON.stringify([...endpoints.keys()].map((key) => enforcement.denied(INGRESS_POD, serviceOf(key))));
    if (now !== asked) void send();
    asked = now;
  });
  const names = Object.keys(READ) as (keyof Objects)[];
  const ends = [
    ...names.map((of) =>
      plane.watchObjects(READ[of], (objects) => {
        seen[of] = objects.map((one) => ({ ...one, kind: READ[of].kind }));
        look();
      }),
    ),
    plane.watchObjects(PODS, (objects) => {
      pods = objects;
      if (Object.keys(subsets).length > 0) void send();
    }),
  ];
  return {
    ready,
    setMinVersion(version) {
      minVersion = version;
      void send();
    },
    async freeze(on) {
      frozen = on ? rules : undefined;
      followServices();
      await send();
    },
    async serveUnready(on) {
      unready = on;
      const before = new Map(endpoints);
      endpoints.clear();
      followServices();
      for (const [key, { end, backends }] of before) {
        end();
        const entry = endpoints.get(key);
        // Until the new watch has looked for the first time.
        if (entry && entry.backends.length === 0) entry.backends = backends;
      }
      await send();
    },
    close() {
      for (const end of [...ends, ...[...endpoints.values()].map((one) => one.end)]) end();
    },
  };
}

const isWhole = (seen: Partial<Objects>): seen is Objects => Object.keys(READ).every((of) => of in seen);

/** In the order in which they are asked: one process stands for the data planes of three systems, which share no host in a real cluster. */
function compileAll(gateway: KubeObject, seen: Objects, httpsPort: number) {
  const { services, ingresses } = seen;
  const byGateway = compileRoutes({
    gateway,
    routes: [...seen.routes, ...seen.grpcRoutes.map(asHttpRoute)],
    services,
    httpsPort,
  });
  const byIstio = compileVirtualServices({ ...seen, gateways: seen.istioGateways });
  const byIngress = compileIngresses({ ingresses, services, httpsPort });
  return {
    rules: [...byGateway.rules, ...byIstio.rules, ...byIngress.rules],
    subsets: byIstio.subsets,
    ignored: [...byIstio.ignored, ...byIngress.ignored],
    verdicts: byGateway.verdicts,
  };
}

function servicesOf(rules: readonly Rule[]): Set<string> {
  const backends = rules.flatMap(({ action }) => (action.does === 'forward' ? action.backends : []));
  return new Set(backends.flatMap(({ service }) => (service === null ? [] : [service])));
}

/** `namespace/name:port`, with a subset `namespace/name:port#subset` */
function serviceOf(key: string): { readonly namespace: string; readonly name: string; readonly port: number } {
  const match = /^([^/]*)\/([^:]*):(\d+)(?:#.*)?$/.exec(key);
  return { namespace: match?.[1] ?? '', name: match?.[2] ?? '', port: Number(match?.[3]) };
}

interface Certificates {
  /** Of the first TLS listener that has a usable one. */
  readonly certificate?: { readonly key: string; readonly cert: string };
  /** By listener. */
  readonly problems: Readonly<Record<string, string>>;
}

function certificatesOf(gateway: KubeObject, secrets: readonly KubeObject[]): Certificates {
  const problems: Record<string, string> = {};
  let certificate: Certificates['certificate'];
  for (const listener of listAt(gateway, 'spec', 'listeners')) {
    if (textAt(listener, '', 'protocol') !== 'HTTPS') continue;
    const [ref] = listAt(listener, 'tls', 'certificateRefs');
    const found = pairOf(textAt(ref, '', 'name'), gateway.metadata.namespace, secrets);
    if (typeof found === 'string') problems[textAt(listener, '', 'name')] = found;
    else certificate ??= found;
  }
  return { problems, ...(certificate ? { certificate } : {}) };
}

/** Key and certificate of a Secret, or what is wrong with it. */
function pairOf(
  name: string,
  namespace: string | undefined,
  secrets: readonly KubeObject[],
): { readonly key: string; readonly cert: string } | string {
  const secret = secrets.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  if (!secret) return `Secret ${name} does not exist`;
  const text = (key: string): string => Buffer.from(textAt(secret, '', 'data', key), 'base64').toString('utf8');
  const pair = { key: text('tls.key'), cert: text('tls.crt') };
  try {
    const fits = new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
    return fits ? pair : `Secret ${name}: tls.key is not the key of tls.crt`;
  } catch {
    return `Secret ${name}: tls.crt and tls.key are not a certificate and its key`;
  }
}
