/**
 * The platform as a whole: monitoring, stores, registry, DNS, gateway and control plane start beside each other, then the manifests
 * are applied, and it is ready when the pods of both colours answer. Each part reports how it stands to the state file.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AuditEvent, ControlPlane, StartControlPlane } from './control-plane-types.ts';
import { addContainerLevers } from './images/container-levers.ts';
import { addDeploymentLevers } from './images/deployment-levers.ts';
import { neighbourManifests } from './stand-ins/neighbours.ts';
import { placeDocuments } from './documents/documents.ts';
import { platformImages } from './images/index.ts';
import { addManifestLevers, MANIFESTS } from './manifest-levers.ts';
import { readManifests, writeManifests } from './manifests.ts';
import type { TargetGroup } from './monitoring/discovery.ts';
import { startMonitoring, type Monitoring } from './monitoring/monitoring.ts';
import { openServiceAddresses, type ServiceProxies } from './network/service-proxies.ts';
import { keepPortShut } from './network/closed-port.ts';
import { enforcePolicies } from './network/enforcement.ts';
import type { DnsServer } from './network/dns-server.ts';
import type { GatewayProcess } from './network/gateway-process.ts';
import { attachGateway, gatewayValues, startGateway, startNames } from './network/network.ts';
import { startUsers } from './network/users.ts';
import { makeLedgerKey } from './ledger-key.ts';
import { addObjectLevers } from './object-levers.ts';
import { trackParts, type PartTracker, type PlatformReporter } from './part-tracker.ts';
import type { PlatformContext } from './platform-types.ts';
import { addPeople } from './people/signers.ts';
import { addSimulatedDays } from './days/simulated.ts';
import { startPostgres } from './postgres/server.ts';
import { imageDigest, pinned } from './registry/image-manifests.ts';
import { startRegistry, type Registry } from './registry/server.ts';
import { createSecrets, type RehearsalSecrets } from './secrets.ts';
import { kubeconfigPath, writeAtomically } from '../fixtures/rehearsal-client/state-file.ts';
import type { Stores } from './stores/images.ts';
import { addStoreLevers } from './stores/levers.ts';
import { createPgbouncer } from './stores/pgbouncer.ts';
import { startRedis } from './stores/redis.ts';
import { startDetector } from './stand-ins/detector.ts';
import { startSource } from './source/source.ts';
import { startGrafana } from './stand-ins/grafana-process.ts';
import { startLoki, type StandInServer } from './stand-ins/loki-process.ts';
import { startNotified, type Notified } from './stand-ins/notified/index.ts';
import { startScanner } from './stand-ins/scanner.ts';
import { createStoreSecrets, type StoreSecrets } from './stores/secrets.ts';
import { NAMESPACE, NODES, SERVICES, STORES } from './topology.ts';

export type { PlatformReporter } from './part-tracker.ts';

/** As a ServiceMonitor of the gateway would label it. */
const GATEWAY_TARGET = { job: 'mcp-gateway', namespace: NAMESPACE } as const;
/** Replicas that must be ready at first, of each colour. */
const REPLICAS = { typescriptApi: 2, learningSystem: 1, rustServer: 1 } as const;

export interface Platform {
  stop(): Promise<void>;
  /** Writes of the API server's store so far, for the watchdog; 0 where it does not count them. */
  writes(): number;
}

/** What runs beside the cluster, each as soon as it is there. */
interface Parts {
  readonly monitoring: Promise<Monitoring>;
  readonly gateway: Promise<GatewayProcess>;
  readonly dns: Promise<DnsServer>;
  readonly proxies: Promise<ServiceProxies>;
  readonly registry: Promise<Registry>;
  readonly logs: Promise<StandInServer>;
  readonly grafana: Promise<StandInServer>;
  readonly notified: Promise<Notified>;
  readonly control: Promise<ControlPlane>;
}

