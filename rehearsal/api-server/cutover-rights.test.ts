/**
 * What the gate may do for a cutover, with exactly the rights that `golive plan --rbac` prints for it: each act is refused without them,
 * done with them, and nothing beside them is.
 */
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { kinds } from '../../checks/index.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { rbacFor } from '../../specs/loader/rbac-manifest.ts';
import { NAMESPACE } from '../topology.ts';
import { record, type Json } from './object.ts';
import { deployment, startTestPlane, type TestPlane } from './testing.ts';

const ROUTES = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes`;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const LEASE = 'golive-cutover';
const STABLE = 'mcp-typescript-api-green';
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const MERGE_PATCH = { 'content-type': 'application/merge-patch+json' };
const PARAMS = {
  route: { namespace: NAMESPACE, name: 'mcp-api', stable: 'stable', canary: 'canary' },
  version: { canary: 'v1.0.0' },
  endpoint: { url: 'https://api.mcp.test' },
  path: '/',
  deployments: [STABLE],
  services: [{ name: 'stable', port: 3000, path: '/health' }],
  verify: ['P2-HEA-002'],
};

let plane: TestPlane;
beforeAll(async () => {
  plane = await startTestPlane();
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (const name of ['mcp-api', 'mcp-blue']) await plane.apply(route(name));
  for (const name of [STABLE, 'other'])
    await plane.apply({ ...deployment(name, { replicas: 0 }), metadata: { name, namespace: NAMESPACE } });
  const spec = { selector: { app: STABLE }, ports: [{ port: 3000, targetPort: 8080 }] };
  for (const name of ['stable', 'hidden'])
    await plane.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec });
  await plane.call('POST', LEASES, { body: lease('somebody-s') });
}, 30_000);
afterAll(() => plane.close());

const route = (name: string): Json => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    rules: [
      {
        backendRefs: [
          { name: 'stable', port: 3000, weight: 100 },
          { name: 'canary', port: 3000, weight: 0 },
        ],
      },
    ],
  },
});
const lease = (name: string, more: Json = {}): Json => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: NAMESPACE, ...more },
  spec: { holderIdentity: 'golive', leaseDurationSeconds: 15 },
});
const toCanary = [{ op: 'add', path: '/spec/rules/0/backendRefs/1/weight', value: 5 }];
const labelled = { metadata: { labels: { tried: 'yes' } } };

type Act = readonly [
  method: string,
  path: string,
  options?: { readonly headers?: Record<string, string>; readonly body?: unknown },
];
const as = async ([method, path, options]: Act, who: 'admin' | 'gate'): Promise<number> =>
  (await plane.call(method, path, { ...options, as: who })).status;

/** What the cutover and its rollback do, in this order; some need what one before made. */
const acts: readonly Act[] = [
  ['GET', `${ROUTES}/mcp-api`],
  ['PATCH', `${ROUTES}/mcp-api`, { headers: JSON_PATCH, body: toCanary }],
  ['POST', LEASES, { body: lease(LEASE) }],
  ['GET', `${LEASES}/${LEASE}`],
  ['GET', `${APPS}/deployments/${STABLE}`],
  ['PATCH', `${APPS}/deployments/${STABLE}`, { headers: MERGE_PATCH, body: labelled }],
  ['GET', `${APPS}/replicasets`],
  // Another route may lead the same users elsewhere.
  ['GET', ROUTES],
];
/** What is next to it, and nobody gave. */
const beside: readonly Act[] = [
  ['GET', `${ROUTES}/mcp-blue`],
  ['PATCH', `${ROUTES}/mcp-blue`, { headers: JSON_PATCH, body: toCanary }],
  ['PUT', `${ROUTES}/mcp-api`, { body: route('mcp-api') }],
  ['PATCH', `${ROUTES}/mcp-api/status`, { headers: MERGE_PATCH, body: { status: {} } }],
  ['DELETE', `${ROUTES}/mcp-api`],
  ['GET', `${LEASES}/somebody-s`],
  ['PUT', `${LEASES}/somebody-s`, { body: lease('somebody-s') }],
  ['PATCH', `${LEASES}/${LEASE}`, { headers: MERGE_PATCH, body: labelled }],
  ['DELETE', `${LEASES}/${LEASE}`],
  ['PATCH', `${APPS}/deployments/other`, { headers: MERGE_PATCH, body: labelled }],
  ['PATCH', `${APPS}/deployments/${STABLE}/scale`, { headers: MERGE_PATCH, body: { spec: { replicas: 1 } } }],
  ['DELETE', `${APPS}/deployments/${STABLE}`],
  ['GET', `/api/v1/namespaces/${NAMESPACE}/services/hidden:3000/proxy/health`],
  ['GET', `/api/v1/namespaces/${NAMESPACE}/secrets`],
  ['PATCH', '/apis/apps/v1/namespaces/default/deployments/other', { headers: MERGE_PATCH, body: labelled }],
];

/** The documents that `golive plan --rbac` prints for a checklist with this item alone. */
function printed(): readonly Json[] {
  const kind = kinds.get('cutover/weights');
  const filled = kind && validateParams(kind, PARAMS);
  if (!kind || !filled?.ok)
    throw new Error(`cutover/weights does not take these parameters: ${JSON.stringify(filled)}`);
  const item = { id: 'P4-ROU-001', permissions: kind.permissions(filled.params) } as unknown as PlannedItem;
  const plan = { checklist: { name: 'cutover' }, environment: { name: 'rehearsal' }, items: [item] } as unknown as Plan;
  return loadAll(rbacFor(plan)).map(record);
}

it('refuses every act of a cutover to a gate without rights', async () => {
  for (const act of acts) expect([act[0], act[1], await as(act, 'gate')]).toEqual([act[0], act[1], 403]);
});

it('lets the gate do all of it with the printed rights, and nothing beside', async () => {
  for (const document of printed()) await plane.apply(document);
  for (const act of acts) {
    const status = await as(act, 'gate');
    expect([act[0], act[1], status]).toEqual([act[0], act[1], act[0] === 'POST' ? 201 : 200]);
  }
  const { body } = await plane.call('GET', `${LEASES}/${LEASE}`, { as: 'gate' });
  const { resourceVersion } = record(body['metadata']);
  expect(await as(['PUT', `${LEASES}/${LEASE}`, { body: lease(LEASE, { resourceVersion }) }], 'gate')).toBe(200);
  // No pod is behind it: what answers is the proxy, not the refusal of a right.
  expect(await as(['GET', `/api/v1/namespaces/${NAMESPACE}/services/stable:3000/proxy/health`], 'gate')).toBe(503);
  for (const act of beside) expect([act[0], act[1], await as(act, 'gate')]).toEqual([act[0], act[1], 403]);
});

it('refuses again at once when the binding goes, in words that name the right', async () => {
  const binding = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings/golive-cutover-rehearsal`;
  expect(await as(['DELETE', binding], 'admin')).toBe(200);
  const [, patch] = acts;
  const { status, text } = await plane.call('PATCH', `${ROUTES}/mcp-api`, { as: 'gate', ...patch?.[2] });
  expect(status).toBe(403);
  expect(text).toContain(
    `User \\"golive-gate\\" cannot patch resource \\"httproutes\\" in API group \\"gateway.networking.k8s.io\\" in the namespace \\"${NAMESPACE}\\"`,
  );
});
