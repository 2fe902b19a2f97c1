/**
 * The rehearsal reached as somebody's cluster: an environment file of its own outside the project's folder of them, a kubeconfig
 * with another context, and in the cluster no right but those that `golive plan --rbac` prints.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { compilePlan } from '../../../specs/loader/plan.ts';
import { look } from '../../../rehearsal/drill/look.ts';
import type { Looked } from '../../../rehearsal/drill/look.ts';
import type { PlatformCluster } from '../../harness/platform-cluster.ts';
import {
  summary,
  messageOf,
  passedItems,
  phaseDecisions,
  PlatformProject,
  redItems,
} from '../../harness/platform-project.ts';

const LIMIT = 120_000;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ROLE = `${RBAC}/namespaces/mcp-production/roles/golive-code-platform-somebody`;
const CLUSTER_ROLE = `${RBAC}/clusterroles/golive-code-platform-somebody`;
const OTHERS = ['system:basic-user', 'system:discovery', 'system:public-info-viewer'];
const PHASES = ['--project=phase1', '--project=phase2', '--project=phase5'];
/**
 * They judge requests that only phase 3 sends, and what people vouched for of the rehearsal alone; P1-RBA-002 asks for what everybody may
 * in a cluster that nobody has hardened.
 */
const LEFT_OUT = /^(P5-(SLA-\d+|HEA-00[24]|DAS-\d+|COM-002)|P1-(RBA-002|TEA-00[134]|EME-002))$/;
/** Items of these phases that change something and put it back. */
const CHANGING = [
  'P1-REG-002',
  'P1-DAT-005',
  'P1-TEA-005',
  'P2-SMO-001',
  'P2-FLO-001',
  'P2-FLO-002',
  'P2-FLO-003',
  'P2-FLO-004',
  'P5-ALE-002',
  'P5-ALE-003',
  'P5-ALE-004',
  'P5-COM-001',
  'P5-COM-003',
  'P5-COM-004',
];

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
  project = made = await PlatformProject.withRehearsal({ without: LEFT_OUT });
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
  const values = await project.rehearsalReady();
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
  // What the rehearsal's own file says, as somebody would write it who knows no rehearsal: addresses, whole paths, no mark of it.
  const known = readFileSync(join(project.root, 'fixtures/environments/rehearsal.yaml'), 'utf8')
    .replace(/'\$\{rehearsal\.(\w+)\}'/g, (_token, value: string) =>
      JSON.stringify(values[value as keyof typeof values]),
    )
    .replace(/\$\{rehearsal\.(\w+)\}/g, (_token, value: string) => String(values[value as keyof typeof values]));
  type Described = Readonly<Record<string, unknown>> & {
    readonly folders: object;
    readonly overrides: readonly object[];
  };
  const described = load(known.replaceAll('.golive/rehearsal/', `${project.rehearsalDir}/`)) as Described;
  // What items read as a part of the project stays relative to it.
  const { folders, overrides } = load(known) as Described;
  const environment = Object.entries(described).filter(([member]) => !['rehearsal', 'compression'].includes(member));
  const inAMonth = new Date(Date.now() + 30 * 24 * 60 * 60_000).toISOString();
  const text = dump({
    ...Object.fromEntries(environment),
    folders,
    // Outside the rehearsal somebody answers for each, and for a time.
    overrides: overrides.map((one) => ({ ...one, approver: 'Jo Miller', expires: inAMonth })),
    name,
    kubeconfig: { path: join(project.root, 'clusters', kubeconfig), context: 'theirs' },
    mutations: ['apply'],
  });
  expect(text).not.toContain('${');
  project.write(`clusters/${name}.yaml`, text);
  return join(project.root, 'clusters', `${name}.yaml`);
}

/** Takes the gate's rights, and those that a cluster gives every user unless somebody has hardened it. */
async function removeEveryRight(): Promise<void> {
  for (const name of OTHERS) await cluster.remove(`${RBAC}/clusterrolebindings/${name}`);
  for (const kind of ['clusterrolebindings', 'clusterroles'])
    await cluster.remove(`${RBAC}/${kind}/golive-code-platform-rehearsal`);
  for (const kind of ['rolebindings', 'roles'])
    await cluster.remove(`${RBAC}/namespaces/mcp-production/${kind}/golive-code-platform-rehearsal`);
}

const env = (more: Readonly<Record<string, string>> = {}) => ({ GOLIVE_ENV: environment, ...more });

/** A rule in few words: what it is about. */
const about = ({ apiGroups, resources, resourceNames, nonResourceURLs }: Rule): string =>
  [
    ...(resources ?? nonResourceURLs ?? []),
    ...(resourceNames ?? []).map((name) => `"${name}"`),
    ...(apiGroups ?? []).filter((group) => group.startsWith('metrics')).map((group) => `in ${group}`),
  ].join(' ');

