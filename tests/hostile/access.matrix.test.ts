/** What somebody adds to a whole platform: the item that must see it fails, and the platform as it is passes. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { PlatformCluster } from '../harness/platform-cluster.ts';
import { messageOf, passedItems, PlatformProject, redItems } from '../harness/platform-project.ts';

const LIMIT = 240_000;
const IN = 'namespaces/mcp-production';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ITEMS = ['P1-SEC-001', 'P1-RBA-001', 'P1-RBA-003', 'P2-DEP-001'];
const RUN = ['--project=phase1', '--project=phase2', '--grep', ITEMS.join('|')];

let project: PlatformProject;
let made: PlatformProject | undefined;
let cluster: PlatformCluster;
beforeAll(async () => {
  project = made = await PlatformProject.withRehearsal();
  cluster = await project.cluster();
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

/** Makes an object for one test. */
async function add(
  collection: string,
  object: { readonly metadata: { readonly name: string }; readonly [field: string]: unknown },
): Promise<void> {
  await cluster.create(collection, object);
  onTestFinished(() => cluster.remove(`${collection}/${object.metadata.name}`), LIMIT);
}
async function change(path: string, operations: readonly object[], back: readonly object[]): Promise<void> {
  await cluster.patch(path, operations);
  onTestFinished(() => cluster.patch(path, back), LIMIT);
}

it('passes a platform as its manifests describe it', { timeout: LIMIT }, async () => {
  const result = await project.run(RUN);
  expect(redItems(result), result.output).toEqual({});
  expect(passedItems(result)).toEqual(ITEMS);
});

it(
  'sees what an account may, what opens the namespace, what is written out and what was added',
  { timeout: LIMIT },
  async () => {
    const metadata = { name: 'adv', namespace: 'mcp-production' };
    await add(`${RBAC}/${IN}/roles`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['create'] }],
    });
    await add(`${RBAC}/${IN}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'adv' },
      subjects: [{ kind: 'ServiceAccount', name: 'mcp-api-sa', namespace: 'mcp-production' }],
    });
    await add(`/apis/networking.k8s.io/v1/${IN}/networkpolicies`, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'Exists' }] },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/1' } }, { ipBlock: { cidr: '128.0.0.0/1' } }] }],
      },
    });
    await add(`/api/v1/${IN}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { pgpass: 'db:5432:mcp_db:mcp:S3cretPassw0rd' },
    });
    await change(
      `/api/v1/${IN}/configmaps/mcp-config`,
      [{ op: 'add', path: '/data/ADDED', value: 'by-hand' }],
      [{ op: 'remove', path: '/data/ADDED' }],
    );
    const result = await project.run(RUN);
    expect(redItems(result), result.output).toEqual(Object.fromEntries(ITEMS.map((item) => [item, 'fail'])));
    expect(messageOf(result, 'P1-RBA-001')).toContain('workload-create');
    expect(messageOf(result, 'P1-RBA-003')).toContain('open to everybody again by adv');
    expect(messageOf(result, 'P1-SEC-001')).toContain('password of PostgreSQL');
    expect(messageOf(result, 'P2-DEP-001')).toContain('data.ADDED is "by-hand", expected not set');
    expect(result.output).not.toContain('S3cretPassw0rd');
  },
);