/** Starts everything and settles when all components are ready. Rejects with a message for people when one cannot start. */
export async function startPlatform(
  context: PlatformContext,
  startControlPlane: StartControlPlane,
  report: PlatformReporter,
  started: (platform: Platform) => void,
): Promise<void> {
  const secrets = createSecrets(context.dir);
  const storeSecrets = createStoreSecrets(context, {
    postgres: secrets.postgresPassword,
    redis: secrets.redisPassword,
  });
  const track = trackParts(report, performance.now());
  placeDocuments(context);
  const k8s = join(dirname(context.dist), 'k8s');
  const plane = deferred<ControlPlane>();
  const targets: TargetGroup[] = [];
  // First of all: Prometheus looks at its targets for the first time five seconds after its start.
  const monitoring = track.part(
    'prometheus',
    startMonitoring(context, k8s, plane.promise, () => targets),
    (one) => one.prometheus.pid(),
  );
  const stores = startStores(context, storeSecrets, track, () => proxies);
  const gateway = track.part('gateway', startGateway(context), (one) => one.pid());
  const dns = track.part('dns', startNames(context), (one) => one.pid());
  const registry = track.part('registry', startRegistry(context), (one) => one.pid());
  const logs = track.part('logs', startLoki(context), (one) => one.pid());
  const grafana = track.part(
    'grafana',
    Promise.all([monitoring, logs]).then(([{ prometheus }, { url }]) =>
      startGrafana(context, { prometheus: prometheus.url, loki: url }),
    ),
    (one) => one.pid(),
  );
  const notified = monitoring.then(({ receiver }) => startNotified(context, receiver));
  const detector = startDetector(context, monitoring, plane.promise);
  const source = startSource(context, stores.postgres);
  source.catch(() => undefined);
  const enforcement = enforcePolicies(context.levers, plane.promise);
  const proxies = track.part('service-proxies', openServiceAddresses(context, plane.promise, enforcement), (one) =>
    one.pid(),
  );
  const control = track.part(
    'control-plane',
    beginControlPlane(context, startControlPlane, { stores, proxies, audit: detector.take }),
    () => process.pid,
  );
  control.then(plane.resolve, plane.reject);
  const parts: Parts = { monitoring, gateway, dns, proxies, registry, logs, grafana, notified, control };
  const users: { stop(): void }[] = [];
  started(platformOf(parts, users));
  tellValues(parts, stores, track, report);
  void keepPortShut(context.levers).then((closedPort) => report.values({ closedPort }));
  gateway.then(
    ({ metricsPort }) => targets.push({ targets: [`127.0.0.1:${metricsPort}`], labels: GATEWAY_TARGET }),
    () => undefined,
  );

  const api = await control;
  addObjectLevers(context.levers, api);
  addContainerLevers(context.levers, api);
  addDeploymentLevers(context.levers, api);
  addStoreLevers(context.levers, stores);
  addManifestLevers(context, dirname(k8s));
  const pull = await registry;
  const scanner = startScanner(context, api, pull);
  await publish(context, api, secrets, [...storeSecrets.manifests, ...pull.manifests, ...neighbourManifests()], k8s);
  report.values({ apiServer: api.url });
  const front = await attachGateway(context, api, await gateway, k8s, enforcement);
  const others = [monitoring, dns, proxies, logs, grafana, notified, stores.pgbouncer.port, source];
  await Promise.all([podsReady(api, stores, track), front.ready, scanner.ready, ...others]);
  users.push(startUsers(context, await gateway, secrets));
}

function startStores(
  context: PlatformContext,
  secrets: StoreSecrets,
  track: PartTracker,
  proxies: () => Promise<ServiceProxies>,
): Stores {
  const { service, port } = STORES.postgres;
  return {
    postgres: track.part(
      'postgres',
      startPostgres(context, secrets.postgres.password, secrets.postgres.tls),
      (one) => one.pid,
    ),
    redis: track.part('redis', startRedis(context, secrets.redis), (one) => one.pid),
    pgbouncer: createPgbouncer(context, secrets.pgbouncer, async (container) =>
      (await proxies()).translate(container, `${service}:${port}`),
    ),
  };
}

function beginControlPlane(
  context: PlatformContext,
  startControlPlane: StartControlPlane,
  { stores, proxies, audit }: { stores: Stores; proxies: Promise<ServiceProxies>; audit: (event: AuditEvent) => void },
): Promise<ControlPlane> {
  const dir = join(context.dir, 'control-plane');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const addresses = {
    translate: async (...asked: Parameters<ServiceProxies['translate']>) => (await proxies).translate(...asked),
    release: (podUid: string) => void proxies.then((one) => one.release(podUid)),
  };
  const uid = makeLedgerKey(context.dir);
  addPeople(context.dir, uid, context.levers);
  addSimulatedDays(context.dir, context.levers);
  const images = platformImages(context, { addresses, stores, digest: imageDigest });
  return startControlPlane({
    dir,
    images,
    nodes: NODES,
    logs: join(context.dir, 'logs'),
    uid,
    audit,
    log: (line) => context.log(`control plane: ${line}`),
  });
}

