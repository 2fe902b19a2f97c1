import { expect, it } from 'vitest';
import type { Capabilities } from '../../contract/capabilities.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { rbacAuthorization } from './check.ts';

const control = { user: 'system:serviceaccount:shop:api', verb: 'list', group: '', resource: 'pods', groups: [] };

/** An authorizer with one grant to a group, besides that of the control. */
function clusterGranting(group: string, inNamespace?: string) {
  const served = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map((name) => ({ name }));
  const cluster: Partial<Capabilities['cluster']> = {
    raw: () => Promise.resolve({ status: 200, body: JSON.stringify({ resources: served }), ms: 1 }),
    canUser: ({ user, groups }, attributes) => {
      const namespace = 'namespace' in attributes ? attributes.namespace : undefined;
      const granted = groups.includes(group) && (inNamespace === undefined || inNamespace === namespace);
      const allowed = granted || user === control.user;
      return Promise.resolve({ allowed, reason: allowed ? 'RBAC: allowed by RoleBinding "b/shop"' : '' });
    },
  };
  return { cluster } as Capabilities;
}

it.each([
  ['system:authenticated', undefined],
  ['system:unauthenticated', undefined],
  ['system:serviceaccounts', undefined],
  ['system:authenticated', 'shop'],
  ['system:serviceaccounts', 'shop'],
])('a grant to %s (namespace %s) is found', async (group, inNamespace) => {
  const params = { control: { ...control, namespace: 'shop' } };
  const gathered = await rbacAuthorization.gather(
    params,
    clusterGranting(group, inNamespace),
    testContext('2026-01-15T12:00:00Z'),
  );
  expect(rbacAuthorization.judge(params, gathered, testContext('2026-01-15T12:00:00Z')).outcome).toBe('fail');
});

it('a grant to nobody but the control passes', async () => {
  const params = { control: { ...control, namespace: 'shop' } };
  const gathered = await rbacAuthorization.gather(
    params,
    clusterGranting('nobody'),
    testContext('2026-01-15T12:00:00Z'),
  );
  expect(rbacAuthorization.judge(params, gathered, testContext('2026-01-15T12:00:00Z')).outcome).toBe('pass');
});
