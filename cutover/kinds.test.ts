/** The kinds that look at the traffic before the cutover, against the rehearsal's API server and a small gateway. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../checks/contract/cluster.ts';
import { cutoverWeights } from '../checks/cutover/weights/check.ts';
import { unreadyBackends } from '../checks/cutover/unready-backends/check.ts';
import type { CheckKind } from '../checks/kit/kind.ts';
import type { Verdict } from '../checks/kit/verdict.ts';
import { validateParams } from '../checks/kit/params.ts';
import { endpointsOf } from '../checks/protocols/endpoints.ts';
import { openHost } from '../fixtures/capabilities/host-impl.ts';
import type { CapabilityHost } from '../fixtures/capabilities/host.ts';
import { loadKubernetes } from '../fixtures/capabilities/kubernetes-bundle.ts';
import { deployment, startTestPlane, until, type TestPlane } from '../rehearsal/api-server/testing.ts';
import { testContext, testEnvironment } from '../tests/harness/context.ts';

const ROUTE = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/api';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';
const runDir = mkdtempSync(join(tmpdir(), 'golive-traffic-'));
let plane: TestPlane;
let host: CapabilityHost;
let gateway: Server;
/** Whether the gateway looks at the condition ready. */
let isCareful = true;

async function run(kind: CheckKind, params: unknown): Promise<Verdict> {
  const filled = validateParams(kind, params);
  if (!filled.ok) throw new Error(JSON.stringify(filled.errors));
  const context = testContext({ item: 'P4-ROU-003', fresh: true });
  const capabilities = host.open(kind.meta.needs, context);
  return kind.judge(filled.params, await kind.gather(filled.params, capabilities, context), context);
}

/** Takes turns over the endpoints of Service blue; names the pod as the services do. */
async function startGateway(): Promise<Server> {
  let turn = 0;
  const server = createServer((_, response) => {
    void plane.call('GET', SLICES).then(({ body }) => {
      const slices = (body['items'] as KubeObject[]).filter(
        ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'blue',
      );
      const backends = endpointsOf(slices).filter(({ ready }) => ready || !isCareful);
      const target = backends[(turn += 1) % backends.length]?.target ?? '';
      response.setHeader('x-golive-pod', target.replace('Pod shop/', '')).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  await loadKubernetes();
  plane = await startTestPlane();
  const environment = testEnvironment({ kubeconfig: { path: plane.kubeconfig, context: 'rehearsal-admin' } });
  host = openHost({ environment, runDir, phase: 'phase4' });
  gateway = await startGateway();
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  for (const name of ['green', 'blue']) {
    await plane.apply({ ...deployment(name), metadata: { name, namespace: 'shop' } });
    await plane.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'shop' },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    });
  }
  await plane.apply({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'api', namespace: 'shop' },
    spec: {
      parentRefs: [{ name: 'gw' }],
      rules: [
        {
          backendRefs: [
            { name: 'green', port: 80, weight: 100 },
            { name: 'blue', port: 80, weight: 0 },
          ],
        },
      ],
    },
  });
  const ready = (body: unknown): boolean =>
    (body as { items: KubeObject[] }).items.flatMap((one) => endpointsOf([one])).filter((one) => one.ready).length ===
    4;
  await until(
    () => plane.call('GET', SLICES),
    ({ body }) => ready(body),
    30_000,
  );
}, 90_000);
afterAll(async () => {
  gateway.close();
  await host.close();
  await plane.close();
  rmSync(runDir, { recursive: true, force: true });
});
afterEach(() => {
  isCareful = true;
});

const weightsParams = {
  route: { namespace: 'shop', name: 'api', stable: 'green', canary: 'blue' },
  version: { canary: 'v2' },
  endpoint: { url: 'https://shop.test' },
  path: '/',
  deployments: ['green'],
  services: [{ name: 'green', port: 80, path: '/health' }],
  verify: ['P2-SVC-001'],
};
const accept = async (): Promise<void> => {
  const { generation } = (await plane.call('GET', ROUTE)).body['metadata'] as { generation: number };
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    type,
    status: 'True',
    reason: type,
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: generation,
  }));
  const status = { parents: [{ parentRef: { name: 'gw' }, controllerName: 'test/gw', conditions }] };
  const headers = { 'content-type': 'application/merge-patch+json' };
  expect(await plane.call('PATCH', `${ROUTE}/status`, { headers, body: { status } })).toMatchObject({ status: 200 });
};

test('weights: red until a gateway has taken the route, then good, and asking changes nothing', async () => {
  expect(await run(cutoverWeights, weightsParams)).toMatchObject({
    outcome: 'fail',
    findings: [{ id: 'notAccepted' }],
  });
  await accept();
  const before = (await plane.call('GET', ROUTE)).text;
  expect(await run(cutoverWeights, weightsParams)).toMatchObject({ outcome: 'pass' });
  expect((await plane.call('GET', ROUTE)).text).toBe(before);
});

const backendParams = () => ({
  namespace: 'shop',
  service: 'blue',
  endpoint: { url: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}` },
  path: '/',
  requests: 40,
  over: '500ms',
  startWithin: '20s',
});
const podNames = async (): Promise<readonly string[]> =>
  ((await plane.call('GET', '/api/v1/namespaces/shop/pods')).body['items'] as KubeObject[])
    .map(({ metadata }) => metadata.name)
    .sort();

test('a careful gateway passes, a careless one is found; the pod is gone and no other was touched', async () => {
  const before = await podNames();
  expect(await run(unreadyBackends, backendParams())).toMatchObject({
    outcome: 'pass',
    subjects: ['Service shop/blue'],
  });
  expect(await podNames()).toEqual(before);
  isCareful = false;
  expect(await run(unreadyBackends, backendParams())).toMatchObject({
    outcome: 'fail',
    findings: [{ id: 'gotTraffic', data: { asked: 40 } }],
  });
  expect(await podNames()).toEqual(before);
}, 60_000);

test('a Service that publishes addresses of pods that are not ready is found', async () => {
  const service = '/api/v1/namespaces/shop/services/blue';
  const headers = { 'content-type': 'application/merge-patch+json' };
  await plane.call('PATCH', service, { headers, body: { spec: { publishNotReadyAddresses: true } } });
  const judged = await run(unreadyBackends, backendParams());
  await plane.call('PATCH', service, { headers, body: { spec: { publishNotReadyAddresses: false } } });
  expect(judged).toMatchObject({ outcome: 'fail', findings: [{ id: 'listedReady' }, { id: 'gotTraffic' }] });
}, 60_000);

test('a pod that a killed run left is removed', async () => {
  const labels = { app: 'blue', 'golive.dev/probe-pod': 'P4-ROU-003' };
  const { template } = deployment('blue')['spec'] as { template: { spec: object } };
  await plane.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'left', namespace: 'shop', labels },
    spec: template.spec,
  });
  expect(await run(unreadyBackends, backendParams())).toMatchObject({ outcome: 'pass' });
  await until(podNames, (names) => !names.includes('left'));
}, 60_000);
