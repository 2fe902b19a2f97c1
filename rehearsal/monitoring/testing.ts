/** For tests: real monitoring over services and stores that only answer what Prometheus asks. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { testPlatform } from '../testing/platform.ts';
import { NAMESPACE, SERVICES, STORES } from '../topology.ts';
import type { RunningContainers } from './discovery.ts';
import { startMonitoring, type Monitoring } from './monitoring.ts';

export const K8S = join(import.meta.dirname, '..', '..', 'k8s');

/** The metrics of a service that answers a hundred requests a second. */
function metrics(begun: number): string {
  const count = Math.floor((performance.now() - begun) / 10);
  const name = 'http_request_duration_seconds';
  const buckets = ['0.1', '2.5', '+Inf'].map((le) => `${name}_bucket{status="200",le="${le}"} ${count}`);
  return [`http_requests_total{status="200"} ${count}`, ...buckets, ''].join('\n');
}

/** Starts it and waits until the platform's rules are loaded. */
export async function monitoredServices(): Promise<{
  readonly monitoring: Monitoring;
  readonly platform: ReturnType<typeof testPlatform>;
  readonly pods: readonly KubeObject[];
  close(): Promise<void>;
}> {
  const platform = testPlatform();
  const begun = performance.now();
  const servers: Server[] = [];
  const pods: KubeObject[] = [];
  const containers: RunningContainers[number][] = [];
  const run = (pod: string, container: string, containerPort: number, port: number): void => {
    const start = { namespace: NAMESPACE, pod, podUid: pod, container, image: '', args: [], env: {} };
    containers.push({
      start: { ...start, containerPorts: [containerPort] },
      pid: process.pid,
      ports: { [containerPort]: port },
    });
  };
  for (const { app, container, port } of Object.values(SERVICES)) {
    const server = createServer((_, response) => response.end(metrics(begun)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    run(`${app}-1`, container, port, (server.address() as AddressInfo).port);
    const labels = {
      'app.kubernetes.io/name': app,
      'mcp.test/colour': 'blue',
      'app.kubernetes.io/version': 'v1.0.0',
    };
    const metadata = { name: `${app}-1`, uid: `${app}-1`, namespace: NAMESPACE, labels };
    pods.push({ apiVersion: 'v1', kind: 'Pod', metadata });
  }
  // Anything that answers a first word will do for the stores' exporters.
  const [any] = servers;
  const port = (any?.address() as AddressInfo).port;
  for (const store of [STORES.postgres, STORES.redis]) run(store.pod, 'store', store.port, port);
  const monitoring = await startMonitoring(
    platform.context,
    K8S,
    Promise.resolve({
      containers: () => containers,
      watchObjects: (type, changed) => {
        changed(type.kind === 'Pod' ? pods : []);
        return () => undefined;
      },
    }),
  );
  await monitoring.rulesLoaded;
  return {
    monitoring,
    platform,
    pods,
    async close() {
      await monitoring.stop();
      for (const server of servers) server.close();
      await platform.close();
    },
  };
}
