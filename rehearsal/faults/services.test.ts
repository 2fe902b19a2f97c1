/** Each fault of the services that acts on objects, held against the real kinds over a real API server. */
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { DEPLOYMENTS } from '../../checks/protocols/kubernetes.ts';
import { podSources } from '../../checks/protocols/workloads.ts';
import { droppedCapabilities } from '../../checks/workloads/dropped-capabilities/check.ts';
import { nonRoot } from '../../checks/workloads/non-root/check.ts';
import { readOnlyRoot } from '../../checks/workloads/read-only-root/check.ts';
import { restrictedSecurityContext } from '../../checks/workloads/restricted-security-context/check.ts';
import { podSecurity, type PodSecurityLevel } from '../../k8s/semantics/pod-security.ts';
import { startTestPlane, type TestPlane } from '../api-server/testing.ts';
import { addContainerLevers } from '../images/container-levers.ts';
import { addDeploymentLevers } from '../images/deployment-levers.ts';
import { createLevers, type Levers } from '../levers.ts';
import { readManifests } from '../manifests.ts';
import { addObjectLevers } from '../object-levers.ts';
import { pinned } from '../registry/image-manifests.ts';
import { findDist } from '../../fixtures/rehearsal-client/start.ts';
import { NAMESPACE } from '../topology.ts';
import { boundFaults } from '../../tests/harness/drills.ts';
import { seenChange } from '../drill/compare.ts';
import { serviceFaults } from './services.ts';

const SECRETS = {
  postgresPassword: 'a1b2c3d4e5',
  redisPassword: 'b1b2c3d4e5',
  jwtSecret: 'c1b2c3d4e5',
  apiUser: 'ann',
  apiPassword: 'd1b2c3d4e5',
  apiAdminUser: 'root',
  apiAdminPassword: 'e1b2c3d4e5',
};
const TOOLBOX = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/mcp-toolbox`;
let plane: TestPlane;
let levers: Levers;

beforeAll(async () => {
  plane = await startTestPlane();
  levers = createLevers();
  addObjectLevers(levers, plane);
  addContainerLevers(levers, plane);
  addDeploymentLevers(levers, plane);
  const k8s = join(dirname(findDist()), 'k8s');
  const monitoring = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'monitoring' } };
  for (const manifest of [monitoring, ...readManifests(k8s, SECRETS, pinned)]) await plane.apply(manifest);
}, 30_000);
afterAll(() => plane.close());

const fault = (name: string) => {
  const found = serviceFaults.find((one) => one.name === name);
  if (!found) throw new Error(`no fault ${name}`);
  return found;
};
const inject = async (name: string) => {
  const [act] = fault(name).inject;
  return await levers.pull(act.lever, act.with);
};
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((node, step) => (node as Record<string | number, unknown> | undefined)?.[step], value);

test('names are unique, and every lever is one that there is', () => {
  const names = serviceFaults.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const known = [...levers.names(), 'service.misbehave'];
  for (const { inject: acts } of serviceFaults) for (const { lever } of acts) expect(known).toContain(lever);
});

describe('a Deployment that was left behind', () => {
  test.each<readonly [string, PodSecurityLevel | 'root', boolean]>([
    ['no-security-context', 'restricted', false],
    ['container-runs-as-root', 'restricted', false],
    ['capabilities-kept', 'restricted', false],
    ['privileges-may-grow', 'restricted', false],
    ['root-filesystem-writable', 'restricted', true],
    ['credential-in-env', 'restricted', true],
  ])('%s meets the standard: %s %s', async (name, level, allowed) => {
    const release = await inject(name);
    const { status, body } = await plane.call('GET', TOOLBOX);
    expect(status).toBe(200);
    const spec = at(body, 'spec', 'template', 'spec') as Record<string, unknown>;
    expect(podSecurity({ spec }, level === 'root' ? 'restricted' : level).allowed).toBe(allowed);
    await release();
    expect((await plane.call('GET', TOOLBOX)).status).toBe(404);
  });
});

test.each([
  ['P1-CON-002', nonRoot],
  ['P1-CON-003', readOnlyRoot],
  ['P1-CON-004', droppedCapabilities],
  ['P1-CON-005', restrictedSecurityContext],
] as const)('%s says of each Deployment left behind exactly what its fault declares', (item, kind) => {
  for (const { name, inject: acts, changes } of boundFaults(serviceFaults)) {
    const manifest = acts[0].with?.['manifest'] as KubeObject | undefined;
    if (!manifest) continue;
    const { sources } = podSources([{ type: DEPLOYMENTS, item: manifest }]);
    const judgement = kind.judge(
      { namespaces: [NAMESPACE], exemptions: [] },
      { sources, leftOut: 0 },
      { now: new Date() },
    );
    const expected = changes.filter((change) => change.item === item);
    expect([name, judgement.findings.length]).toEqual([name, expected.length]);
    for (const change of expected)
      expect(seenChange(change, { item, message: '', ...judgement })).toMatchObject({ wrong: null });
  }
});

test('an image that is not there is set, and put back with everything else', async () => {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/mcp-typescript-api`;
  const container = async () =>
    at((await plane.call('GET', path)).body, 'spec', 'template', 'spec', 'containers', 0) as { image: string };
  const before = await container();
  const release = await inject('image-not-there');
  expect(await container()).toEqual({ ...before, image: 'ghcr.io/org/mcp-typescript-server:v9.9.9' });
  await release();
  expect(await container()).toEqual(before);
});

test('keys of the Secret go, change and come back', async () => {
  const path = `/api/v1/namespaces/${NAMESPACE}/secrets/mcp-secrets`;
  const data = async () => at((await plane.call('GET', path)).body, 'data') as Record<string, string>;
  const before = await data();
  const missing = await inject('secret-key-missing');
  expect(Object.keys(await data())).not.toContain('jwt-secret');
  await missing();
  const placeholder = await inject('secret-placeholder');
  expect((await data())['api-password']).toBe('Y2hhbmdlbWU=');
  await placeholder();
  expect(await data()).toEqual(before);
});

test('levers refuse what is not there, and change nothing', async () => {
  await expect(levers.pull('container.kill', { app: 'nobody' })).rejects.toThrow(/no container runs that matches/);
  await expect(levers.pull('container.stop', {})).rejects.toThrow(/app or pod must say/);
  await expect(levers.pull('deployment.container', { name: 'nobody', patch: {} })).rejects.toThrow(/no such container/);
});
