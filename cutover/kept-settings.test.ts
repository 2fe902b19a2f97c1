/** Settings of the release before, against the rehearsal's API server. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RecordedSetting } from '../checks/contract/cutover.ts';
import type { ClusterLink } from '../fixtures/capabilities/cluster-link.ts';
import { loadKubernetes } from '../fixtures/capabilities/kubernetes-bundle.ts';
import { startTestPlane, type TestPlane } from '../rehearsal/api-server/testing.ts';
import { linkTo } from '../tests/harness/cluster-links.ts';
import { keptSettings } from './kept-settings.ts';

const never = new AbortController().signal;
const ALL = { configMaps: ['config'], secrets: ['db'] };
let plane: TestPlane;
let link: ClusterLink;
const hidden: string[] = [];

const put = (kind: string, name: string, content: object): Promise<unknown> =>
  plane.apply({ apiVersion: 'v1', kind, metadata: { name, namespace: 'shop' }, ...content });
const data = async (resource: string, name: string): Promise<unknown> =>
  (await plane.call('GET', `/api/v1/namespaces/shop/${resource}/${name}`)).body['data'];
const kept = (declared = ALL) => keptSettings(link, 'shop', declared, (value) => hidden.push(value));

beforeAll(async () => {
  await loadKubernetes();
  plane = await startTestPlane();
  link = linkTo(plane);
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const env = [
    { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'config', key: 'level' } } },
    { name: 'NOTE', valueFrom: { configMapKeyRef: { name: 'notes', key: 'note', optional: true } } },
  ];
  const container = { name: 'web', image: 'ghcr.io/golive/web:v1', env, envFrom: [{ secretRef: { name: 'db' } }] };
  await plane.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
    },
  });
}, 90_000);
afterAll(async () => {
  await link.close();
  await plane.close();
});
beforeEach(async () => {
  await put('ConfigMap', 'config', { data: { level: 'info' } });
  await put('Secret', 'db', { stringData: { password: 'of-before-1' } });
});

const named = (settings: readonly RecordedSetting[], name: string): RecordedSetting => {
  const found = settings.find((one) => one.name === name);
  if (!found) throw new Error(`${name} was not recorded`);
  return found;
};

test('what the pods take is recorded without what it holds, and what is optional is left alone', async () => {
  const recorded = await kept().record(['web'], never);
  expect(recorded.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(['ConfigMap config', 'Secret db']);
  expect(JSON.stringify(recorded)).not.toMatch(/info|of-before|b2YtYmVmb3Jl/);
  expect(hidden).toContain('of-before-1');
});

test('nothing is done where nothing has changed', async () => {
  const settings = kept();
  const recorded = await settings.record(['web'], never);
  for (const one of recorded) expect(await settings.restore(one, never)).toBe('unchanged');
  expect(named(await settings.record(['web'], never), 'config')).toEqual(named(recorded, 'config'));
});

test('what was changed is put back, what was added is gone again', async () => {
  const settings = kept();
  const recorded = await settings.record(['web'], never);
  await plane.call('PATCH', '/api/v1/namespaces/shop/configmaps/config', {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { data: { level: 'debug', more: 'yes' } },
  });
  await put('Secret', 'db', { stringData: { password: 'of-the-new-release' } });
  expect(await settings.restore(named(recorded, 'config'), never)).toBe('restored');
  expect(await settings.restore(named(recorded, 'db'), never)).toBe('restored');
  expect(await data('configmaps', 'config')).toEqual({ level: 'info' });
  expect(await data('secrets', 'db')).toEqual({ password: Buffer.from('of-before-1').toString('base64') });
  // Again, as a rollback may be begun again.
  expect(await settings.restore(named(recorded, 'config'), never)).toBe('unchanged');
});

test('another process knows only that it was changed', async () => {
  const recorded = await kept().record(['web'], never);
  expect(await kept().restore(named(recorded, 'config'), never)).toBe('unchanged');
  await put('ConfigMap', 'config', { data: { level: 'debug' } });
  await expect(kept().restore(named(recorded, 'config'), never)).rejects.toMatchObject({
    code: 'precondition',
    message: expect.stringMatching(/ConfigMap shop\/config was written since the cutover began/) as string,
  });
});

test('one that is not declared, or not there, refuses the cutover', async () => {
  await expect(kept({ ...ALL, secrets: [] }).record(['web'], never)).rejects.toMatchObject({
    code: 'precondition',
    message: expect.stringMatching(
      /Deployment shop\/web takes Secret shop\/db, which is not among the settings/,
    ) as string,
    fix: expect.stringMatching(/params\.settings\.secrets/) as string,
  });
  await plane.call('DELETE', '/api/v1/namespaces/shop/configmaps/config');
  await expect(kept().record(['web'], never)).rejects.toMatchObject({ code: 'not-found' });
});

test('one that was deleted meanwhile is told, and not made anew', async () => {
  const settings = kept();
  const recorded = await settings.record(['web'], never);
  await plane.call('DELETE', '/api/v1/namespaces/shop/configmaps/config');
  await expect(settings.restore(named(recorded, 'config'), never)).rejects.toMatchObject({ code: 'not-found' });
});
