/**
 * A platform that is broken in one place: exactly the items that look there go red, with a message a person can act on, and what
 * is good stays good. Where only the gate's own view is lost, items are in error and nothing is called broken.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { processTree } from '../../harness/process-tree.ts';
import type { PlatformCluster } from '../../harness/platform-cluster.ts';
import {
  summary,
  messageOf,
  passedItems,
  phaseDecisions,
  PlatformProject,
  redItems,
  until,
} from '../../harness/platform-project.ts';
import { isRunning, tryKill } from '../../harness/processes.ts';
import type { PolicyRule } from '../../../k8s/semantics/rbac.ts';
import type { PlatformRun } from '../../harness/platform-project.ts';

const LIMIT = 120_000;
/** They judge the last minutes: what an earlier test broke, and requests that only phase 3 sends. */
const LOOKS_BACK = /^P5-(SLA-\d+|HEA-00[234]|DAS-\d+)$/;
const NAMESPACE = '/api/v1/namespaces/mcp-production';
const API = '/apis/apps/v1/namespaces/mcp-production/deployments/mcp-typescript-api';
const API_PODS = `${NAMESPACE}/pods?labelSelector=${encodeURIComponent('app.kubernetes.io/name=mcp-typescript-api,mcp.test/colour=blue')}`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ALL = ['--project=phase1', '--project=phase2', '--project=phase5'];
/** What is looked at: the items that must see it, and others beside them that must not. The drill looks at all of them. */
const look = (ids: string): readonly string[] => [...ALL, '--grep', ids];
const DATABASE = look('P1-CLU|P1-DAT|P2-HEA|P2-API-00[123]|P2-FLO-00[12]|P5-HEA-001|P5-SEC-003');
const SERVICE_ITEMS = look('P1-CLU|P1-CON|P2-DEP|P2-HEA|P2-API|P5-HEA-001|P5-SEC-003');
const WORKLOADS = look('P1-CLU|P1-SEC|P1-CON|P1-RBA-004|P2-DEP|P2-API-001');
const RIGHTS = look('P1-CLU|P1-DAT-001|P1-SEC|P1-CON|P2-DEP-002|P2-HEA-00[12]|P2-API-001|P5-HEA-001|P5-SEC-003');
const SERVICE = 'Service mcp-production/mcp-typescript-api-service:3000';
const DEPLOYMENT = 'Deployment mcp-production/mcp-typescript-api';
const FAILED = { exitCode: 1, decision: 'NO-GO', selected: 'NO-GO' };

