/** The weights of an HTTPRoute, against the rehearsal's API server. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { routeState } from '../../checks/protocols/http-route.ts';
import type { ClusterLink } from '../../fixtures/capabilities/cluster-link.ts';
import { loadKubernetes } from '../../fixtures/capabilities/kubernetes-bundle.ts';
import { startTestPlane, type TestPlane } from '../../rehearsal/api-server/testing.ts';
import { httpRouteSystem } from '../../checks/protocols/traffic/gateway-api.ts';
import { routeClient } from './client.ts';
import { doorTo, linkTo, unlucky } from '../../tests/harness/cluster-links.ts';

const PATH = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/api';
const ROUTE = { namespace: 'shop', name: 'api', rule: 0, stable: 'green', canary: 'blue' } as const;
const whole = { ...ROUTE, versionHeader: 'x-version', canaryVersion: 'v2' };
const never = new AbortController().signal;
let plane: TestPlane;
let link: ClusterLink;

type Backend = Readonly<Record<string, unknown>>;
const backends = (stable: number, canary: number): Backend[] => [
  { name: 'green', port: 80, weight: stable },
  { name: 'blue', port: 80, weight: canary },
];
const route = (refs: readonly Backend[], more: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'api', namespace: 'shop' },
  spec: { parentRefs: [{ name: 'gw' }], rules: [{ backendRefs: refs }] },
  ...more,
});
const stored = async (): Promise<KubeObject> => (await plane.call('GET', PATH)).body as unknown as KubeObject;

beforeAll(async () => {
  await loadKubernetes();
  plane = await startTestPlane();
  link = linkTo(plane);
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
}, 90_000);
afterAll(async () => {
  await link.close();
  await plane.close();
});
beforeEach(async () => {
  await plane.call('DELETE', PATH);
  await plane.apply(route(backends(100, 0)));
});

test('reads and sets the weights, and nothing where they are so already', async () => {
  const client = routeClient(link, whole);
  const before = await client.read(never);
  expect(before.weights).toEqual({ stable: 100, canary: 0 });
  const after = await client.set(5, never);
  expect(after.weights).toEqual({ stable: 95, canary: 5 });
  expect(after.generation).toBe(before.generation + 1);
  expect(await client.set(5, never)).toMatchObject({ resourceVersion: after.resourceVersion });
  expect((await client.read(never)).weights).toEqual({ stable: 95, canary: 5 });
  await expect(client.set(5.5, never)).rejects.toMatchObject({ code: 'misconfigured' });
  await expect(client.set(101, never)).rejects.toMatchObject({ code: 'misconfigured' });
});

test('a weight that is left out counts as 1, and is written', async () => {
  await plane.apply(
    route(
      [
        { name: 'green', port: 80 },
        { name: 'blue', port: 80, weight: 0 },
      ],
      {},
    ),
  );
  await plane.call('DELETE', PATH);
  await plane.apply(
    route([
      { name: 'green', port: 80 },
      { name: 'blue', port: 80 },
    ]),
  );
  const client = routeClient(link, ROUTE);
  expect((await client.read(never)).weights).toEqual({ stable: 1, canary: 1 });
  expect((await client.set(0, never)).weights).toEqual({ stable: 100, canary: 0 });
});

test('the patch of a version is refused once somebody else has written', async () => {
  const object = await stored();
  await plane.call('PATCH', PATH, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: { touched: 'yes' } } },
  });
  const patch = httpRouteSystem.operations(object, ROUTE, { stable: 95, canary: 5 });
  const headers = { 'content-type': 'application/json-patch+json' };
  expect(await plane.call('PATCH', PATH, { headers, body: patch })).toMatchObject({ status: 422 });
  expect(routeState(await stored(), ROUTE).weights).toEqual({ stable: 100, canary: 0 });
});

test('two writers: both get their turn, and nothing of the other is lost', async () => {
  const other = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) {
      await plane.call('PATCH', PATH, {
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { metadata: { labels: { [`turn-${turn}`]: 'yes' } } },
      });
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  const [state] = await Promise.all([routeClient(link, ROUTE).set(25, never), other()]);
  expect(state.weights).toEqual({ stable: 75, canary: 25 });
  const end = await stored();
  expect(Object.keys(end.metadata.labels ?? {})).toHaveLength(10);
  expect(routeState(end, ROUTE).weights).toEqual({ stable: 75, canary: 25 });
});

test('backends that changed places between reading and writing get their own weights', async () => {
  const swapped: ClusterLink = {
    ...unlucky(link, 'PATCH', []),
    where: link.where,
    async access(signal) {
      const inner = await link.access(signal);
      let isFirst = true;
      return {
        ...inner,
        connection: {
          ...inner.connection,
          async request(request) {
            if (request.method === 'PATCH' && isFirst) {
              isFirst = false;
              swapped.access = (again) => link.access(again);
              const body = { spec: { rules: [{ backendRefs: backends(100, 0).toReversed() }] } };
              const headers = { 'content-type': 'application/merge-patch+json' };
              await plane.call('PATCH', PATH, { headers, body });
            }
            return inner.connection.request(request);
          },
        },
      };
    },
  };
  const state = await routeClient(swapped, ROUTE).set(5, never);
  expect(state.weights).toEqual({ stable: 95, canary: 5 });
  const end = await stored();
  expect(end['spec']).toMatchObject({ rules: [{ backendRefs: [{ name: 'blue', weight: 5 }, { name: 'green' }] }] });
});

test('an API server that is away for a moment, or loses its answer, is asked again', async () => {
  expect((await routeClient(unlucky(link, 'PATCH', [503, 503]), ROUTE).set(5, never)).weights.canary).toBe(5);
  expect((await routeClient(unlucky(link, 'PATCH', ['lost']), ROUTE).set(25, never)).weights.canary).toBe(25);
  expect((await stored()).metadata.generation).toBe(3);
  const door = await doorTo(plane);
  await door.link.access(never);
  await door.close();
  const setting = routeClient(door.link, ROUTE).set(50, never);
  setTimeout(() => void door.open(), 500);
  expect((await setting).weights.canary).toBe(50);
  await door.close();
  await expect(routeClient(door.link, ROUTE).read(never)).rejects.toMatchObject({ code: 'unreachable' });
  await door.link.close();
}, 20_000);

test('what the server refuses is told, and not tried for ever', async () => {
  const refusing = unlucky(link, 'PATCH', [422, 422, 422, 422, 422]);
  await expect(routeClient(refusing, ROUTE).set(5, never)).rejects.toMatchObject({ code: 'protocol' });
  const gate = linkTo(plane, 'rehearsal');
  await expect(routeClient(gate, ROUTE).set(5, never)).rejects.toMatchObject({ code: 'forbidden' });
  await gate.close();
});

test('routes that are not as declared', async () => {
  const wrong = async (refs: readonly Backend[], rule = 0): Promise<unknown> => {
    await plane.call('DELETE', PATH);
    await plane.apply(route(refs));
    return routeClient(link, { ...ROUTE, rule })
      .set(5, never)
      .catch((error: unknown) => error);
  };
  const two = backends(100, 0);
  const blue = { name: 'blue', port: 80 };
  expect(await wrong(two, 1)).toMatchObject({ message: expect.stringContaining('no rule 1') as string });
  expect(await wrong([{ name: 'green', port: 80 }])).toMatchObject({
    message: expect.stringContaining('no backend Service blue; its backends: green') as string,
  });
  expect(await wrong([...two, blue])).toMatchObject({ message: expect.stringContaining('more than once') as string });
  expect(await wrong([...two, { name: 'red', port: 80 }])).toMatchObject({
    message: expect.stringContaining('other backends, too: red (weight 1)') as string,
  });
  expect(await wrong([two[0] ?? {}, { ...blue, namespace: 'elsewhere' }])).toMatchObject({
    message: expect.stringContaining('no backend Service blue; its backends: green, Service elsewhere/blue') as string,
  });
  expect(await wrong([...two, { name: 'red', port: 80, weight: 0 }])).toMatchObject({ weights: { canary: 5 } });
  await plane.call('DELETE', PATH);
  await expect(routeClient(link, ROUTE).read(never)).rejects.toMatchObject({ code: 'not-found' });
});

test('accepted means: by every gateway, of this generation', () => {
  const condition = (type: string, status = 'True', observedGeneration = 3) => ({
    type,
    status,
    observedGeneration,
    reason: 'Because',
    message: 'it is so',
  });
  const good = [condition('Accepted'), condition('ResolvedRefs')];
  const state = (conditions: readonly unknown[], parent: unknown = { name: 'gw' }) =>
    routeState(
      {
        ...route(backends(100, 0)),
        metadata: { name: 'api', namespace: 'shop', generation: 3 },
        status: { parents: [{ parentRef: parent, conditions }] },
      },
      ROUTE,
    );
  expect(state(good)).toMatchObject({ accepted: true, why: null });
  expect(
    state(good, { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'shop', name: 'gw' }),
  ).toMatchObject({ accepted: true });
  expect(state(good, { name: 'other' })).toMatchObject({ why: 'no controller has answered for Gateway gw' });
  expect(state([condition('Accepted')])).toMatchObject({
    accepted: false,
    why: 'Gateway gw says nothing of ResolvedRefs',
  });
  expect(state([condition('Accepted', 'True', 2), good[1]])).toMatchObject({ accepted: false });
  expect(state([good[0], condition('ResolvedRefs', 'False')])).toMatchObject({
    why: 'Gateway gw: ResolvedRefs is False (Because): it is so',
  });
  expect(routeState({ ...route(backends(100, 0)) }, ROUTE)).toMatchObject({ accepted: false });
});

test('who wrote the rules last', () => {
  const entry = (manager: string, time: string, fields: object, subresource?: string) => ({
    manager,
    operation: 'Update',
    time,
    fieldsV1: fields,
    ...(subresource === undefined ? {} : { subresource }),
  });
  const rules = { 'f:spec': { 'f:rules': {} } };
  const managedFields = [
    entry('golive', '2026-01-01T00:00:01Z', rules),
    entry('argocd', '2026-01-01T00:00:02Z', rules),
    entry('kubectl-label', '2026-01-01T00:00:09Z', { 'f:metadata': {} }),
    entry('gateway', '2026-01-01T00:00:09Z', { 'f:status': {} }, 'status'),
  ];
  const object = { ...route(backends(100, 0)), metadata: { name: 'api', namespace: 'shop', managedFields } };
  expect(routeState(object, ROUTE).lastManager).toBe('argocd');
  expect(routeState(route(backends(100, 0)), ROUTE).lastManager).toBeNull();
});