describe('under the printed rights alone', () => {
  it('what only looks passes; what changes something waits to be armed', { timeout: LIMIT }, async () => {
    const result = await project.run(PHASES, env());
    expect(redItems(result), result.output).toEqual(Object.fromEntries(CHANGING.map((id) => [id, 'pending'])));
    expect(passedItems(result).length).toBeGreaterThan(40);
    expect(messageOf(result, 'P2-FLO-001')).toContain('Fix: run with GOLIVE_ARM=v1.0.0');
    expect(phaseDecisions(result)).toEqual({ phase1: 'HOLD', phase2: 'HOLD', phase5: 'HOLD' });
    expect(summary(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
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

/** A printed rule and the items that the comment above it names. */
interface PrintedRule {
  readonly role: string;
  readonly rule: string;
  readonly items: readonly string[];
}

function printedRules(): readonly PrintedRule[] {
  return printed.split(/^---$/m).flatMap((text) => {
    const [object] = loadAll(text) as (RoleObject | null)[];
    const comments = [...text.matchAll(/^ {2}# (.+)$/gm)].map(([, names = '']) => names);
    return (object?.rules ?? []).map((rule, index) => ({
      role: object?.kind ?? '',
      rule: about(rule),
      items: comments[index]?.match(/[A-Z]\w*-[A-Z]+-\d{3}/g) ?? [],
    }));
  });
}

/** Looks at items by the gate's own engine, as somebody's cluster. */
async function lookAt(ids: readonly string[]): Promise<Looked> {
  const compiled = compilePlan({ root: project.root, env: { GOLIVE_ENV: environment } });
  if ('problems' in compiled) throw new Error('the checklist does not compile');
  const { plan } = compiled;
  const items = plan.items.filter(({ id }) => ids.includes(id));
  const values = await project.rehearsalReady();
  return look({
    plan,
    items,
    values,
    folder: join(project.root, '.golive'),
    settle: false,
    signal: AbortSignal.timeout(LIMIT),
  });
}

/** Rights that an item has a use for in another cluster: one with a mesh, one whose audit log keeps no refused request. */
const NEEDED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'configmaps "linkerd-config"': ['P1-NWS-004'],
  'configmaps limitranges persistentvolumeclaims resourcequotas serviceaccounts': ['P5-SEC-001'],
};

describe('every printed right is needed', () => {
  /** The items of these phases that only look, and rules that need the phases left out here. */
  const looking = (items: readonly string[]): readonly string[] =>
    items.filter((id) => /^P[125]-/.test(id) && !CHANGING.includes(id) && !LEFT_OUT.test(id));

  it(
    'without it the items that are named above it, and they alone of it, are in error',
    { timeout: 2 * LIMIT },
    async () => {
      const before = process.cwd();
      process.chdir(project.root);
      onTestFinished(() => process.chdir(before));
      const rules = printedRules();
      expect(rules.length).toBeGreaterThan(20);
      const good = await lookAt([...new Set(rules.flatMap(({ items }) => looking(items)))]);
      expect([...good.values()].filter(({ outcome }) => !['pass', 'not-applicable'].includes(outcome))).toEqual([]);
      const found: Record<string, unknown> = {};
      const wanted: Record<string, unknown> = {};
      for (const { role, rule, items } of rules.filter((one) => looking(one.items).length > 0)) {
        const path = role === 'ClusterRole' ? CLUSTER_ROLE : ROLE;
        const { rules: all } = (await cluster.get(path)) as unknown as { rules: readonly Rule[] };
        await cluster.patch(path, { rules: all.filter((one) => about(one) !== rule) });
        const looked = await lookAt(looking(items));
        await cluster.patch(path, { rules: all });
        found[rule] = [...looked.values()].map(({ item, outcome }) => `${item} ${outcome}`).sort();
        const elsewhere = NEEDED_ELSEWHERE[rule] ?? [];
        wanted[rule] = looking(items)
          .map((item) => (elsewhere.includes(item) ? `${item} ${good.get(item)?.outcome}` : `${item} error`))
          .sort();
      }
      expect(found).toEqual(wanted);
    },
  );

  it('the run says so, and holds', { timeout: LIMIT }, async () => {
    const { rules } = (await cluster.get(CLUSTER_ROLE)) as unknown as { rules: readonly Rule[] };
    onTestFinished(() => cluster.patch(CLUSTER_ROLE, { rules }), LIMIT);
    await cluster.patch(CLUSTER_ROLE, {
      rules: rules.filter((rule) => !/(^| )(nodes|selfsubjectreviews|namespaces)( |$)/.test(about(rule))),
    });
    const result = await project.run(['--project=phase1', '--grep', 'P1-CLU'], env());
    expect(redItems(result), result.output).toMatchObject({ 'P1-CLU-001': 'error', 'P1-CLU-002': 'error' });
    expect(messageOf(result, 'P1-CLU-001')).toContain('cannot create resource "selfsubjectreviews"');
    expect(messageOf(result, 'P1-CLU-002')).toContain('cannot list resource "nodes"');
    // Who it was is not known without the right to read a namespace.
    expect(result.decision?.environment.uid).toBe('unknown');
    expect(summary(result)).toEqual({ exitCode: 2, decision: 'HOLD', selected: 'HOLD' });
  });
});
