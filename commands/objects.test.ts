/** `golive scan`, `reach`, `can` and `who-can` as people call them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCli } from '../tests/harness/cli.ts';
import type { ScanReport } from './scan/run.ts';

const golive = bundledCli();
let folder = '';
const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-objects-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const NETWORK = `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: c, image: web:1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: c, image: db:1, ports: [{ containerPort: 5432 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 5432 }] }]
`;

describe('golive reach', () => {
  it('answers by its exit code, and says which rule', () => {
    const file = write('network.yaml', NETWORK);
    const allowed = golive(['reach', file, '--from', 'shop/web', '--to', 'shop/db', '--port', '5432']);
    expect(allowed).toMatchObject({
      status: 0,
      stdout: 'shop/web → shop/db 5432/TCP: allowed\n  NetworkPolicy shop/db ingress[0]\n',
    });
    const denied = golive([
      'reach',
      file,
      '--from',
      '192.0.2.7',
      '--to',
      'shop/db',
      '--port',
      '5432/TCP',
      '--format',
      'json',
    ]);
    expect(denied.status).toBe(1);
    expect(JSON.parse(denied.stdout)).toMatchObject({ allowed: false, ingress: false, egress: true });
    const nobody = golive(['reach', file, '--from', 'shop/nobody', '--to', 'shop/db', '--port', '1']);
    expect(nobody).toMatchObject({ status: 64, stderr: 'shop/nobody: nothing of this name is among the objects.\n' });
    expect(golive(['reach', file, '--from', 'shop/web', '--to', 'shop/db', '--port', '99999']).status).toBe(64);
    expect(golive(['reach', join(folder, 'none'), '--matrix'])).toMatchObject({ status: 64 });
    expect(golive(['reach', file]).stderr).toContain('Ask one question with --from, --to and --port');
  });
  it('is no answer where something that may be a policy could not be read, or is not understood', () => {
    const ask = (text: string): number | null =>
      golive(['reach', write('more.yaml', NETWORK + text), '--from', '192.0.2.7', '--to', 'shop/db', '--port', '5432'])
        .status;
    expect(ask('---\nreplicas: 2\n')).toBe(1);
    expect(ask('---\nkind: "NetworkPolicy\n')).toBe(2);
    expect(ask('---\n{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: c}}\n')).toBe(2);
    const plugin = '---\n{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: g}}\n';
    const said = golive(['scan', write('more.yaml', NETWORK + plugin), '--kind', 'access/network-policies']).stdout;
    expect(said).toContain('allows and denies as well, and is not understood here');
  });
  it('answers JSON lines in their order', () => {
    const file = write('network.yaml', NETWORK);
    const queries = write(
      'queries.jsonl',
      '{"from":"shop/web","to":"shop/db","port":5432,"protocol":"TCP","id":1}\n\n{"from":"shop/web","to":"shop/db","port":80}\n',
    );
    const { status, stdout } = golive(['reach', file, '--queries', queries]);
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(status).toBe(0);
    expect(first).toEqual({
      from: 'shop/web',
      to: 'shop/db',
      port: 5432,
      protocol: 'TCP',
      id: 1,
      allowed: true,
      ingress: true,
      egress: true,
      because: ['NetworkPolicy shop/db ingress[0]'],
    });
    expect(second).toMatchObject({ allowed: false, because: ['NetworkPolicy shop/db allows no such ingress'] });
    const strange = write('strange.jsonl', '{"from":"shop/x","to":"shop/db","port":1}\n{"from":1}\n');
    expect(golive(['reach', file, '--queries', strange]).status).toBe(2);
    expect(golive(['reach', file, '--queries', write('bad.jsonl', 'no\n')])).toMatchObject({ status: 64 });
  });
});

const RBAC = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: editors, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit }
subjects: [{ kind: User, apiGroup: rbac.authorization.k8s.io, name: jane }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: without-namespace }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: robot, namespace: shop }]
---
apiVersion: authorization.openshift.io/v1
kind: ClusterRoleBinding
metadata: { name: of-another-group }
roleRef: { kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: User, name: jane }]
`;

describe('golive can', () => {
  const can = (...words: readonly string[]) => golive(['can', write('rbac.yaml', RBAC), ...words]);
  it('knows the roles that every cluster starts with, aggregated', () => {
    expect(can('--as', 'jane', 'get', 'secrets', '-n', 'shop').status).toBe(0);
    expect(can('--as', 'jane', 'get', 'secrets', '-n', 'other').status).toBe(1);
    expect(can('--as', 'jane', 'update', 'deployments.apps/scale', 'web', '-n', 'shop').status).toBe(0);
    expect(can('--as', 'jane', '--no-defaults', 'get', 'secrets', '-n', 'shop').status).toBe(1);
    expect(can('--as', 'jane', 'get', '/healthz').status).toBe(0);
    expect(can('--as', 'system:anonymous', 'get', '/metrics').status).toBe(1);
  });
  it('a RoleBinding without a namespace binds in default; objects of another group grant nothing', () => {
    const robot = 'system:serviceaccount:shop:robot';
    expect(can('--as', robot, 'delete', 'pods', '-n', 'default').status).toBe(0);
    expect(can('--as', robot, 'delete', 'pods', '-n', 'shop').status).toBe(1);
    expect(can('--as', robot, 'delete', 'nodes').status).toBe(1);
    expect(can('--as', 'jane', 'delete', 'nodes').status).toBe(1);
  });
  it('adds the groups that everybody has for --as, and none for queries', () => {
    const queries = write(
      'access.jsonl',
      ['[]', '["system:authenticated"]']
        .map((groups) => `{"as":"joe","groups":${groups},"verb":"get","path":"/healthz"}`)
        .join('\n'),
    );
    const lines = golive(['can', write('rbac.yaml', RBAC), '--queries', queries])
      .stdout.trim()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { allowed: boolean }).allowed)).toEqual([false, true]);
    expect(can('--as', 'joe', '--as-group', 'system:masters', 'delete', 'nodes').status).toBe(0);
    expect(can('get', 'pods').status).toBe(64);
  });
  it('who-can names everybody, and the binding', () => {
    const { status, stdout } = golive(['who-can', write('rbac.yaml', RBAC), 'create', 'pods/exec', '-n', 'shop']);
    expect(status).toBe(0);
    expect(stdout).toContain('User jane  in shop  by RoleBinding shop/editors (ClusterRole edit)');
    expect(stdout).not.toContain('robot');
    const none = golive(['who-can', write('rbac.yaml', RBAC), '--no-defaults', 'delete', 'nodes']);
    expect(none).toMatchObject({ status: 1, stdout: 'Members of system:masters may do anything.\n' });
  });
});

describe('golive scan', () => {
  const scan = (...words: readonly string[]): ScanReport =>
    JSON.parse(golive(['scan', ...words, '--format', 'json']).stdout) as ScanReport;
  it('ties a finding to file, line and column, and goes on after a bad document', () => {
    const file = write(
      'mixed.yaml',
      `${NETWORK}---\na: "b\n---\nfoo: bar\n---\napiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: { name: v, namespace: shop }\nspec: { template: { spec: { containers: [{ name: c }] } } }\n`,
    );
    const { findings, doubts, judged } = scan(file, '--kind', 'workloads/non-root');
    expect(judged).toEqual({ 'workloads/non-root': 2 });
    expect(findings).toMatchObject([
      {
        kind: 'workloads/non-root',
        id: 'violates',
        severity: 'critical',
        subject: { apiVersion: 'v1', kind: 'Pod', name: 'web', container: 'c' },
        line: 5,
        column: 22,
      },
      { subject: { name: 'db' }, line: 10 },
    ]);
    expect(doubts.map(({ reason, line }) => [reason, line])).toEqual([
      ['not-read', 20],
      ['not-read', 21],
      ['not-judged', 23],
    ]);
  });
  it('clean, nothing judged and wrong use have exit codes of their own', () => {
    expect(golive(['scan', 'k8s/manifests'])).toMatchObject({ status: 0, stderr: '' });
    expect(golive(['scan', write('empty.yaml', '# nothing\n')]).status).toBe(2);
    expect(golive(['scan', write('network.yaml', NETWORK)]).status).toBe(1);
    expect(golive(['scan', 'k8s', '--kind', 'workloads/nonsense'])).toMatchObject({ status: 64 });
    expect(golive(['scan', 'k8s', '--pod-security-version', '1.25']).stderr).toContain(
      'expected latest or a version like v1.25',
    );
    expect(golive(['scan']).status).toBe(64);
  });
  it('speaks to code scanners and to GitHub', () => {
    const file = write('network.yaml', NETWORK);
    const sarif = JSON.parse(golive(['scan', file, '--kind', 'workloads/non-root', '--format', 'sarif']).stdout) as {
      runs: { results: object[] }[];
    };
    expect(sarif.runs[0]?.results).toMatchObject([{ ruleId: 'workloads/non-root/violates', level: 'error' }, {}]);
    const github = golive(['scan', file, '--kind', 'workloads/non-root', '--format', 'github']).stdout;
    expect(github).toMatch(
      /^::error file=[^\n]*network\.yaml,line=5,col=22,title=workloads\/non-root violates::Pod shop\/web: /,
    );
  });
  it('waives what somebody has accepted, until its day', () => {
    const file = write('network.yaml', NETWORK);
    const waiver = (expiry: string) =>
      write(
        'waivers.yaml',
        `- { kind: workloads/non-root, id: violates, subject: Pod shop/web, reason: A demo, approver: jane, ticket: T-1, expiry: "${expiry}" }\n`,
      );
    const args = ['scan', file, '--kind', 'workloads/non-root', '--format', 'json', '--waivers'];
    const left = (expiry: string) =>
      (JSON.parse(golive([...args, waiver(expiry)]).stdout) as ScanReport).findings.map(({ subject }) => subject.name);
    expect(left('2999-01-01')).toEqual(['db']);
    expect(left('2020-01-01')).toEqual(['web', 'db']);
    const bad = golive([...args, write('bad.yaml', '- { kind: a, reason: "  " }\n')]);
    expect(bad.status).toBe(64);
    expect(bad.stderr).toMatch(/bad\.yaml:1:\d+: .*reason must be a text that says something/);
  });
  it('reads folders, and follows no link in circles', () => {
    const inner = join(folder, 'tree/inner');
    mkdirSync(inner, { recursive: true });
    writeFileSync(
      join(inner, 'a.json'),
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'PodList',
        items: [{ metadata: { name: 'p', namespace: 'n' }, spec: { containers: [{ name: 'c' }] } }],
      }),
    );
    symlinkSync('..', join(inner, 'up'));
    expect(scan(join(folder, 'tree'), '--kind', 'workloads/read-only-root').findings).toMatchObject([
      { subject: { name: 'p', kind: 'Pod' } },
    ]);
  });
});
