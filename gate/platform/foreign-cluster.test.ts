/**
 * The rehearsal reached as somebody's cluster: an environment file of its own outside the project's folder of them, a kubeconfig
 * with another context, and in the cluster no right but those that `golive plan --rbac` prints.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { PlatformCluster } from '../testing/platform-cluster.ts';
import {
  gist,
  messageOf,
  passedItems,
  phaseDecisions,
  PlatformProject,
  redItems,
} from '../testing/platform-project.ts';

const LIMIT = 120_000;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ROLE = `${RBAC}/namespaces/mcp-production/roles/golive-gate`;
const CLUSTER_ROLE = `${RBAC}/clusterroles/golive-gate`;
const OTHERS = ['system:basic-user', 'system:discovery', 'system:public-info-viewer'];
const PHASES = ['--project=phase1', '--project=phase2', '--project=phase5'];
const READ_ONLY =
  'P1-CLU-001 P1-CLU-002 P1-CLU-003 P1-CLU-005 P1-DAT-001 P1-SEC-001 P1-CON-002 P1-CON-003 P1-CON-004 P1-CON-005 ' +
  'P2-DEP-002 P2-HEA-001 P2-HEA-002 P2-API-001 P2-API-002 P5-HEA-001 P5-SEC-003';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}
interface RoleObject {
  readonly kind: string;
  readonly rules?: readonly Rule[];
}

let project: PlatformProject;
let made: PlatformProject | undefined;
let cluster: PlatformCluster;
let environment: string;
/** What `golive plan --rbac` printed. */
let printed: string;

