/** Each fault of the cluster turns its items red, for the right reason, and back: against the rehearsal's API server and the project's manifests. */
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JSON_SCHEMA, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../../checks/index.ts';
import { validateParams } from '../../checks/kit/params.ts';
import type { CapabilityHost } from '../../fixtures/capabilities/host.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { loadKubernetes } from '../../fixtures/capabilities/kubernetes-bundle.ts';
import { boundFaults, seenOf } from '../../tests/harness/drills.ts';
import { testContext, testEnvironment } from '../../tests/harness/context.ts';
import { record, text, type Json } from '../api-server/object.ts';
import { startTestPlane, type TestPlane } from '../api-server/testing.ts';
import { createLevers, type Levers, type Release } from '../levers.ts';
import { addObjectLevers } from '../object-levers.ts';
import { GATE_ROLE, NAMESPACE, NODES } from '../topology.ts';
import { seenChange, type Seen } from '../drill/compare.ts';
import { clusterFaults } from './cluster.ts';

const MANIFESTS = 'k8s/manifests';
const manifests: readonly Json[] = readdirSync(MANIFESTS)
  .filter((file) => file.endsWith('.yaml'))
  // As `kubectl apply -f` takes a folder.
  .toSorted()
  .flatMap((file) => loadAll(readFileSync(join(MANIFESTS, file), 'utf8'), { schema: JSON_SCHEMA }))
  .filter((document) => document !== null)
  .map(record);
const typeOf = (manifest: Json) => {
  const kind = text(manifest['kind']);
  const { namespace } = record(manifest['metadata']);
  const plural = /(s|y)$/.test(kind) ? kind.replace(/y$/, 'ie').replace(/s$/, 'se') : kind;
  return {
    apiVersion: text(manifest['apiVersion']),
    kind,
    resource: `${plural.toLowerCase()}s`,
    ...(typeof namespace === 'string' ? { namespace } : {}),
  };
};
const resources = [...new Map(manifests.map((one) => [JSON.stringify(typeOf(one)), typeOf(one)])).values()];
const control = {
  user: `system:serviceaccount:${NAMESPACE}:mcp-api-sa`,
  verb: 'list',
  resource: 'pods',
  namespace: NAMESPACE,
};
/** The items of the checklist that these faults are about. */
const ITEMS: Readonly<Record<string, readonly [kind: string, params: unknown]>> = {
  'P1-CLU-001': ['cluster/reachability', {}],
  'P1-CLU-002': ['cluster/version', { minimum: '1.28' }],
  'P1-CLU-003': ['cluster/rbac-authorization', { control }],
  'P1-CLU-005': ['cluster/storage-classes', { claimNamespaces: [NAMESPACE] }],
  'P1-RBA-004': ['workloads/pod-security-admission', { namespaces: [NAMESPACE] }],
  'P2-DEP-001': ['cluster/manifest-drift', { folder: MANIFESTS, resources }],
};

let plane: TestPlane;
let levers: Levers;
const runDir = mkdtempSync(join(tmpdir(), 'golive-faults-'));
const hosts: CapabilityHost[] = [];
const hostAs = (context: string): CapabilityHost => {
  const environment = testEnvironment({ kubeconfig: { path: plane.kubeconfig, context } });
  const host = openHost({ environment, runDir, phase: 'phase1' });
  hosts.push(host);
  return host;
};

beforeAll(async () => {
  await loadKubernetes();
  plane = await startTestPlane({ nodes: NODES });
  levers = createLevers();
  addObjectLevers(levers, plane);
  for (const manifest of manifests) await plane.apply(manifest);
  // What the generated Role lacks is no matter here; the gate is somebody who may lose it.
  const rbac = 'rbac.authorization.k8s.io/v1';
  await plane.apply({
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: { name: GATE_ROLE },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
  });
  await plane.apply({
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    metadata: { name: GATE_ROLE },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: GATE_ROLE },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'golive-gate' }],
  });
}, 60_000);
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.close()));
  await plane.close();
  rmSync(runDir, { recursive: true, force: true });
});

/** What becomes of an item. */
async function run(item: string): Promise<Seen> {
  const [name, given] = ITEMS[item] ?? ['', {}];
  const kind = kinds.get(name);
  if (!kind) throw new Error(`no kind for ${item}`);
  const filled = validateParams(kind, given);
  if (!filled.ok) throw new Error(JSON.stringify(filled.errors));
  const context = testContext({ fresh: true, now: new Date() });
  return await seenOf(item, async () => {
    const capabilities = hostAs('rehearsal').open(kind.meta.needs, context);
    return kind.judge(filled.params, await kind.gather(filled.params, capabilities, context), context);
  });
}

describe('without a fault', () => {
  it.each(Object.keys(ITEMS))('%s passes', { timeout: 20_000 }, async (item) => {
    expect(await run(item)).toMatchObject({ outcome: 'pass' });
  });
});

describe.each(boundFaults(clusterFaults).map((fault) => [fault.name, fault] as const))('%s', (_name, fault) => {
  it('changes what it says, and nothing once it is taken back', { timeout: 30_000 }, async () => {
    const releases: Release[] = [];
    for (const act of fault.inject) releases.push(await levers.pull(act.lever, act.with));
    try {
      // The others are other kinds' items: the drill looks at them.
      for (const change of fault.changes.filter(({ item }) => item in ITEMS)) {
        expect(seenChange(change, await run(change.item))).toMatchObject({ item: change.item, wrong: null });
      }
      const named = new Set([...fault.changes.map(({ item }) => item), ...Object.keys(fault.mayChange)]);
      for (const item of Object.keys(ITEMS).filter((one) => !named.has(one)))
        expect(await run(item)).toMatchObject({ item, outcome: 'pass' });
    } finally {
      for (const release of releases.reverse()) await release();
    }
    for (const { item } of fault.changes.filter((one) => one.item in ITEMS))
      expect(await run(item)).toMatchObject({ item, outcome: 'pass' });
  });
});
