import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../checks/contract/cluster.ts';
import { record, records, type Json } from './api-server/object.ts';
import { deployment, startTestPlane, until, webImage, type TestPlane } from './api-server/testing.ts';
import { createLevers, type Levers } from './levers.ts';
import { addObjectLevers, inversePatch } from './object-levers.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const PINNED = `ghcr.io/golive/pinned:v1@${DIGEST}`;
const DEPLOYMENTS = { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments' };
const PODS = { apiVersion: 'v1', kind: 'Pod', resource: 'pods' };
const CONFIG_MAPS = { apiVersion: 'v1', kind: 'ConfigMap', resource: 'configmaps' };
const PDBS = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', resource: 'poddisruptionbudgets' };

let plane: TestPlane;
let levers: Levers;
beforeAll(async () => {
  plane = await startTestPlane({ images: [{ ...webImage(PINNED), digest: DIGEST }] });
  levers = createLevers();
  addObjectLevers(levers, plane);
}, 30_000);
afterAll(() => plane.close());

const podsOf = async (app: string): Promise<Json[]> =>
  records((await plane.call('GET', `/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`)).body['items']);
const containerOf = (pod: Json | undefined): Json => records(record(pod?.['status'])['containerStatuses'])[0] ?? {};
const configMap = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'default', labels: { a: '1' } },
  data,
});
const settings = async () => (await plane.get(CONFIG_MAPS, 'settings', 'default'))?.['data'];

describe('the inverse of a merge patch', () => {
  it.each([
    [{ a: 1 }, { a: 2 }, { a: 1 }],
    [{ a: 1 }, { b: 2 }, { b: null }],
    [{ a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { b: 1 } }],
    [{ a: { b: 1 } }, { a: null }, { a: { b: 1 } }],
    [{ a: [1] }, { a: [2, 3] }, { a: [1] }],
    [{}, { a: { b: 1 } }, { a: null }],
    [{ a: 'x' }, { a: { b: 1 } }, { a: 'x' }],
  ])('of %j patched with %j is %j', (before, patch, inverse) => {
    expect(inversePatch(before, patch)).toEqual(inverse);
  });
});

describe('levers over objects', () => {
  it('patch, and put the former values back and no others', async () => {
    await plane.apply(configMap({ a: '1', b: '2' }));
    const target = { ...CONFIG_MAPS, name: 'settings', namespace: 'default' };
    const release = await levers.pull('objects.patch', { ...target, patch: { data: { a: 'broken', c: 'new' } } });
    expect(await settings()).toEqual({ a: 'broken', b: '2', c: 'new' });
    await plane.patch(CONFIG_MAPS, { name: 'settings', namespace: 'default' }, { data: { b: 'meanwhile' } });
    await release();
    expect(await settings()).toEqual({ a: '1', b: 'meanwhile' });
  });

  it('put back who wrote what was there, and when', async () => {
    const at = { name: 'settings', namespace: 'default' };
    await plane.patch(CONFIG_MAPS, at, { data: { b: '3' } }, { manager: 'author' });
    const writers = async () =>
      record((await plane.get(CONFIG_MAPS, 'settings', 'default'))?.metadata)['managedFields'];
    const before = await writers();
    const release = await levers.pull('objects.patch', { ...CONFIG_MAPS, ...at, patch: { data: { b: 'broken' } } });
    expect(await writers()).not.toEqual(before);
    await release();
    expect(await writers()).toEqual(before);
    expect(before).toMatchObject([{ manager: 'author' }]);
  });

  it('patch a status apart from the rest', async () => {
    const target = { apiVersion: 'v1', kind: 'Node', resource: 'nodes', name: 'node-a' };
    const kubelet = async () =>
      record(record((await plane.get(target, 'node-a'))?.['status'])['nodeInfo'])['kubeletVersion'];
    const before = await kubelet();
    const release = await levers.pull('objects.patch', {
      ...target,
      patch: { status: { nodeInfo: { kubeletVersion: 'v1.20.0' } } },
    });
    // Longer than a kubelet of the rehearsal takes to write its status.
    await new Promise((later) => setTimeout(later, 1500));
    expect(await kubelet()).toBe('v1.20.0');
    await release();
    expect(await kubelet()).toBe(before);
  });

  it('delete, and make it again as it was', async () => {
    await plane.apply(configMap({ a: '1' }));
    const before = await plane.get(CONFIG_MAPS, 'settings', 'default');
    const release = await levers.pull('objects.delete', { ...CONFIG_MAPS, name: 'settings', namespace: 'default' });
    expect(await plane.get(CONFIG_MAPS, 'settings', 'default')).toBeUndefined();
    await release();
    const after = await plane.get(CONFIG_MAPS, 'settings', 'default');
    expect([after?.['data'], after?.metadata.labels]).toEqual([before?.['data'], before?.metadata.labels]);
    expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
  });

  it('apply: what was there comes back, what was not goes', async () => {
    await plane.apply(configMap({ a: '1' }));
    const replaced = await levers.pull('objects.apply', { manifest: configMap({ z: '9' }) });
    expect(await settings()).toEqual({ z: '9' });
    await replaced();
    expect(await settings()).toEqual({ a: '1' });
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b', namespace: 'default' },
    };
    const added = await levers.pull('objects.apply', { manifest: { ...budget, spec: { minAvailable: 1 } } });
    const changed = await levers.pull('objects.apply', { manifest: { ...budget, spec: { minAvailable: 2 } } });
    expect(await plane.get(PDBS, 'b', 'default')).toMatchObject({ spec: { minAvailable: 2 } });
    await changed();
    expect(await plane.get(PDBS, 'b', 'default')).toMatchObject({ spec: { minAvailable: 1 } });
    await added();
    expect(await plane.get(PDBS, 'b', 'default')).toBeUndefined();
  });

  it('make a check of the API server fail', async () => {
    const release = await levers.pull('api-server.unready', { check: 'etcd' });
    const failed = await plane.call('GET', '/readyz?verbose');
    expect([failed.status, failed.text]).toEqual([500, expect.stringContaining('[-]etcd failed: reason withheld')]);
    await release();
    expect((await plane.call('GET', '/readyz')).status).toBe(200);
  });

  it('say what they lack, and change nothing', async () => {
    await expect(levers.pull('objects.patch', { ...CONFIG_MAPS, name: 'absent', patch: {} })).rejects.toThrow(
      'there is no ConfigMap absent',
    );
    await expect(levers.pull('objects.delete', { ...CONFIG_MAPS })).rejects.toThrow('the lever needs name');
    await expect(levers.pull('objects.apply', {})).rejects.toThrow('the lever needs manifest');
  });
});

