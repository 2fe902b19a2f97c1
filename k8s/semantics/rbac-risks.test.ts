import { describe, expect, it } from 'vitest';
import { grantIndex, policyGrants, serviceAccountOf } from './rbac-grants.ts';
import { risksOf } from './rbac-risks.ts';
import { rbacPolicyOf } from './rbac.ts';

describe('risks of a rule', () => {
  const core = (verbs: string[], resources: string[], resourceNames: string[] = []) => ({
    verbs,
    apiGroups: [''],
    resources,
    resourceNames,
  });
  it.each([
    [core(['get', 'list', 'watch'], ['pods', 'configmaps']), []],
    [core(['get'], ['secrets'], ['own']), []],
    [core(['get'], ['secrets']), ['secrets-get']],
    [core(['list'], ['secrets'], ['own']), ['secrets-list']],
    [core(['watch'], ['secrets']), ['secrets-list']],
    [core(['*'], ['secrets']), ['wildcard-verb', 'secrets-list', 'secrets-get', 'secrets-write']],
    [core(['create'], ['pods/exec']), ['pods-exec']],
    [core(['get'], ['pods/exec']), ['pods-exec']],
    [core(['create'], ['pods']), ['workload-create']],
    [core(['patch'], ['pods']), ['workload-create']],
    [core(['delete'], ['pods']), []],
    [{ verbs: ['patch'], apiGroups: ['apps'], resources: ['deployments/scale'] }, []],
    [{ verbs: ['create'], apiGroups: ['*'], resources: ['jobs'] }, ['wildcard-group', 'workload-create']],
    [core(['patch'], ['secrets']), ['secrets-write']],
    [core(['update'], ['secrets'], ['own']), []],
    [core(['get'], ['services/proxy']), ['pods-exec']],
    [core(['update'], ['namespaces']), ['namespaces-write']],
    [core(['get', 'list', 'watch'], ['nodes', 'namespaces', 'persistentvolumes']), []],
    [core(['patch'], ['nodes/status']), ['nodes-write']],
    [core(['create'], ['persistentvolumes']), ['volumes-create']],
    [core(['create'], ['persistentvolumeclaims', 'configmaps', 'services', 'events']), []],
    [
      { verbs: ['update'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'] },
      ['certificates-approve'],
    ],
    [
      { verbs: ['delete'], apiGroups: ['admissionregistration.k8s.io'], resources: ['validatingadmissionpolicies'] },
      ['admission-write'],
    ],
    [{ verbs: ['create'], apiGroups: ['apiregistration.k8s.io'], resources: ['apiservices'] }, ['api-extend']],
    [{ verbs: ['delete'], apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'] }, ['guardrails-write']],
    [{ verbs: ['create'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'] }, ['roles-write']],
    [{ verbs: ['create', 'update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] }, []],
    [core(['create'], ['serviceaccounts/token']), ['token-request']],
    [core(['get'], ['nodes/proxy']), ['node-proxy']],
    // A resource of the form */subresource is that subresource of every resource.
    [core(['create'], ['*/token']), ['token-request']],
    [core(['get'], ['*/proxy']), ['pods-exec', 'node-proxy']],
    [core(['create'], ['*/portforward']), ['pods-exec']],
    [core(['patch'], ['*/ephemeralcontainers']), ['pods-exec']],
    [{ verbs: ['list'], apiGroups: ['example.org'], resources: ['secrets'] }, []],
    [{ verbs: ['get'], apiGroups: ['*'], resources: ['secrets'], resourceNames: ['a'] }, ['wildcard-group']],
    [
      { verbs: ['bind', 'escalate'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'] },
      ['escalate', 'bind'],
    ],
    [{ verbs: ['get'], nonResourceURLs: ['*'] }, ['wildcard-path']],
    [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }, []],
  ])('%j: %j', (rule, risks) => {
    expect(risksOf(rule)).toEqual(risks);
  });

  it('are none outside of its namespace where a RoleBinding grants it', () => {
    const everywhere = core(['patch'], ['nodes', 'persistentvolumes', 'secrets']);
    expect(risksOf(everywhere)).toEqual(['secrets-write', 'nodes-write', 'volumes-create']);
    expect(risksOf(everywhere, true)).toEqual(['secrets-write']);
  });
});

describe('grants', () => {
  it('name binding and role, and say where the role does not exist', () => {
    const policy = rbacPolicyOf([
      { kind: 'Role', metadata: { name: 'reader', namespace: 'shop' }, rules: [{ verbs: ['get'] }] },
      { kind: 'RoleBinding', metadata: { name: 'a', namespace: 'shop' }, roleRef: { kind: 'Role', name: 'reader' } },
      { kind: 'RoleBinding', metadata: { name: 'b', namespace: 'other' }, roleRef: { kind: 'Role', name: 'reader' } },
      { kind: 'ClusterRoleBinding', metadata: { name: 'c' }, roleRef: { kind: 'ClusterRole', name: 'gone' } },
    ]);
    expect(policyGrants(policy).map(({ name, role, rules }) => [name, role, rules?.length ?? null])).toEqual([
      ['ClusterRoleBinding c', 'ClusterRole gone', null],
      ['RoleBinding shop/a', 'Role shop/reader', 1],
      ['RoleBinding other/b', 'Role other/reader', null],
    ]);
  });

  it('are found by account: its own, however it is named, and those of its groups besides', () => {
    const binding = (name: string, ...subjects: object[]) => ({
      kind: 'RoleBinding',
      metadata: { name, namespace: 'shop' },
      roleRef: { kind: 'Role', name: 'reader' },
      subjects,
    });
    const everybody = { kind: 'Group', name: 'system:serviceaccounts' };
    const api = { kind: 'ServiceAccount', name: 'api', namespace: 'shop' };
    const asUser = { kind: 'User', name: 'system:serviceaccount:shop:api' };
    const policy = rbacPolicyOf([
      binding('a', api, asUser),
      binding('b', everybody, api),
      binding('c', everybody, { kind: 'Group', name: 'system:serviceaccounts:shop' }),
      binding('d', { ...api, namespace: 'other' }, { kind: 'User', name: 'api' }),
    ]);
    const { own, byGroup } = grantIndex(policyGrants(policy))({ namespace: 'shop', name: 'api' });
    const names = [own, byGroup].map((grants) => grants.map(({ name }) => name));
    expect(names).toEqual([['RoleBinding shop/a', 'RoleBinding shop/b'], ['RoleBinding shop/c']]);
  });

  it('know a service account by both of its spellings', () => {
    expect(serviceAccountOf({ kind: 'ServiceAccount', name: 'api', namespace: '' }, 'shop')).toEqual({
      namespace: 'shop',
      name: 'api',
    });
    expect(serviceAccountOf({ kind: 'User', name: 'system:serviceaccount:shop:api' }, '')).toEqual({
      namespace: 'shop',
      name: 'api',
    });
    expect(serviceAccountOf({ kind: 'User', name: 'jane' }, 'shop')).toBeNull();
  });
});
