import { expect, it } from 'vitest';
import { growth } from '../../tests/harness/growth.ts';
import { createRbacAuthorizer, rbacPolicyOf } from './rbac.ts';

/** So many users, bound in fifty namespaces to the Role there. */
function authorizerOf(bound: number) {
  const namespaceOf = (at: number): string => `n${at % 50}`;
  const roles = Array.from({ length: 50 }, (_, at) => ({
    kind: 'Role',
    metadata: { name: 'r', namespace: namespaceOf(at) },
    rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
  }));
  const bindings = Array.from({ length: bound }, (_, at) => ({
    kind: 'RoleBinding',
    metadata: { name: `b${at}`, namespace: namespaceOf(at) },
    roleRef: { kind: 'Role', name: 'r' },
    subjects: [{ kind: 'User', name: `u${at}` }],
  }));
  return createRbacAuthorizer(rbacPolicyOf([...roles, ...bindings]));
}

it('looks at the bindings of the subject alone: ten times as many of others make a decision little slower', () => {
  const authorizers = new Map([200, 2000].map((bound) => [bound, authorizerOf(bound)]));
  const decide = (bound: number): void => {
    let allowed = 0;
    for (let turn = 0; turn < 5000; turn += 1) {
      const at = turn % bound;
      const user = { user: `u${at}`, groups: ['system:authenticated'] };
      const asked = { verb: 'get', group: '', resource: 'pods', namespace: `n${at % 50}` };
      if (authorizers.get(bound)?.authorize(user, asked).allowed === true) allowed += 1;
    }
    expect(allowed).toBe(5000);
  };
  expect(growth(decide, 200, 10)).toBeLessThan(4);
});

it('sorts the bindings of somebody once: ten times as many of them make a question no dearer', () => {
  const asked = { verb: 'list', group: '', resource: 'secrets', namespace: 'n0' };
  const user = { user: 'jane', groups: ['ops', 'system:authenticated'] };
  const authorizers = new Map(
    [200, 2000].map((bound) => {
      const role = {
        kind: 'ClusterRole',
        metadata: { name: 'r' },
        rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      };
      const bindings = Array.from({ length: bound }, (_, at) => ({
        kind: 'RoleBinding',
        metadata: { name: `b${at}`, namespace: 'n0' },
        roleRef: { kind: 'ClusterRole', name: 'r' },
        subjects: [
          { kind: 'User', name: 'jane' },
          { kind: 'Group', name: 'ops' },
        ],
      }));
      return [bound, createRbacAuthorizer(rbacPolicyOf([role, ...bindings]))] as const;
    }),
  );
  const ask = (bound: number): void => {
    for (let turn = 0; turn < 20_000; turn += 1)
      if (authorizers.get(bound)?.authorize(user, asked).allowed !== false) throw new Error('nobody granted that');
  };
  expect(growth(ask, 200, 10)).toBeLessThan(2);
});
