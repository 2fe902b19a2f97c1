/** Going back to recorded revisions, against the rehearsal's API server and its Deployment controller. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RecordedRevision } from '../checks/contract/cutover.ts';
import type { ClusterLink } from '../fixtures/capabilities/cluster-link.ts';
import { loadKubernetes } from '../fixtures/capabilities/kubernetes-bundle.ts';
import { deployment, startTestPlane, until, type TestPlane } from '../rehearsal/api-server/testing.ts';
import { convergence, recordRevisions, restoreRevision } from './revisions.ts';
import { linkTo, unlucky } from '../tests/harness/cluster-links.ts';

const PATH = '/apis/apps/v1/namespaces/shop/deployments/web';
const never = new AbortController().signal;
let plane: TestPlane;
let link: ClusterLink;
let recorded: RecordedRevision;

const patch = async (body: unknown): Promise<void> => {
  const headers = { 'content-type': 'application/strategic-merge-patch+json' };
  expect(await plane.call('PATCH', PATH, { headers, body })).toMatchObject({ status: 200 });
};
const image = (reference: string): unknown => ({
  spec: { template: { spec: { containers: [{ name: 'web', image: reference }] } } },
});
const converged = (one = recorded): Promise<unknown> =>
  until(
    () => convergence(link, one, never),
    ({ done }) => done,
    30_000,
  );
const record = async (): Promise<RecordedRevision> => {
  const [one] = await recordRevisions(link, 'shop', ['web'], never);
  if (!one) throw new Error('nothing was recorded');
  return one;
};
const recordWhenReady = (): Promise<RecordedRevision> =>
  until(
    () => record().catch(() => null),
    (one) => one !== null,
    30_000,
  ) as Promise<RecordedRevision>;

beforeAll(async () => {
  await loadKubernetes();
  plane = await startTestPlane();
  link = linkTo(plane);
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await plane.apply({ ...deployment('web'), metadata: { name: 'web', namespace: 'shop' } });
  recorded = await recordWhenReady();
}, 90_000);
afterAll(async () => {
  await link.close();
  await plane.close();
});
beforeEach(() => converged(), 40_000);

test('what is recorded, and that nothing is done where nothing has changed', async () => {
  expect(recorded).toMatchObject({ namespace: 'shop', deployment: 'web', revision: '1', replicas: 2 });
  expect(recorded.replicaSet).toMatch(/^web-/);
  const before = (await plane.call('GET', PATH)).body['metadata'];
  expect(await restoreRevision(link, recorded, never)).toBe('unchanged');
  expect((await plane.call('GET', PATH)).body['metadata']).toEqual(before);
});

test('another image and fewer replicas: undone, and the recorded ReplicaSet runs again', async () => {
  await patch({
    ...(image('ghcr.io/golive/web:v2') as object),
    metadata: { annotations: { 'kubernetes.io/change-cause': 'v2' } },
  });
  await patch({ spec: { replicas: 1 } });
  expect(await convergence(link, recorded, never)).toMatchObject({
    done: false,
    why: `Deployment shop/web has another template than ReplicaSet ${recorded.replicaSet}`,
  });
  expect(await restoreRevision(unlucky(link, 'PATCH', ['lost']), recorded, never)).toBe('restored');
  await converged();
  const { body } = await plane.call('GET', PATH);
  expect(body).toMatchObject({ spec: { replicas: 2 } });
  expect(JSON.stringify(body['spec'])).not.toContain('pod-template-hash');
  expect(JSON.stringify(body['metadata'])).not.toContain('change-cause');
  expect(await record()).toMatchObject({ replicaSet: recorded.replicaSet, uid: recorded.uid });
  expect(await restoreRevision(link, recorded, never)).toBe('unchanged');
}, 60_000);

test('a rollout that is under way, and one whose image does not exist', async () => {
  await patch(image('ghcr.io/golive/web:absent'));
  await expect(record()).rejects.toMatchObject({ code: 'precondition' });
  expect(await restoreRevision(unlucky(link, 'PATCH', [503, 409, 409]), recorded, never)).toBe('restored');
  await converged();
}, 60_000);

test('more replicas than before are left; none are brought back', async () => {
  await patch({ spec: { replicas: 3 } });
  expect(await restoreRevision(link, recorded, never)).toBe('unchanged');
  await converged();
  expect((await plane.call('GET', PATH)).body).toMatchObject({ spec: { replicas: 3 } });
  await patch({ spec: { replicas: 0 } });
  await until(
    () => convergence(link, recorded, never),
    ({ why }) => why.includes('scaled to nothing'),
    30_000,
  );
  await expect(record()).rejects.toMatchObject({ message: expect.stringContaining('scaled to nothing') as string });
  expect(await restoreRevision(link, recorded, never)).toBe('restored');
  await converged();
}, 90_000);

test('a paused Deployment is said to be one', async () => {
  await patch({ spec: { paused: true } });
  await expect(record()).rejects.toMatchObject({ message: expect.stringContaining('is paused') as string });
  expect(await restoreRevision(link, recorded, never)).toBe('unchanged');
  await patch(image('ghcr.io/golive/web:v2'));
  await expect(restoreRevision(link, recorded, never)).rejects.toMatchObject({
    code: 'precondition',
    fix: 'Resume it: kubectl rollout resume deployment/web -n shop',
  });
  await patch({ ...(image('ghcr.io/golive/web:v1') as object) });
  await patch({ spec: { paused: false } });
}, 60_000);

test('a ReplicaSet or a Deployment that is another one, or gone', async () => {
  await expect(restoreRevision(link, { ...recorded, replicaSet: 'web-absent' }, never)).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('ReplicaSet web-absent, its revision of before, does not exist') as string,
  });
  await expect(recordRevisions(link, 'shop', ['absent'], never)).rejects.toMatchObject({ code: 'not-found' });
  await plane.call('DELETE', PATH);
  await until(
    () => plane.call('GET', PATH),
    ({ status }) => status === 404,
    20_000,
  );
  await expect(restoreRevision(link, recorded, never)).rejects.toMatchObject({
    message: expect.stringContaining('does not exist any more') as string,
  });
  await plane.apply({ ...deployment('web'), metadata: { name: 'web', namespace: 'shop' } });
  for (const act of [restoreRevision, convergence]) {
    await expect(act(link, recorded, never)).rejects.toMatchObject({
      message: expect.stringContaining('is another object by now') as string,
    });
  }
  recorded = await recordWhenReady();
}, 60_000);
