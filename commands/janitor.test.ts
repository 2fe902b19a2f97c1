import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startTestPlane, type TestPlane } from '../rehearsal/api-server/testing.ts';
import { TEMPORARY } from '../fixtures/capabilities/temporary-object.ts';
import { makeProject, phaseText } from '../specs/loader/testing/project.ts';
import { janitor } from './janitor.ts';

let plane: TestPlane;
let project: ReturnType<typeof makeProject>;
let said = '';
beforeAll(async () => {
  plane = await startTestPlane();
  for (const name of ['shop', 'elsewhere'])
    await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
});
afterAll(() => plane.close());
beforeEach(() => {
  project = makeProject({
    'specs/small/phase1.yaml': phaseText(
      '  - { id: P1-CLU-001, title: T, kind: cluster/storage-classes, source: 1, severity: major, owner: platform-team, params: {} }\n',
    ),
    'fixtures/environments/staging.yaml': [
      'apiVersion: golive/v1',
      'name: staging',
      `kubeconfig: { path: ${plane.kubeconfig}, context: rehearsal-admin }`,
      'namespaces: { platform: shop }',
      'endpoints: {}',
      'stores: {}',
      'mutations: []',
      'preconditions: enforce',
      '',
    ].join('\n'),
  });
  vi.stubEnv('GOLIVE_PROJECT', project.root);
  said = '';
  const listen = (text: string | Uint8Array): boolean => ((said += String(text)), true);
  vi.spyOn(process.stdout, 'write').mockImplementation(listen);
  vi.spyOn(process.stderr, 'write').mockImplementation(listen);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  project.remove();
});

const OURS = { [TEMPORARY.label]: TEMPORARY.value };
const policy = (name: string, namespace: string, labels: Readonly<Record<string, string>>) =>
  plane.apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  });
const policies = async (namespace: string): Promise<readonly string[]> => {
  const { body } = await plane.call('GET', `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`);
  const items = body['items'] as readonly { readonly metadata: { readonly name: string } }[];
  return items.map(({ metadata }) => metadata.name).sort();
};

it('removes the policies and pods that a killed golive left, and nothing else', async () => {
  await policy('golive-partition', 'shop', OURS);
  await policy('default-deny', 'shop', { app: 'api' });
  await policy('of-another-environment', 'elsewhere', OURS);
  await plane.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'api-unready', namespace: 'shop', labels: OURS },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'ghcr.io/golive/web:v1' }] },
  });
  // Of a load by the k6-operator: the tokens of its sessions.
  for (const [name, labels] of [
    ['golive-load-1', OURS],
    ['kept', {}],
  ] as const)
    await plane.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'shop', labels },
      stringData: { tokens: 'of-a-session' },
    });

  expect(await janitor({ env: 'staging', dryRun: true })).toBe(1);
  expect(said).toMatch(/left over: NetworkPolicy shop\/golive-partition/);
  expect(said).toMatch(/left over: Pod shop\/api-unready/);
  expect(said).toMatch(/left over: Secret shop\/golive-load-1/);
  expect(await policies('shop')).toEqual(['default-deny', 'golive-partition']);

  said = '';
  expect(await janitor({ env: 'staging', json: true })).toBe(0);
  expect((JSON.parse(said) as { removed: string[] }).removed.sort()).toEqual([
    'NetworkPolicy shop/golive-partition',
    'Pod shop/api-unready',
    'Secret shop/golive-load-1',
  ]);
  const kept = await plane.call('GET', '/api/v1/namespaces/shop/secrets');
  expect((kept.body['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)).toContain(
    'kept',
  );
  expect(await policies('shop')).toEqual(['default-deny']);
  expect(await policies('elsewhere')).toEqual(['of-another-environment']);

  // A pod takes its time to end.
  await vi.waitFor(
    async () => {
      said = '';
      expect(await janitor({ env: 'staging' })).toBe(0);
      expect(said).toMatch(/Nothing of golive is left/);
    },
    { timeout: 60_000, interval: 200 },
  );
});

it('says that the cluster does not answer, without a stack trace', async () => {
  const gone = await startTestPlane({ nodes: ['a'] });
  await gone.close();
  const { root } = project;
  const { readFileSync, writeFileSync } = await import('node:fs');
  const file = `${root}/fixtures/environments/staging.yaml`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(plane.kubeconfig, gone.kubeconfig));
  expect(await janitor({ env: 'staging' })).toBe(2);
  expect(said).toMatch(/Fix: /);
  expect(said).not.toMatch(/\n\s+at /);
});
