/** Pods go where kube-scheduler would let them go, and wait where it would let them wait; drained nodes are empty. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { record, records, text, type Json } from './object.ts';
import { WEB_IMAGE, deployment, startTestPlane, until, type TestPlane } from './testing.ts';

let plane: TestPlane;
beforeAll(async () => {
  plane = await startTestPlane();
}, 30_000);
afterAll(() => plane.close());

const PODS = '/api/v1/namespaces/default/pods';
const NODES = '/api/v1/nodes';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const make = (name: string, spec: Json, labels: Json = {}) =>
  plane.call('POST', PODS, {
    body: {
      metadata: { name, labels },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: WEB_IMAGE }], ...spec },
    },
  });
const remove = (...names: readonly string[]) =>
  Promise.all(names.map((name) => plane.call('DELETE', `${PODS}/${name}`)));
const merge = (path: string, body: unknown) =>
  plane.call('PATCH', path, { headers: { 'content-type': 'application/merge-patch+json' }, body });
const nodeOf = async (name: string) =>
  text(record((await plane.call('GET', `${PODS}/${name}`)).body['spec'])['nodeName']);
const bound = (name: string) =>
  until(
    () => nodeOf(name),
    (node) => node !== '',
  );
/** Why a Pod waits. */
const waiting = (name: string) =>
  until(
    async () => {
      const { status } = (await plane.call('GET', `${PODS}/${name}`)).body;
      return text(records(record(status)['conditions']).find(({ type }) => type === 'PodScheduled')?.['message']);
    },
    (why) => why !== '',
  );

describe('scheduling', () => {
  it('has what fits nowhere wait, and says so', { timeout: 30_000 }, async () => {
    await make('big', {
      containers: [{ name: 'c', image: WEB_IMAGE, resources: { requests: { cpu: '5000', memory: '9000Gi' } } }],
    });
    expect(await waiting('big')).toBe('0/2 nodes are available: 2 Insufficient cpu.');
    const events = await until(
      () => plane.call('GET', '/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dbig'),
      ({ body }) => records(body['items']).length > 0,
    );
    expect(records(events.body['items'])[0]).toMatchObject({ type: 'Warning', reason: 'FailedScheduling' });
    await remove('big');
  });

  it('keeps apart what must be apart', { timeout: 30_000 }, async () => {
    const apart = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { z: '1' } } },
        ],
      },
    };
    for (const name of ['anti-1', 'anti-2', 'anti-3']) await make(name, { affinity: apart }, { z: '1' });
    const names = ['anti-1', 'anti-2', 'anti-3'];
    await until(
      async () => (await Promise.all(names.map(nodeOf))).filter((node) => node !== ''),
      (nodes) => new Set(nodes).size === 2 && nodes.length === 2,
    );
    const nodes = await Promise.all(names.map(nodeOf));
    const left = names[nodes.indexOf('')] ?? '';
    expect(await waiting(left)).toBe("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.");
    await remove(...names.filter((name) => name !== left).slice(0, 1));
    await bound(left);
    await remove(...names);
  });

  it('spreads what must be spread', { timeout: 30_000 }, async () => {
    const spread = [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { y: '1' } },
      },
    ];
    const names = ['s-1', 's-2', 's-3', 's-4'];
    for (const name of names) await make(name, { topologySpreadConstraints: spread }, { y: '1' });
    const nodes = await Promise.all(names.map(bound));
    expect(nodes.filter((node) => node === 'node-a')).toHaveLength(2);
    await remove(...names);
  });

  it('goes where a selector or an affinity points, and nowhere else', { timeout: 30_000 }, async () => {
    await make('chosen', { nodeSelector: { 'kubernetes.io/hostname': 'node-b' } });
    expect(await bound('chosen')).toBe('node-b');
    const terms = [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'NotIn', values: ['node-a', 'node-b'] }] },
    ];
    await make('lost', {
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
    });
    expect(await waiting('lost')).toBe("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
    await remove('chosen', 'lost');
  });

  it('leaves out nodes that are cordoned, tainted or not ready, until they are not', { timeout: 40_000 }, async () => {
    await merge(`${NODES}/node-a`, { spec: { unschedulable: true } });
    await merge(`${NODES}/node-b`, { spec: { taints: [{ key: 'only', value: 'gpu', effect: 'NoSchedule' }] } });
    await make('plain', {});
    expect(await waiting('plain')).toBe(
      '0/2 nodes are available: 1 node(s) had untolerated taint {only: gpu}, 1 node(s) were unschedulable.',
    );
    await make('tolerant', { tolerations: [{ key: 'only', operator: 'Exists' }] });
    expect(await bound('tolerant')).toBe('node-b');
    await merge(`${NODES}/node-a`, { spec: { unschedulable: null } });
    expect(await bound('plain')).toBe('node-a');
    await merge(`${NODES}/node-a/status`, {
      status: { conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady' }] },
    });
    await make('late', {});
    expect(await waiting('late')).toContain('1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }');
    await merge(`${NODES}/node-a/status`, {
      status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] },
    });
    expect(await bound('late')).toBe('node-a');
    await merge(`${NODES}/node-b`, { spec: { taints: null } });
    await remove('plain', 'tolerant', 'late');
  });
});

