/** A Lease between cutovers, against the rehearsal's API server. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ClusterLink } from '../fixtures/capabilities/cluster-link.ts';
import { loadKubernetes } from '../fixtures/capabilities/kubernetes-bundle.ts';
import { startTestPlane, type TestPlane } from '../rehearsal/api-server/testing.ts';
import { LeaseHeld, leaseClient, type LeaseClient } from './lease.ts';
import { doorTo, linkTo, unlucky } from '../tests/harness/cluster-links.ts';

const PATH = '/apis/coordination.k8s.io/v1/namespaces/shop/leases/golive-cutover';
const never = new AbortController().signal;
let plane: TestPlane;
let link: ClusterLink;
const client = (holder: string, durationSeconds = 1, over: ClusterLink = link): LeaseClient =>
  leaseClient(over, { namespace: 'shop', name: 'golive-cutover', holder, durationSeconds });
const spec = async (): Promise<unknown> => (await plane.call('GET', PATH)).body['spec'];
const change = (body: unknown): Promise<unknown> =>
  plane.call('PATCH', PATH, { headers: { 'content-type': 'application/merge-patch+json' }, body });

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
beforeEach(() => plane.call('DELETE', PATH));

test('taken, renewed, given back, taken by another', async () => {
  const one = leaseClient(link, {
    namespace: 'shop',
    name: 'golive-cutover',
    holder: 'one',
    durationSeconds: 15,
    annotations: { 'golive.test/run': 'r1' },
  });
  expect(await one.acquire(never)).toEqual({ tookOver: null });
  const taken = (await plane.call('GET', PATH)).body;
  expect(taken).toMatchObject({
    metadata: { annotations: { 'golive.test/run': 'r1' } },
    spec: { holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 },
  });
  expect((taken['spec'] as { renewTime: string }).renewTime).toMatch(/T\d\d:\d\d:\d\d\.\d{6}Z$/);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await one.renew(never);
  const { acquireTime, renewTime } = (await spec()) as { acquireTime: string; renewTime: string };
  expect(renewTime > acquireTime).toBe(true);
  // A process that comes back under its own name goes on.
  expect(await one.acquire(never)).toEqual({ tookOver: null });
  await one.release(never);
  expect(await spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  await one.release(never);
  expect(await client('two').acquire(never)).toEqual({ tookOver: null });
  expect(await spec()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
  await one.release(never);
  expect(await spec()).toMatchObject({ holderIdentity: 'two' });
  await expect(one.renew(never)).rejects.toMatchObject({ holder: 'two', code: 'precondition' });
});

test('of many at once one gets it', async () => {
  const links = [linkTo(plane), linkTo(plane), linkTo(plane), linkTo(plane)];
  const beating: ReturnType<typeof setInterval>[] = [];
  const tries = links.map(async (own, index) => {
    const lease = client(`c${index}`, 1, own);
    await lease.acquire(never);
    beating.push(setInterval(() => void lease.renew(never).catch(() => undefined), 100));
    return index;
  });
  const ends = await Promise.allSettled(tries);
  for (const timer of beating) clearInterval(timer);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const end of ends) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(LeaseHeld);
  await Promise.all(links.map((own) => own.close()));
}, 15_000);

test('whoever renews it keeps it; who is dead loses it after its duration, and not before', async () => {
  const one = client('one');
  await one.acquire(never);
  const timer = setInterval(() => void one.renew(never), 200);
  await expect(client('two').acquire(never)).rejects.toMatchObject({
    holder: 'one',
    message: expect.stringMatching(
      /Lease shop\/golive-cutover is held by "one", renewed .* ago by its clock/,
    ) as string,
  });
  clearInterval(timer);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const from = performance.now();
  expect(await client('two').acquire(never)).toEqual({ tookOver: 'one' });
  expect(performance.now() - from).toBeGreaterThan(990);
  expect(await spec()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
  await expect(one.renew(never)).rejects.toBeInstanceOf(LeaseHeld);
}, 15_000);

test('clocks that are wrong make no difference', async () => {
  for (const renewTime of ['2001-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z']) {
    await client('one').acquire(never);
    await change({ spec: { renewTime, acquireTime: renewTime } });
    const from = performance.now();
    // Old by its clock: it may be alive all the same. In the future by its clock: it may be dead all the same.
    expect(await client('two').acquire(never)).toEqual({ tookOver: 'one' });
    expect(performance.now() - from).toBeGreaterThan(990);
    await plane.call('DELETE', PATH);
  }
}, 15_000);

test('waiting for a dead holder ends with the signal', async () => {
  await client('one', 60).acquire(never);
  await expect(client('two').acquire(AbortSignal.timeout(300))).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('held by "one"') as string,
  });
});

test('one that was given back while another waited is taken', async () => {
  const one = client('one', 60);
  await one.acquire(never);
  const waiting = client('two', 60).acquire(AbortSignal.timeout(10_000));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await one.release(never);
  expect(await waiting).toEqual({ tookOver: null });
}, 15_000);

test('lost answers, an overloaded and an absent API server', async () => {
  expect(await client('one', 1, unlucky(link, 'POST', ['lost'])).acquire(never)).toEqual({ tookOver: null });
  expect(await spec()).toMatchObject({ holderIdentity: 'one' });
  await client('one', 1, unlucky(link, 'PUT', [503, 'lost', 429])).renew(never);
  await plane.call('DELETE', PATH);
  // Nobody's: made again.
  await client('one').renew(never);
  expect(await spec()).toMatchObject({ holderIdentity: 'one' });
  const door = await doorTo(plane);
  const far = client('one', 1, door.link);
  await far.renew(never);
  await door.close();
  await expect(far.renew(AbortSignal.timeout(500))).rejects.toMatchObject({ code: 'timeout' });
  const renewing = far.renew(never);
  setTimeout(() => void door.open(), 400);
  await renewing;
  await door.link.close();
}, 15_000);

test('a right that is missing is named', async () => {
  const gate = linkTo(plane, 'rehearsal');
  await expect(client('one', 1, gate).acquire(never)).rejects.toMatchObject({
    code: 'forbidden',
    fix: expect.stringContaining('leases.coordination.k8s.io in namespace shop') as string,
  });
  await gate.close();
});
