import { load, loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { Permission, Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { gateRoleName, grantCommand, rbacFor } from './rbac-manifest.ts';
import { permissionsOf } from './rbac.ts';
import { renderPlan } from './render-plan.ts';

function planWith(permissions: Readonly<Record<string, readonly Permission[]>>): Plan {
  const items = Object.entries(permissions).map(([id, own]) => ({ id, permissions: own }) as unknown as PlannedItem);
  return { checklist: { name: 'small', file: 'x' }, environment: { name: 'rehearsal' }, items } as unknown as Plan;
}
const read = (resources: string[], namespace?: string, resourceNames?: string[]): Permission => ({
  ...(namespace === undefined ? {} : { namespace }),
  groups: [''],
  resources,
  verbs: ['list', 'get'],
  ...(resourceNames === undefined ? {} : { resourceNames }),
});
const IDENTITY = {
  permission: { groups: [''], resources: ['namespaces'], verbs: ['get'], resourceNames: ['kube-system'] },
  neededBy: ["the environment's identity"],
};

describe('permissionsOf', () => {
  it('always holds the reading of the environment identity, and nothing more without items', () => {
    expect(permissionsOf(planWith({}))).toEqual([IDENTITY]);
  });

  it('joins what is the same and remembers who needs it', () => {
    const plan = planWith({
      A: [read(['pods'], 'shop')],
      B: [read(['services', 'pods'], 'shop')],
      C: [{ groups: [], resources: [], verbs: ['get'], nonResourceURLs: ['/readyz'] }],
    });
    expect(permissionsOf(plan)).toEqual([
      IDENTITY,
      { permission: { groups: [], resources: [], verbs: ['get'], nonResourceURLs: ['/readyz'] }, neededBy: ['C'] },
      {
        permission: { namespace: 'shop', groups: [''], resources: ['pods', 'services'], verbs: ['get', 'list'] },
        neededBy: ['A', 'B'],
      },
    ]);
  });

  it('keeps names: a right on one Secret never becomes a right on all', () => {
    const plan = planWith({
      A: [{ namespace: 'shop', groups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['db'] }],
      B: [{ namespace: 'shop', groups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['api', 'db'] }],
      C: [{ namespace: 'shop', groups: [''], resources: ['secrets'], verbs: ['list'] }],
    });
    expect(permissionsOf(plan).slice(1)).toEqual([
      {
        permission: {
          namespace: 'shop',
          groups: [''],
          resources: ['secrets'],
          verbs: ['get'],
          resourceNames: ['api', 'db'],
        },
        neededBy: ['A', 'B'],
      },
      { permission: { namespace: 'shop', groups: [''], resources: ['secrets'], verbs: ['list'] }, neededBy: ['C'] },
    ]);
  });

  it('drops a narrower right where the wider one is needed anyway, and keeps who needs it', () => {
    const plan = planWith({ A: [read(['pods'], 'shop', ['one'])], B: [read(['pods'], 'shop')], C: [read(['pods'])] });
    expect(permissionsOf(plan)).toEqual(
      [
        IDENTITY,
        { permission: { groups: [''], resources: ['pods'], verbs: ['get', 'list'] }, neededBy: ['A', 'B', 'C'] },
      ].sort((a, b) => (a.permission.resources < b.permission.resources ? -1 : 1)),
    );
  });

  it('does not depend on the order of items', () => {
    const a = planWith({ A: [read(['pods'], 'shop')], B: [read(['nodes'])] });
    const b = planWith({ B: [read(['nodes'])], A: [read(['pods'], 'shop')] });
    expect(rbacFor(a)).toBe(rbacFor(b));
  });
});

describe('rbacFor', () => {
  const plan = planWith({ A: [read(['pods'], 'shop')], B: [read(['nodes'])] });

  it('binds a role for the cluster and one for each namespace', () => {
    const documents = loadAll(rbacFor(plan)) as {
      kind: string;
      metadata: { namespace?: string };
      subjects?: unknown;
    }[];
    expect(documents.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
      ['ClusterRole', undefined],
      ['ClusterRoleBinding', undefined],
      ['Role', 'shop'],
      ['RoleBinding', 'shop'],
    ]);
    expect(documents[3]?.subjects).toEqual([
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'golive-gate' },
    ]);
  });

  it('names and labels all of it by checklist and environment, so that two gates in one cluster keep apart', () => {
    const documents = loadAll(rbacFor(plan)) as { metadata: { name: string; labels: Record<string, string> } }[];
    const name = gateRoleName(plan);
    expect(name).toMatch(new RegExp(`^golive-${plan.checklist.name}-${plan.environment.name}$`));
    for (const { metadata } of documents) {
      expect(metadata.name).toBe(name);
      expect(metadata.labels['app.kubernetes.io/instance']).toBe(name);
    }
    expect(gateRoleName({ ...plan, environment: { ...plan.environment, name: 'EU West_2.' } })).toMatch(/-eu-west-2$/);
  });

  it.each([
    ['golive-gate', ''],
    ['system:serviceaccount:golive:gate', ' --subject serviceaccount:golive/gate'],
    ['jane@example.org', ' --subject user:jane@example.org'],
  ])('is granted to %s by a command that names cluster and subject', (user, subject) => {
    const environment = {
      ...plan.environment,
      name: 'production',
      file: 'fixtures/environments/production.yaml',
      kubeconfig: { path: 'my clusters/config', context: 'prod' },
    };
    expect(grantCommand({ environment }, user)).toBe(
      `golive plan --env production --rbac${subject} | kubectl --kubeconfig 'my clusters/config' --context prod apply -f -`,
    );
  });

  it('binds a ServiceAccount when asked', () => {
    const text = rbacFor(plan, { kind: 'ServiceAccount', namespace: 'golive', name: 'gate' });
    const binding = load(text.split('\n---\n')[1] ?? '') as { subjects: unknown };
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: 'gate', namespace: 'golive' }]);
  });
});

describe('renderPlan', () => {
  const base = {
    checklist: { name: 'small', file: 'specs/small/checklist.yaml' },
    release: { name: 'small', version: 'v1.0.0', commit: 'unknown' },
    digest: 'sha256:00',
    phases: [{ id: 'phase1', title: 'Preparation', order: 'parallel', file: 'specs/small/phase1.yaml' }],
    items: [
      {
        id: 'P1-A-001',
        phase: 'phase1',
        title: 'Load is carried',
        kind: 'load/run',
        severity: 'major',
        effect: 'mutating',
        mutation: 'load',
        permissions: [],
      },
    ],
  };
  const render = (environment: object, armedFor?: string): string =>
    renderPlan(
      {
        ...base,
        environment: {
          name: 'x',
          file: 'x.yaml',
          kubeconfig: { path: 'k', context: 'c' },
          overrides: [],
          compression: 1,
          preconditions: 'enforce',
          ...environment,
        },
      } as unknown as Plan,
      { armedFor },
    );

  it('says what a mutating item waits for', () => {
    expect(render({ rehearsal: true, mutations: ['load'] })).toContain('changes (load)  Load is carried');
    expect(render({ rehearsal: false, mutations: [] })).toContain('changes (load), not allowed here');
    expect(render({ rehearsal: false, mutations: ['load'] })).toContain('waits for GOLIVE_ARM=v1.0.0');
    expect(render({ rehearsal: false, mutations: ['load'] }, 'v1.0.0')).toContain('changes (load), armed');
    expect(render({ rehearsal: false, mutations: ['load'] })).toContain('context "c" of k');
  });
});
