import { expect, it } from 'vitest';
import { growth } from '../../../tests/harness/growth.ts';
import { minimalPrivileges } from './check.ts';

/** So many accounts, each with a pod, a token, a role of its own and an exception from it, beside as many aggregated roles. */
function world(accounts: number) {
  const names = Array.from({ length: accounts }, (_, at) => `a${at}`);
  const rules = [{ verbs: ['list'], apiGroups: [''], resources: ['secrets'] }];
  const bound = (name: string, subjects: readonly object[]) => ({
    name,
    namespace: 'shop',
    roleRef: { kind: 'Role', name },
    subjects,
  });
  return {
    params: {
      namespaces: ['shop'],
      exceptions: names.map((name) => ({ account: `shop/${name}`, risk: 'secrets-list', reason: 'It rotates them.' })),
    },
    gathered: {
      policy: {
        roles: names.map((name) => ({ name, namespace: 'shop', labels: {}, aggregates: null, rules })),
        clusterRoles: names.map((name) => ({
          name,
          namespace: '',
          labels: { [name]: 'true' },
          aggregates: [{ matchLabels: { aggregate: 'true' } }],
          rules: [],
        })),
        roleBindings: names.map((name) => bound(name, [{ kind: 'ServiceAccount', name, namespace: '' }])),
        clusterRoleBindings: [],
      },
      accounts: names.map((name) => ({ namespace: 'shop', name, automount: true })),
      sources: names.map((name) => ({
        owner: `Deployment shop/${name}`,
        workload: `Deployment shop/${name}`,
        namespace: 'shop',
        specPath: 'spec',
        podMetadata: {},
        podSpec: { serviceAccountName: name, containers: [] },
      })),
    },
  };
}

it('takes eight times as long for eight times as many accounts, not the square', () => {
  const worlds = new Map([500, 4000].map((size) => [size, world(size)]));
  const judged = (size: number): void => {
    const { params, gathered } = worlds.get(size) ?? world(size);
    expect(minimalPrivileges.judge(params, gathered, { now: new Date(0) }).outcome).toBe('pass');
  };
  expect(growth(judged, 500, 8)).toBeLessThan(24);
});