/** Tells addresses as they become known, and parts that end or come back. */
function tellValues(parts: Parts, stores: Stores, track: PartTracker, report: PlatformReporter): void {
  const ignore = (): undefined => undefined;
  const watcher = (name: string) => ({
    ended: (code: number) => track.lost(name, code),
    started: (pid: number | undefined) => track.back(name, pid),
  });
  parts.monitoring.then(({ prometheus, alertmanager }) => {
    report.values({ prometheus: prometheus.url, alertmanager: alertmanager.url });
    prometheus.onLost((code) => track.lost('prometheus', code));
    alertmanager.onLost((code) => track.lost('alertmanager', code));
  }, ignore);
  parts.gateway.then((one) => {
    report.values(gatewayValues(one));
    one.watch(watcher('gateway'));
  }, ignore);
  parts.dns.then((one) => {
    report.values({ dnsServer: one.address });
    one.watch(watcher('dns'));
  }, ignore);
  parts.registry.then(({ url }) => report.values({ registry: url }), ignore);
  parts.logs.then(({ url }) => report.values({ logs: url }), ignore);
  parts.grafana.then(({ url }) => report.values({ grafana: url }), ignore);
  parts.notified.then(({ url, smtpPort }) => report.values({ notified: url, smtpPort }), ignore);
  stores.postgres.then(({ port }) => report.values({ postgresPort: port }), ignore);
  stores.redis.then(({ tlsPort }) => report.values({ redisPort: tlsPort }), ignore);
  void stores.pgbouncer.port.then((port) => report.values({ pgbouncerPort: port }));
}

/** Applies the manifests and puts the kubeconfig where environments look for it. */
async function publish(
  context: PlatformContext,
  plane: ControlPlane,
  secrets: RehearsalSecrets,
  others: StoreSecrets['manifests'],
  k8s: string,
): Promise<void> {
  const [namespace, ...rest] = readManifests(k8s, secrets, pinned);
  writeManifests(k8s, secrets, join(context.dir, MANIFESTS));
  for (const manifest of [...(namespace ? [namespace] : []), ...others, ...rest]) await plane.apply(manifest);
  const { kubeconfig } = plane;
  const text = kubeconfig.includes('\n') ? kubeconfig : readFileSync(kubeconfig, 'utf8');
  writeAtomically(kubeconfigPath(context.dir), text);
}

/** Follows the Services' ready pods and settles when all have been ready once. */
async function podsReady(plane: ControlPlane, { postgres, redis }: Stores, track: PartTracker): Promise<void> {
  const apps = Object.entries(SERVICES).flatMap(([key, { app, service, port }]) =>
    [
      { name: app, service },
      { name: `${app}-green`, service: `${app}-green-service` },
    ].map((one) => ({ ...one, port, replicas: REPLICAS[key as keyof typeof REPLICAS] })),
  );
  const stores = Object.values(STORES).map(({ service, port, pod }) => ({ name: pod, service, port, replicas: 1 }));
  // A container that was restarted is another process.
  const servers = [
    { part: 'postgres', pod: STORES.postgres.pod, server: postgres },
    { part: 'redis', pod: STORES.redis.pod, server: redis },
  ];
  const backAgain = (pod: string): void => {
    for (const one of servers.filter((other) => other.pod === pod))
      void one.server.then(({ pid }) => track.back(one.part, pid));
  };
  await Promise.all(
    [...apps, ...stores].map(
      ({ name, service, port, replicas }) =>
        new Promise<void>((ready) => {
          const told = track.replicas(name, replicas, ready);
          plane.watchBackends({ namespace: NAMESPACE, name: service, port }, (backends) => {
            told(backends);
            if (backends.length > 0) backAgain(name);
          });
        }),
    ),
  );
}

function platformOf(parts: Parts, users: readonly { stop(): void }[]): Platform {
  let plane: ControlPlane | undefined;
  const running: { stop(): Promise<void> }[] = [];
  const ignore = (): undefined => undefined;
  parts.control.then((one) => (plane = one), ignore);
  const { monitoring, gateway, dns, proxies, registry, logs, grafana, notified } = parts;
  for (const part of [monitoring, gateway, dns, proxies, registry, logs, grafana, notified]) {
    part.then((one: { stop(): Promise<void> }) => running.push(one), ignore);
  }
  return {
    writes: () => plane?.writes?.() ?? 0,
    // What is only starting is left to the reaper. The stores are stopped as their pods' processes, or by the reaper as well.
    async stop() {
      for (const one of users) one.stop();
      await Promise.allSettled([plane?.close(), ...running.map((part) => part.stop())]);
    },
  };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (cause: unknown) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined;
  let reject: Deferred<T>['reject'] = () => undefined;
  const promise = new Promise<T>((one, other) => {
    resolve = one;
    reject = other;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