let project: PlatformProject;
let made: PlatformProject | undefined;
let cluster: PlatformCluster;
beforeAll(async () => {
  project = made = await PlatformProject.withRehearsal({ without: LOOKS_BACK });
  cluster = await project.cluster();
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

/** Undone when the test has ended, however it did; the next one starts from a whole platform. */
function undo(how: () => Promise<void>): void {
  onTestFinished(how, LIMIT);
}

type Counted = 'observedGeneration' | 'replicas' | 'updatedReplicas' | 'readyReplicas';
type Status = Readonly<Partial<Record<Counted, number>>>;
async function rolledOut(): Promise<void> {
  await until('the service is rolled out', async () => {
    const { metadata, status } = await cluster.get(API);
    const { observedGeneration, replicas, updatedReplicas, readyReplicas } = status as Status;
    const pods = await cluster.names(API_PODS);
    return (
      observedGeneration === metadata['generation'] &&
      [replicas, updatedReplicas, readyReplicas, pods.length].every((count) => count === 2)
    );
  });
}

interface PodSpec {
  readonly securityContext: object;
  readonly containers: readonly [{ readonly image: string; readonly securityContext: object }];
}
/** The Deployment's pods as they are described now. */
async function podOfApi(): Promise<PodSpec> {
  return ((await cluster.get(API))['spec'] as { template: { spec: PodSpec } }).template.spec;
}

/** Changes the Deployment for one test. JSON Patch operations or a merge patch, and what undoes it. */
async function changeApi(change: object, back: object): Promise<void> {
  await cluster.patch(API, change);
  undo(async () => {
    await cluster.patch(API, back);
    await rolledOut();
  });
}

/** A run in which these items are red, and no others: NO-GO where one of them failed. */
async function runRed(args: readonly string[], red: Readonly<Record<string, string>>): Promise<PlatformRun> {
  const result = await project.run(args);
  expect(redItems(result), result.output).toEqual(red);
  if (Object.values(red).includes('fail')) expect(summary(result)).toEqual(FAILED);
  return result;
}

/** Each item's message holds its parts: what it is about, what was seen, and what to do. */
function expectMessages(result: PlatformRun, parts: Readonly<Record<string, readonly string[]>>): void {
  for (const [id, wanted] of Object.entries(parts)) {
    const message = messageOf(result, id);
    for (const part of wanted) expect(message, `${id} in\n${result.output}`).toContain(part);
  }
  expect(result.output).not.toMatch(/\n\s+at .*\.[jt]s:\d/);
}

describe('the database', () => {
  it('is gone: everything that needs it fails', { timeout: LIMIT }, async () => {
    const pod = `${NAMESPACE}/pods/postgres-primary-0`;
    const putBack = await cluster.take(pod);
    undo(async () => {
      await putBack();
      await until('the database is ready', async () => {
        const { conditions } = (await cluster.get(pod))['status'] as {
          conditions?: { type: string; status: string }[];
        };
        return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      });
    });
    await until('its pod is gone', async () => !(await cluster.exists(pod)));
    const result = await runRed(DATABASE, {
      // The call that policies forbid goes to the database: nobody is there to be kept from.
      'P1-CLU-004': 'inconclusive',
      'P1-DAT-001': 'fail',
      'P1-DAT-003': 'fail',
      'P1-DAT-005': 'fail',
      // Neither the server nor the way through PgBouncer answers.
      'P1-DAT-004': 'fail',
      'P2-HEA-001': 'fail',
      'P2-HEA-002': 'fail',
      'P2-API-002': 'fail',
      'P2-FLO-001': 'fail',
      'P5-HEA-001': 'fail',
    });
    expectMessages(result, {
      'P1-DAT-001': ['PostgreSQL mcp_db at 127.0.0.1:', 'connection refused', 'Fix: Start PostgreSQL'],
      'P2-HEA-001': [SERVICE, '/health answered 503', 'Fix: '],
      'P2-HEA-002': ['Pod mcp-production/postgres-primary-0: does not exist', 'Fix: '],
      'P2-API-002': ['GET /health: answered 503, expected 200', 'Fix: '],
      'P2-FLO-001': ['PostgreSQL mcp_db at 127.0.0.1:', 'connection refused', 'Fix: Start PostgreSQL'],
      'P5-HEA-001': [SERVICE, '/health answered 503', 'Fix: '],
    });
    expect(phaseDecisions(result)).toEqual({ phase1: 'NO-GO', phase2: 'NO-GO', phase5: 'NO-GO' });
  });

  it('hangs: what does not answer in time takes no write', { timeout: LIMIT }, async () => {
    // The test before has had it started again: its process number is reported a little after its pod is ready.
    const server = await until('the server runs', () => {
      const pid = project.componentPid('postgres');
      return isRunning(pid) && pid;
    });
    const processes = processTree(server).map(({ pid }) => pid);
    undo(() => {
      for (const pid of processes) tryKill(pid, 'SIGCONT');
      return Promise.resolve();
    });
    for (const pid of processes) tryKill(pid, 'SIGSTOP');
    const result = await project.run(look('P1-DAT-001|P2-HEA-001|P2-FLO-001'));
    const red = Object.entries(redItems(result)).filter(([, outcome]) => outcome !== 'not-run');
    expect(Object.fromEntries(red), result.output).toEqual({
      'P1-DAT-001': 'fail',
      'P2-HEA-001': 'fail',
      'P2-FLO-001': 'fail',
    });
    expectMessages(result, {
      'P1-DAT-001': ['does not answer in time', '/mcp_db: no answer within 5.0 s', 'Fix: Look at both ends'],
      'P2-HEA-001': [SERVICE, '"database":"down"', 'Fix: '],
      'P2-FLO-001': ['did not answer in time', '/mcp_db: no answer within 5.0 s', 'Fix: Look at both ends'],
    });
    expect(phaseDecisions(result)).toMatchObject({ phase1: 'NO-GO', phase2: 'NO-GO' });
    expect(summary(result)).toEqual(FAILED);
  });
});

describe('the service', () => {
  it('gets an image that does not exist: its rollout fails, the old pods answer on', { timeout: LIMIT }, async () => {
    const path = '/spec/template/spec/containers/0/image';
    const name = 'ghcr.io/org/mcp-typescript-server';
    const value = (await podOfApi()).containers[0].image;
    await changeApi([{ op: 'replace', path, value: `${name}:v9.9.9` }], [{ op: 'replace', path, value }]);
    // The new pod is an endpoint that is not ready; logging in and the API are served by the old ones.
    const result = await runRed(SERVICE_ITEMS, {
      'P2-DEP-001': 'fail',
      'P2-DEP-002': 'fail',
      'P2-HEA-001': 'fail',
      'P5-HEA-001': 'fail',
    });
    expectMessages(result, {
      'P2-DEP-001': [`${DEPLOYMENT}: spec.template.spec.containers[api].image is "${name}:v9.9.9", expected`, 'Fix: '],
      'P2-DEP-002': [
        `container api cannot get its image ${name}:v9.9.9 (`,
        `${DEPLOYMENT}: 1 out of 2 new replicas have been updated`,
        'Fix: Push the image',
        'Unchanged after ',
      ],
      'P2-HEA-001': [`${SERVICE}: Pod mcp-production/mcp-typescript-api-`, 'not ready', 'Fix: '],
      'P5-HEA-001': [`${SERVICE}: Pod mcp-production/mcp-typescript-api-`, 'not ready', 'Fix: '],
    });
  });

  it('is scaled to nothing: nobody answers', { timeout: LIMIT }, async () => {
    await changeApi({ spec: { replicas: 0 } }, { spec: { replicas: 2 } });
    await until('its pods are gone', async () => (await cluster.names(API_PODS)).length === 0);
    // Users are served by green still, and how many replicas there are is the autoscaler's affair: P5-SEC-003, P2-DEP-001.
    const result = await runRed(SERVICE_ITEMS, {
      'P1-CLU-004': 'error',
      'P2-DEP-002': 'fail',
      'P2-HEA-001': 'fail',
      'P2-HEA-003': 'fail',
      'P2-API-001': 'fail',
      'P2-API-002': 'fail',
      'P2-API-003': 'fail',
      'P2-API-004': 'fail',
      'P5-HEA-001': 'fail',
    });
    expectMessages(result, {
      'P2-DEP-002': [`${DEPLOYMENT}: wants 0 replicas, expected at least 1`, 'Fix: Scale it up'],
      'P2-HEA-001': [`${SERVICE}: has 0 ready endpoints, expected at least 1`, 'Fix: '],
      'P2-API-001': ['Authentication at https://blue.mcp.test:', 'answered 503', 'Fix: '],
      'P2-API-002': ['POST /auth/login: the login answered 503', 'Fix: Repair the service'],
    });
  });
});

describe('security contexts', () => {
  const pod = '/spec/template/spec/securityContext';
  const container = '/spec/template/spec/containers/0/securityContext';
  // The namespace enforces the restricted level: the API server takes the template, and refuses every pod of it.
  const stuck = {
    'P2-DEP-002': [`${DEPLOYMENT}: 0 out of 2 new replicas have been updated`, 'Fix: ', 'Unchanged after '],
  };
  const lost = (path: string, value: object) => [[{ op: 'remove', path }], [{ op: 'add', path, value }]] as const;

  it("a container's is missing", { timeout: LIMIT }, async () => {
    await changeApi(...lost(container, (await podOfApi()).containers[0].securityContext));
    const result = await runRed(WORKLOADS, {
      'P1-CON-003': 'fail',
      'P1-CON-004': 'fail',
      'P1-CON-005': 'fail',
      'P1-RBA-004': 'fail',
      'P2-DEP-001': 'fail',
      'P2-DEP-002': 'fail',
    });
    expectMessages(result, {
      ...stuck,
      'P1-CON-003': [DEPLOYMENT, 'readOnlyRootFilesystem is not set, expected true', 'Fix: Set '],
      'P1-CON-004': [DEPLOYMENT, 'capabilities.drop is not set, expected ["ALL"]', 'Fix: Set '],
      'P1-CON-005': [DEPLOYMENT, 'allowPrivilegeEscalation is not set, expected false', 'Fix: Set '],
    });
  });

  it("a pod's is missing", { timeout: LIMIT }, async () => {
    await changeApi(...lost(pod, (await podOfApi()).securityContext));
    const result = await runRed(WORKLOADS, {
      'P1-CON-002': 'fail',
      'P1-CON-005': 'fail',
      'P1-RBA-004': 'fail',
      'P2-DEP-001': 'fail',
      'P2-DEP-002': 'fail',
    });
    expectMessages(result, {
      ...stuck,
      'P1-CON-002': [DEPLOYMENT, 'runAsNonRoot is not set, expected true', 'Fix: Set '],
      'P1-CON-005': [DEPLOYMENT, 'seccompProfile.type is not set', 'Fix: Set '],
    });
  });
});

it('no StorageClass, and a placeholder in a Secret: each item tells its own', { timeout: LIMIT }, async () => {
  undo(await cluster.take('/apis/storage.k8s.io/v1/storageclasses/standard'));
  const path = `${NAMESPACE}/secrets/mcp-secrets`;
  const { data } = await cluster.get(path);
  undo(() => cluster.patch(path, { data }));
  await cluster.patch(path, { data: { 'jwt-secret': Buffer.from('changeme').toString('base64') } });
  const result = await runRed(WORKLOADS, {
    'P1-CLU-005': 'fail',
    'P1-SEC-001': 'fail',
    'P1-SEC-004': 'inconclusive',
    'P2-DEP-001': 'fail',
    // Its tokens are signed by that Secret, and the service holds another.
    'P2-API-001': 'inconclusive',
  });
  expectMessages(result, {
    'P2-DEP-001': ['StorageClass standard: does not exist, expected it as k8s/manifests/storage-class.yaml', 'Fix: '],
    'P1-CLU-005': ['default StorageClass of the cluster: does not exist', 'Fix: Install the storage provisioner'],
    'P1-SEC-001': [
      'Secret mcp-production/mcp-secrets key jwt-secret: still holds a placeholder',
      'Fix: Put the real value',
    ],
  });
});

/** Pods of the API itself: those of metrics.k8s.io may only be listed. */
const withoutListingPods = (rule: PolicyRule): PolicyRule => {
  const others = rule.resources?.filter((one) => one !== 'pods') ?? [];
  if (rule.apiGroups?.includes('') !== true || rule.resources?.includes('pods') !== true) return rule;
  if (rule.verbs.includes('get')) return { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'list') };
  return { ...rule, resources: others };
};

describe("the gate's own rights", () => {
  const forbidden = (verb: string, resource: string) => [
    'is forbidden: User "golive-gate" cannot',
    `Fix: Grant the gate the right to ${verb} ${resource}`,
    'golive plan --rbac prints the Role it needs',
  ];

  it('are revoked: the view is lost, so nothing is called broken', { timeout: LIMIT }, async () => {
    undo(await cluster.take(`${RBAC}/clusterrolebindings/golive-code-platform-rehearsal`));
    undo(await cluster.take(`${RBAC}/namespaces/mcp-production/rolebindings/golive-code-platform-rehearsal`));
    // Every user may ask who it is and which version answers; PostgreSQL and the public endpoint need no right in the cluster.
    const result = await runRed(RIGHTS, {
      'P1-CLU-002': 'error',
      'P1-CLU-003': 'error',
      'P1-CLU-004': 'error',
      'P1-CLU-005': 'error',
      'P1-SEC-001': 'error',
      'P1-SEC-003': 'error',
      'P1-SEC-004': 'error',
      'P1-CON-001': 'error',
      'P1-CON-002': 'error',
      'P1-CON-003': 'error',
      'P1-CON-004': 'error',
      'P1-CON-005': 'error',
      'P2-DEP-002': 'error',
      'P2-HEA-001': 'error',
      'P2-HEA-002': 'error',
      'P2-API-001': 'error',
      'P5-HEA-001': 'error',
      'P5-SEC-003': 'error',
    });
    expectMessages(result, {
      'P1-CLU-002': forbidden('list', 'nodes cluster-wide'),
      'P1-CLU-003': forbidden('create', 'subjectaccessreviews.authorization.k8s.io cluster-wide'),
      'P1-CLU-005': forbidden('list', 'storageclasses.storage.k8s.io cluster-wide'),
      'P2-HEA-001': forbidden('list', 'endpointslices.discovery.k8s.io in namespace mcp-production'),
      'P2-HEA-002': forbidden('get', 'pods in namespace mcp-production'),
    });
    expect(phaseDecisions(result)).toEqual({ phase1: 'HOLD', phase2: 'HOLD', phase5: 'HOLD' });
    expect(result.exitCode).toBe(2);
    expect(result.decision?.selected.decision).toBe('HOLD');
    expect(result.decision?.environment.uid).toBe('unknown');
  });

  it('lack the listing of pods: only what needs it is in error', { timeout: LIMIT }, async () => {
    for (const path of [
      `${RBAC}/namespaces/mcp-production/roles/golive-code-platform-rehearsal`,
      `${RBAC}/clusterroles/golive-code-platform-rehearsal`,
    ]) {
      const { rules } = (await cluster.get(path)) as unknown as { rules: PolicyRule[] };
      undo(() => cluster.patch(path, { rules }));
      await cluster.patch(path, { rules: rules.map(withoutListingPods) });
    }
    const result = await runRed(RIGHTS, {
      'P1-CLU-004': 'error',
      'P1-SEC-001': 'error',
      'P1-CON-001': 'error',
      'P1-CON-002': 'error',
      'P1-CON-003': 'error',
      'P1-CON-004': 'error',
      'P1-CON-005': 'error',
      'P2-DEP-002': 'error',
    });
    const wanted = forbidden('list', 'pods in namespace mcp-production');
    expectMessages(result, { 'P1-SEC-001': wanted, 'P1-CON-002': wanted, 'P1-CON-005': wanted, 'P2-DEP-002': wanted });
    expect(passedItems(result)).toEqual(
      expect.arrayContaining(['P2-HEA-001', 'P2-HEA-002', 'P5-HEA-001', 'P5-SEC-003']),
    );
    // What other items were found to be before still stands, so that a phase may be worse than what was seen now.
    expect(phaseDecisions(result)['phase1']).not.toBe('GO');
  });
});

it('once all is undone the platform is as good as before', { timeout: LIMIT }, async () => {
  let result = await project.run(ALL);
  // Pools and probes recover by themselves, and take a moment for it.
  for (let more = 2; more > 0 && Object.keys(redItems(result)).length > 0; more -= 1) result = await project.run(ALL);
  expect(redItems(result), result.output).toEqual({});
  expect(phaseDecisions(result)).toEqual({ phase1: 'GO', phase2: 'GO', phase5: 'GO' });
  expect(summary(result)).toMatchObject({ exitCode: 0, selected: 'GO' });
});