beforeAll(async () => {
  project = made = await PlatformProject.withRehearsal();
  cluster = await project.cluster();
  environment = await describeCluster('somebody', 'kubeconfig');
  await removeEveryRight();
  const plan = await project.golive(['plan', '--rbac', '--env', environment]);
  expect(plan.exitCode, plan.stderr).toBe(0);
  printed = plan.stdout;
  await cluster.applyRbac(printed);
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

/** Writes an environment as a team would, and its kubeconfig, whose current context leads elsewhere. Answers the file's path. */
async function describeCluster(name: string, kubeconfig: string): Promise<string> {
  const { gateway, postgresPort } = await project.rehearsalReady();
  interface Kubeconfig {
    readonly clusters: readonly { readonly cluster: object }[];
    readonly users: readonly { readonly name: string; readonly user: object }[];
  }
  const theirs = load(readFileSync(join(project.rehearsalDir, 'kubeconfig'), 'utf8')) as Kubeconfig;
  const context = (to: string) => ({ name: to, context: { cluster: to, user: 'gate' } });
  const mine = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'elsewhere',
    clusters: [
      { name: 'theirs', cluster: theirs.clusters[0]?.cluster },
      { name: 'elsewhere', cluster: { server: 'https://192.0.2.1' } },
    ],
    users: [{ name: 'gate', user: theirs.users.find((user) => user.name === 'golive-gate')?.user }],
    contexts: [context('theirs'), context('elsewhere')],
  };
  project.write('clusters/kubeconfig', dump(mine));
  const secret = (file: string) => ({ from: 'file', path: join(project.rehearsalDir, 'secrets', file) });
  const text = dump({
    apiVersion: 'golive/v1',
    name,
    kubeconfig: { path: join(project.root, 'clusters', kubeconfig), context: 'theirs' },
    namespaces: { platform: 'mcp-production', system: 'kube-system' },
    endpoints: { public: { url: gateway } },
    stores: {
      postgres: {
        host: '127.0.0.1',
        port: postgresPort,
        database: 'mcp_db',
        user: 'mcp_user',
        password: secret('postgres-password'),
        tls: false,
      },
    },
    credentials: { api: { username: 'golive-smoke', password: secret('api-password') } },
    mutations: ['apply'],
    preconditions: 'report',
    overrides: [
      { item: 'P1-DAT-001', param: 'requireTls', value: false, why: 'Reached over loopback' },
      { item: 'P1-DAT-001', param: 'requireDurability', value: false, why: 'Started without fsync to be quick' },
    ],
  });
  expect(text).not.toContain('rehearsal.');
  project.write(`clusters/${name}.yaml`, text);
  return join(project.root, 'clusters', `${name}.yaml`);
}

/** Takes the gate's rights, and those that a cluster gives every user unless somebody has hardened it. */
async function removeEveryRight(): Promise<void> {
  for (const name of OTHERS) await cluster.remove(`${RBAC}/clusterrolebindings/${name}`);
  for (const kind of ['clusterrolebindings', 'clusterroles']) await cluster.remove(`${RBAC}/${kind}/golive-gate`);
  for (const kind of ['rolebindings', 'roles'])
    await cluster.remove(`${RBAC}/namespaces/mcp-production/${kind}/golive-gate`);
}

const env = (more: Readonly<Record<string, string>> = {}) => ({ GOLIVE_ENV: environment, ...more });

/** A rule in few words: what it is about. */
const about = ({ resources, resourceNames, nonResourceURLs }: Rule): string =>
  [...(resources ?? nonResourceURLs ?? []), ...(resourceNames ?? []).map((name) => `"${name}"`)].join(' ');

describe('under the printed rights alone', () => {
  it('what only looks passes; what changes something waits to be armed', { timeout: LIMIT }, async () => {
    const result = await project.run(PHASES, env());
    expect(passedItems(result), result.output).toEqual(READ_ONLY.split(' '));
    expect(redItems(result)).toEqual({ 'P2-FLO-001': 'pending' });
    expect(messageOf(result, 'P2-FLO-001')).toContain('Fix: run with GOLIVE_ARM=v1.0.0');
    expect(phaseDecisions(result)).toEqual({ phase1: 'GO', phase2: 'HOLD', phase5: 'GO' });
    expect(gist(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
    expect(result.decision?.environment).toEqual({
      name: 'somebody',
      uid: (await cluster.get('/api/v1/namespaces/kube-system')).metadata['uid'],
    });
    expect(result.output).not.toContain('This was a rehearsal');
  });

  it('armed, only changes of a class that the file allows are made', { timeout: LIMIT }, async () => {
    const mutating = ['--project=phase2', '--project=phase3', '--grep', 'P2-FLO-001|P3-LOA-001'];
    const result = await project.run(mutating, env({ GOLIVE_ARM: 'v1.0.0' }));
    expect(passedItems(result), result.output).toEqual(['P2-FLO-001']);
    expect(redItems(result)['P3-LOA-001']).toBe('pending');
    expect(messageOf(result, 'P3-LOA-001')).toMatch(
      /class "load", which clusters\/somebody\.yaml does not allow\. Fix: /,
    );
    expect(result.exitCode).toBe(2);
  });

  it('KUBECONFIG alone selects nothing', { timeout: LIMIT }, async () => {
    const lost = await describeCluster('lost', 'no-such-file');
    const kubeconfig = join(project.root, 'clusters/kubeconfig');
    const result = await project.run(['--project=phase1', '--grep', 'P1-CLU-001'], {
      GOLIVE_ENV: lost,
      KUBECONFIG: kubeconfig,
    });
    expect(redItems(result)['P1-CLU-001'], result.output).toBe('error');
    expect(messageOf(result, 'P1-CLU-001')).toMatch(
      /kubeconfig .*no-such-file cannot be read[^]*Fix: Set kubeconfig\.path/,
    );
    // Without a chosen environment it is the rehearsal, wherever KUBECONFIG points to.
    const plan = await project.golive(['plan'], { KUBECONFIG: kubeconfig });
    expect(plan.stdout).toContain('rehearsal');
    expect(plan.stdout).not.toContain('clusters/kubeconfig');
  });
});

interface Removal {
  /** Rules by what they are about; an item that needs each, and what it then says. */
  readonly without: Readonly<Record<string, readonly [item: string, says: string]>>;
  /** All items that lose their view. */
  readonly red: string;
}

describe('every printed right is needed', () => {
  // Several rules a run: each has an item of its own that names it.
  const runs: readonly Removal[] = [
    {
      without: {
        'configmaps persistentvolumeclaims pods': ['P1-CON-002', 'cannot list resource "pods"'],
        nodes: ['P1-CLU-002', 'cannot list resource "nodes"'],
        selfsubjectreviews: ['P1-CLU-001', 'cannot create resource "selfsubjectreviews"'],
        subjectaccessreviews: ['P1-CLU-003', 'cannot create resource "subjectaccessreviews"'],
        'pods/exec "postgres-primary-0"': ['P2-HEA-002', 'cannot get resource "pods/exec"'],
        'services/proxy "mcp-typescript-api-service:3000"': ['P2-HEA-001', 'cannot get resource "services/proxy"'],
      },
      red:
        'P1-CLU-001 P1-CLU-002 P1-CLU-003 P1-CLU-005 P1-CON-002 P1-CON-003 P1-CON-004 P1-CON-005 P1-SEC-001 ' +
        'P2-DEP-002 P2-HEA-001 P2-HEA-002 P5-HEA-001',
    },
    {
      without: {
        'daemonsets deployments replicasets statefulsets': ['P2-DEP-002', 'in API group "apps"'],
        storageclasses: ['P1-CLU-005', 'cannot list resource "storageclasses"'],
        'pods "postgres-primary-0"': ['P2-HEA-002', 'cannot get resource "pods"'],
        endpointslices: ['P5-HEA-001', 'cannot list resource "endpointslices"'],
      },
      red: 'P1-CLU-005 P1-CON-002 P1-CON-003 P1-CON-004 P1-CON-005 P1-SEC-001 P2-DEP-002 P2-HEA-001 P2-HEA-002 P5-HEA-001',
    },
    {
      without: {
        'cronjobs jobs': ['P1-CON-004', 'in API group "batch"'],
        '/apis/rbac.authorization.k8s.io/v1 /readyz /version': ['P1-CLU-002', 'GET /version answered 403'],
        'secrets "mcp-secrets"': ['P1-SEC-001', 'is forbidden'],
        'namespaces "kube-system"': ['', ''],
      },
      red: 'P1-CLU-001 P1-CLU-002 P1-CLU-003 P1-CON-002 P1-CON-003 P1-CON-004 P1-CON-005 P1-SEC-001',
    },
  ];

  it('the runs below take away each of them once', () => {
    const rules = (loadAll(printed) as RoleObject[]).flatMap((object) => object.rules ?? []).map(about);
    expect(runs.flatMap(({ without }) => Object.keys(without)).sort()).toEqual([...rules].sort());
  });

  it.each(runs)('without $without', { timeout: LIMIT }, async ({ without, red }) => {
    for (const path of [ROLE, CLUSTER_ROLE]) {
      const { rules } = (await cluster.get(path)) as unknown as { rules: readonly Rule[] };
      onTestFinished(() => cluster.patch(path, { rules }), LIMIT);
      await cluster.patch(path, { rules: rules.filter((rule) => !(about(rule) in without)) });
    }
    const result = await project.run(red.includes('P2-') ? PHASES : PHASES.slice(0, 1), env());
    const errors = Object.entries(redItems(result)).filter(([id]) => id !== 'P2-FLO-001');
    expect(Object.fromEntries(errors), result.output).toEqual(
      Object.fromEntries(red.split(' ').map((id) => [id, 'error'])),
    );
    for (const [item, says] of Object.values(without)) {
      if (item !== '') expect(messageOf(result, item), item).toContain(says);
    }
    const known = 'namespaces "kube-system"' in without ? 'unknown' : /^[0-9a-f-]{36}$/;
    expect(result.decision?.environment.uid).toMatch(known);
    expect(gist(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
  });
});
