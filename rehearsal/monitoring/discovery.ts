/**
 * What Prometheus scrapes: the pods' real ports on loopback, as `http_sd_configs` wants them. Debian's Prometheus has no Kubernetes
 * discovery; the labels are those that a ServiceMonitor would give.
 */
import type { KubeObject } from '../../checks/contract/cluster.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import { SERVICES } from '../topology.ts';

export interface TargetGroup {
  readonly targets: readonly [string];
  readonly labels: Readonly<Record<string, string>>;
}
export type RunningContainers = ReturnType<ControlPlane['containers']>;

const NAME = 'app.kubernetes.io/name';
const VERSION = 'app.kubernetes.io/version';
const COLOUR = 'mcp.test/colour';

/** One group a running container of a service; a pod that has ended or is being deleted has none. Services in `forgotten` are left out. */
export function scrapeTargets(
  pods: readonly KubeObject[],
  containers: RunningContainers,
  forgotten: ReadonlySet<string>,
): readonly TargetGroup[] {
  const byUid = new Map(pods.map((pod) => [pod.metadata.uid ?? '', pod]));
  return containers.flatMap(({ start, ports }) => {
    const pod = byUid.get(start.podUid);
    const labels = pod?.metadata.labels ?? {};
    const service = Object.values(SERVICES).find(({ app }) => app === labels[NAME]);
    const port = service && ports?.[service.port];
    if (!pod || !service || port === undefined || pod.metadata.deletionTimestamp !== undefined) return [];
    if (forgotten.has(service.app)) return [];
    return [
      {
        targets: [`127.0.0.1:${port}`],
        labels: {
          job: service.app,
          namespace: start.namespace,
          pod: start.pod,
          app: service.app,
          container: start.container,
          colour: labels[COLOUR] ?? '',
          version: labels[VERSION] ?? '',
        },
      },
    ];
  });
}
