/**
 * Exporters of the rehearsal: what kube-state-metrics, postgres_exporter and redis_exporter say of a cluster, under the names they
 * use, as far as the platform's rules and dashboards read it.
 */
import { connect } from 'node:net';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, listAt, textAt } from '../../checks/contract/json.ts';
import { STORES } from '../topology.ts';
import type { RunningContainers } from './discovery.ts';

const ANSWER_LIMIT_MS = 500;
/** PostgreSQL's SSLRequest: length 8, code 80877103. A server answers S or N before any login. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

type Labels = Readonly<Record<string, string>>;
const sample = (name: string, labels: Labels, value: number): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text.replace(/[\\"\n]/g, '_')}"`);
  return `${name}{${pairs.join(',')}} ${value}`;
};
const numberAt = (object: unknown, ...path: readonly (string | number)[]): number => {
  const found = at(object, ...path);
  return typeof found === 'number' ? found : 0;
};

/** Replicas of Deployments, readiness and restarts of pods. */
export function kubeStateMetrics(pods: readonly KubeObject[], deployments: readonly KubeObject[]): string {
  const ofPods = pods.flatMap((pod) => {
    const labels = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name };
    const phase = textAt(pod, 'Unknown', 'status', 'phase');
    return [
      sample('kube_pod_info', { ...labels, node: textAt(pod, '', 'spec', 'nodeName') }, 1),
      sample('kube_pod_status_phase', { ...labels, phase }, 1),
      ...listAt(pod, 'status', 'containerStatuses').flatMap((status) => {
        const own = { ...labels, container: textAt(status, '', 'name') };
        return [
          sample('kube_pod_container_status_restarts_total', own, numberAt(status, 'restartCount')),
          sample('kube_pod_container_status_ready', own, at(status, 'ready') === true ? 1 : 0),
        ];
      }),
    ];
  });
  const ofDeployments = deployments.flatMap((deployment) => {
    const labels = { namespace: deployment.metadata.namespace ?? '', deployment: deployment.metadata.name };
    return [
      sample('kube_deployment_spec_replicas', labels, numberAt(deployment, 'spec', 'replicas')),
      sample('kube_deployment_status_replicas_available', labels, numberAt(deployment, 'status', 'availableReplicas')),
    ];
  });
  return `${[...ofPods, ...ofDeployments].sort().join('\n')}\n`;
}

/** `pg_up` or `redis_up`: 1 where the server answers a first word of its protocol. Nothing where no container of it runs. */
export async function storeMetrics(store: 'postgres' | 'redis', containers: RunningContainers): Promise<string> {
  const { pod, port } = STORES[store];
  const [name, question] = store === 'postgres' ? ['pg_up', SSL_REQUEST] : ['redis_up', Buffer.from('PING\r\n')];
  const running = containers.find(({ start, ports }) => start.pod === pod && ports?.[port] !== undefined);
  const real = running?.ports?.[port];
  const up = real === undefined ? false : await answers(real, question);
  return `# TYPE ${name} gauge\n${sample(name, { namespace: running?.start.namespace ?? '', pod }, up ? 1 : 0)}\n`;
}

/** Whether anything comes back within half a second. */
function answers(port: number, question: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(question));
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_LIMIT_MS, () => settle(false));
    socket.once('data', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}
