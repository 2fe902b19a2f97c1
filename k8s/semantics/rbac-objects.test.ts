import { describe, expect, it } from 'vitest';
import { createRbacAuthorizer, rbacPolicyOf } from './rbac.ts';

const pods = { verb: 'get', group: '', resource: 'pods', namespace: 'n' };

describe('objects as files hold them', () => {
  const group = 'rbac.authorization.k8s.io';
  const role = (apiVersion: string, rules: readonly object[]) => ({
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name: 'r' },
    rules,
  });
  const all = role(`${group}/v1`, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
  const bound = (kind: string) => ({
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: 'b' },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'r' },
    subjects: [{ kind: 'User', apiGroup: group, name: 'jane' }],
  });
  const jane = { user: 'jane', groups: [] };
  const nodes = { verb: 'delete', group: '', resource: 'nodes' };

  it('a RoleBinding without a namespace grants nothing cluster-wide', () => {
    const rbac = createRbacAuthorizer(rbacPolicyOf([all, bound('RoleBinding')]));
    expect(rbac.authorize(jane, nodes).allowed).toBe(false);
    expect(rbac.authorize(jane, pods).allowed).toBe(false);
    expect(rbac.authorize(jane, { ...pods, namespace: 'default' }).allowed).toBe(true);
  });

  it('a ClusterRole of another API group is another object', () => {
    const foreign = role('authorization.openshift.io/v1', []);
    const rbac = createRbacAuthorizer(rbacPolicyOf([all, foreign, bound('ClusterRoleBinding')]));
    expect(rbac.authorize(jane, nodes).allowed).toBe(true);
  });
});