describe('what the platform sees of the control plane', () => {
  it('follows objects, one call at a time, to the last change', { timeout: 20_000 }, async () => {
    const seen: (readonly KubeObject[])[] = [];
    const stop = plane.watchObjects(CONFIG_MAPS, (objects) => seen.push(objects));
    await plane.apply(configMap({ n: '0' }));
    for (let n = 1; n <= 5; n += 1)
      await plane.patch(CONFIG_MAPS, { name: 'settings', namespace: 'default' }, { data: { n: String(n) } });
    const last = () => seen.at(-1)?.find(({ metadata }) => metadata.name === 'settings')?.['data'];
    await until(
      () => Promise.resolve(last()),
      (data) => record(data)['n'] === '5',
    );
    stop();
    const calls = seen.length;
    await plane.patch(CONFIG_MAPS, { name: 'settings', namespace: 'default' }, { data: { n: '6' } });
    await new Promise((later) => setTimeout(later, 100));
    expect(seen).toHaveLength(calls);
  });

  it('pulls an image by digest, and restarts its process when it is killed', { timeout: 30_000 }, async () => {
    await plane.apply(deployment('pinned', { replicas: 1, image: PINNED }));
    const ready = await until(
      async () => containerOf((await podsOf('pinned'))[0]),
      ({ ready }) => ready === true,
    );
    expect([ready['image'], ready['imageID']]).toEqual([PINNED, `ghcr.io/golive/pinned@${DIGEST}`]);
    for (const restart of [1, 2]) {
      const running = plane.containers().find(({ start }) => start.pod.startsWith('pinned-'));
      process.kill(running?.pid ?? 0, 'SIGKILL');
      const after = await until(
        async () => containerOf((await podsOf('pinned'))[0]),
        ({ restartCount, ready }) => restartCount === restart && ready === true,
      );
      expect(record(record(after['lastState'])['terminated'])).toMatchObject({ exitCode: 137, reason: 'Error' });
    }
    expect(plane.containers().find(({ start }) => start.pod.startsWith('pinned-'))?.pid).toBeGreaterThan(0);
    await plane.remove(DEPLOYMENTS, { name: 'pinned', namespace: 'default' });
    await plane.remove(PODS, { name: 'nobody', namespace: 'default' });
  });
});