const kubectl = await new Promise<string>((resolve) => {
  execFile('kubectl', ['version', '--client'], (error, stdout) => resolve(error ? '' : stdout));
});
const run = (...args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const all = [
      '--kubeconfig',
      plane.kubeconfig,
      '--context',
      'rehearsal-admin',
      '--cache-dir',
      join(plane.dir, 'cache'),
      ...args,
    ];
    execFile('kubectl', all, { timeout: 60_000 }, (error, out, err) => resolve({ code: error ? 1 : 0, out, err }));
  });

describe('eviction', () => {
  const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
  const evict = (name: string, query = '') =>
    plane.call('POST', `${PODS}/${name}/eviction${query}`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } },
    });
  const podsOf = async (app: string) =>
    records((await plane.call('GET', `${PODS}?labelSelector=app%3D${app}`)).body['items']);
  const ready = (app: string, replicas: number) =>
    until(
      () => plane.call('GET', `${DEPLOYMENTS}/${app}`),
      ({ body }) => record(body['status'])['readyReplicas'] === replicas,
    );

  it('asks the budget, which says what it holds', { timeout: 40_000 }, async () => {
    await plane.apply(deployment('held', { replicas: 2 }));
    await plane.call('POST', BUDGETS, {
      body: { metadata: { name: 'held' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'held' } } } },
    });
    await ready('held', 2);
    const [pod] = await podsOf('held');
    const name = text(record(pod?.['metadata'])['name']);
    const refused = await evict(name);
    expect([refused.status, refused.body['reason'], refused.headers['retry-after']]).toEqual([
      429,
      'TooManyRequests',
      undefined,
    ]);
    expect(records(record(refused.body['details'])['causes'])).toEqual([
      { reason: 'DisruptionBudget', message: 'The disruption budget held needs 2 healthy pods and has 2 currently' },
    ]);
    const held = await until(
      () => plane.call('GET', `${BUDGETS}/held`),
      ({ body }) => record(body['status'])['currentHealthy'] === 2,
    );
    expect(held.body['status']).toMatchObject({ currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0 });
    expect((await evict('absent')).status).toBe(404);
    await plane.call('PATCH', `${BUDGETS}/held`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { minAvailable: '50%' } },
    });
    expect((await evict(name, '?dryRun=All')).status).toBe(201);
    expect(
      (await Promise.all((await podsOf('held')).map((one) => evict(text(record(one['metadata'])['name'])))))
        .map(({ status }) => status)
        .sort(),
    ).toEqual([201, 429]);
    await plane.call('DELETE', `${BUDGETS}/held`);
    await plane.call('DELETE', `${DEPLOYMENTS}/held`);
  });

  it.skipIf(kubectl === '')('kubectl cordons, drains and shows what is there', { timeout: 90_000 }, async () => {
    await plane.apply(deployment('moved', { replicas: 2 }));
    await ready('moved', 2);
    const drained = await run(
      'drain',
      'node-a',
      '--ignore-daemonsets',
      '--delete-emptydir-data',
      '--timeout=40s',
      '--pod-selector=app=moved',
    );
    expect([drained.code, drained.out]).toEqual([0, expect.stringContaining('node/node-a drained')]);
    expect((await run('get', 'nodes')).out).toMatch(/node-a +Ready,SchedulingDisabled +<none>/);
    await until(
      () => podsOf('moved'),
      (pods) => pods.length === 2 && pods.every((pod) => record(pod['spec'])['nodeName'] === 'node-b'),
    );
    expect((await run('uncordon', 'node-a')).code).toBe(0);
    await plane.apply({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'moved', namespace: 'default' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'moved' } } },
    });
    expect((await run('get', 'pdb', 'moved')).out).toMatch(
      /NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\nmoved +N\/A +1 +\d/,
    );
    expect((await run('get', 'events')).out).toMatch(/LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/);
    await plane.call('DELETE', `${DEPLOYMENTS}/moved`);
  });
});
