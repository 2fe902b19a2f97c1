/** Prometheus, Alertmanager and who they notify, as one part of the platform: started together, fed by the control plane. */
import { join } from 'node:path';
import type { KubeObject, ResourceType } from '../../checks/contract/cluster.ts';
import { DEPLOYMENTS, PODS } from '../../checks/protocols/kubernetes.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { PlatformContext } from '../platform-types.ts';
import { startReceiver, type Receiver } from '../stand-ins/receiver.ts';
import { SERVICES } from '../topology.ts';
import { startAlertmanager, type Alertmanager } from './alertmanager.ts';
import { scrapeTargets, type TargetGroup } from './discovery.ts';
import type { FedReplica } from './fed-replica.ts';
import { kubeStateMetrics, storeMetrics } from './exporters.ts';
import { historyTarget, historyText, isHistory } from './history.ts';
import { addMonitoringLevers } from './levers.ts';
import { serveLoopback, type LoopbackServer } from './loopback.ts';
import { startPrometheus, type Prometheus } from './prometheus.ts';
import { readRuleGroups, type RuleGroup } from './rules.ts';

/** What windows of rules are divided by: ten scrapes of a second at least are in most of them. */
const COMPRESSION = 60;
/** Rules are loaded after this long even where the platform has not come up: then they have something to say. */
const COME_UP_LIMIT_MS = 45_000;
const LOOK_EVERY_MS = 500;

export interface Monitoring {
  readonly prometheus: Prometheus;
  readonly alertmanager: Alertmanager;
  readonly receiver: Receiver;
  /** Settles when the platform's rules are loaded. */
  readonly rulesLoaded: Promise<void>;
  stop(): Promise<void>;
}
type Plane = Pick<ControlPlane, 'watchObjects' | 'containers'>;

/** What is scraped now; empty until the control plane is there. */
interface View {
  pods: readonly KubeObject[];
  deployments: readonly KubeObject[];
  plane: Plane | undefined;
}

/** The platform's rules, and those on what golive's own runs say. */
const RULE_FILES = ['prometheus-rules.yaml', 'golive-rules.yaml'];

/**
 * Starts all three (about 0.2 s) and settles when they are ready; the control plane may come later. Prometheus looks at its targets
 * for the first time five seconds after its start, so it should be started first of all. `others` are targets beside the pods.
 */
export async function startMonitoring(
  context: PlatformContext,
  k8s: string,
  control: Promise<Plane>,
  others: () => readonly TargetGroup[] = () => [],
): Promise<Monitoring> {
  const view: View = { pods: [], deployments: [], plane: undefined };
  const forgotten = new Set<string>();
  const replicas = new Map<string, FedReplica>();
  const groups = RULE_FILES.flatMap((file) => readRuleGroups(join(k8s, 'monitoring', file), COMPRESSION));
  const [sources, receiver] = await Promise.all([serveSources(view, forgotten, replicas, others), startReceiver()]);
  const alertmanager = await startAlertmanager(context, {
    configFile: join(k8s, 'monitoring', 'alertmanager.yaml'),
    receivers: { ON_CALL_URL: `${receiver.url}/on-call`, TEAM_CHANNEL_URL: `${receiver.url}/team-channel` },
    compression: COMPRESSION,
  });
  const prometheus = await startPrometheus(context, { alertmanager: alertmanager.url, sources: sources.url });
  const stopping = new AbortController();
  const unwatch = follow(control, view);
  const rulesLoaded = loadRulesWhenUp(prometheus, groups, stopping.signal, (line) => context.log(line));
  addMonitoringLevers(context.levers, { prometheus, alertmanager, replicas, forgotten, groups, rulesLoaded });
  return {
    prometheus,
    alertmanager,
    receiver,
    rulesLoaded,
    async stop() {
      stopping.abort();
      unwatch();
      await Promise.allSettled([prometheus.stop(), alertmanager.stop(), sources.close(), receiver.stop()]);
    },
  };
}

function follow(control: Promise<Plane>, view: View): () => void {
  const ends: (() => void)[] = [];
  let ended = false;
  const watch = (plane: Plane, type: ResourceType, changed: (objects: readonly KubeObject[]) => void): void => {
    ends.push(plane.watchObjects(type, changed));
  };
  control.then(
    (plane) => {
      if (ended) return;
      view.plane = plane;
      watch(plane, PODS, (pods) => (view.pods = pods));
      watch(plane, DEPLOYMENTS, (deployments) => (view.deployments = deployments));
    },
    // Whoever starts the control plane reports its failure.
    () => undefined,
  );
  return () => {
    ended = true;
    for (const end of ends) end();
  };
}

/** What Prometheus asks this process: its targets, and the exporters. */
function serveSources(
  view: View,
  forgotten: ReadonlySet<string>,
  replicas: ReadonlyMap<string, FedReplica>,
  others: () => readonly TargetGroup[],
): Promise<LoopbackServer> {
  const containers = () => view.plane?.containers() ?? [];
  // Told once: what has been recorded need not come again.
  let history = historyText(Date.now());
  const answers: Readonly<Record<string, () => Promise<string>>> = {
    '/kube-state-metrics': () => Promise.resolve(kubeStateMetrics(view.pods, view.deployments)),
    '/postgres-exporter': () => storeMetrics('postgres', containers()),
    '/redis-exporter': () => storeMetrics('redis', containers()),
  };
  return serveLoopback((request, response) => {
    if (request.url === '/targets') {
      response.writeHead(200, { 'content-type': 'application/json' });
      const fed = [...replicas.values()].map((replica) => replica.target(request.headers.host ?? ''));
      response.end(
        JSON.stringify([
          ...scrapeTargets(view.pods, containers(), forgotten),
          ...fed,
          ...others(),
          historyTarget(request.headers.host ?? ''),
        ]),
      );
      return;
    }
    if (isHistory(request.url)) {
      const text = history;
      history = '';
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
      return;
    }
    const replica = replicas.get((request.url ?? '').slice(1));
    if (replica) {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(replica.metrics());
      return;
    }
    const answer = answers[request.url ?? ''];
    // Before the control plane is there, nothing is known: 503, not an empty page that would count as a scrape.
    if (!answer || !view.plane) {
      response.writeHead(answer ? 503 : 404).end();
      return;
    }
    answer().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}

/** Before the platform has come up it is not down but not there yet: the rules would call that a fire. */
async function loadRulesWhenUp(
  prometheus: Prometheus,
  groups: readonly RuleGroup[],
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<void> {
  const until = performance.now() + COME_UP_LIMIT_MS;
  const query = `count(count by (job) (up{job=~"${Object.values(SERVICES)
    .map(({ app }) => app)
    .join('|')}"} == 1)) + sum(pg_up) + sum(redis_up)`;
  const wanted = Object.keys(SERVICES).length + 2;
  while (!signal.aborted && performance.now() < until) {
    const up = await prometheus.value(query).catch(() => undefined);
    if (up === wanted) break;
    await new Promise<void>((again) => {
      setTimeout(again, LOOK_EVERY_MS).unref();
    });
  }
  if (signal.aborted) return;
  await prometheus.setRules(groups).catch((error: unknown) => log(`monitoring: ${String(error)}`));
}
