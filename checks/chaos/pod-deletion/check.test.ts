import { describe, expect, it } from 'vitest';
import type { Capabilities, CheckContext } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import type { LoadResult } from '../../contract/load.ts';
import { blastRadius } from './blast-radius.ts';
import { podDeletion } from './check.ts';
import type { Seen } from './judge.ts';

const selector = { matchLabels: { app: 'api' } };
const deployment = (replicas = 2): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', namespace: 'shop' },
  spec: { replicas, selector },
});
const pod = (name: string, ready = true, over: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, labels: { app: 'api' }, ...over },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const budget = (spec: object, status?: object): KubeObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'api', namespace: 'shop', generation: 2 },
  spec: { selector, ...spec },
  ...(status ? { status } : {}),
});
const endpoint = (name: string, over: object = {}) => ({
  address: name,
  target: `Pod shop/${name}`,
  ready: true,
  terminating: false,
  ...over,
});
const allowed = (spec: object, status?: object, pods = [pod('a'), pod('b')]): number | undefined =>
  blastRadius(deployment(), pods, [budget(spec, status)], []).budgets[0]?.allowed;

describe('the blast radius', () => {
  it('is one pod of those that are ready and stay', () => {
    const leaving = pod('c', true, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const foreign = pod('d', true, { labels: { app: 'other' } });
    const radius = blastRadius(
      deployment(),
      [pod('b'), pod('a'), leaving, foreign],
      [],
      [endpoint('b'), endpoint('a')],
    );
    expect(radius.candidates.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(radius.refusals).toEqual([]);
  });
  it('is a pod with the labels that are asked for', () => {
    const labelled = pod('b', true, { labels: { app: 'api', track: 'beta' } });
    const served = [endpoint('b'), endpoint('a')];
    const of = (track: string) => blastRadius(deployment(), [pod('a'), labelled], [], served, { track });
    expect(of('beta').candidates.map(({ name }) => name)).toEqual(['b']);
    expect(of('gamma').refusals).toEqual([{ because: 'unserved' }]);
  });
  it('leaves alone what no Service sends users to', () => {
    const pods = [pod('a'), pod('b'), pod('c')];
    const endpoints = [endpoint('a', { ready: false }), endpoint('b'), endpoint('c', { terminating: true })];
    expect(blastRadius(deployment(3), pods, [], endpoints).candidates.map(({ name }) => name)).toEqual(['b']);
    expect(blastRadius(deployment(3), pods, [], [endpoint('elsewhere')]).refusals).toEqual([{ because: 'unserved' }]);
  });
  it.each([
    ['one of one', 1, [pod('a')]],
    ['one of two', 2, [pod('a'), pod('b', false)]],
    ['two of three', 3, [pod('a'), pod('b'), pod('c', false)]],
  ])('is nothing where %s is ready', (_, replicas, pods) => {
    expect(blastRadius(deployment(replicas), pods, [], []).refusals).toMatchObject([{ because: 'ready' }]);
  });
  it('keeps within budgets, in numbers and percentages', () => {
    expect(allowed({ minAvailable: 1 })).toBe(1);
    expect(allowed({ minAvailable: 2 })).toBe(0);
    // 51 % of 2 pods is 1.02: two must stay.
    expect(allowed({ minAvailable: '51%' })).toBe(0);
    expect(allowed({ maxUnavailable: '10%' })).toBe(1);
    expect(allowed({ maxUnavailable: 0 })).toBe(0);
    expect(allowed({ maxUnavailable: 1 }, undefined, [pod('a'), pod('b', false)])).toBe(0);
  });
  it('believes the status of a budget that is stricter, not one of an older spec', () => {
    expect(allowed({ minAvailable: 1 }, { disruptionsAllowed: 0, observedGeneration: 2 })).toBe(0);
    expect(allowed({ minAvailable: 2 }, { disruptionsAllowed: 1, observedGeneration: 1 })).toBe(0);
    const served = [endpoint('a'), endpoint('b')];
    expect(blastRadius(deployment(), [pod('a'), pod('b')], [budget({ minAvailable: 2 })], served).refusals).toEqual([
      { because: 'budget', budget: 'PodDisruptionBudget shop/api' },
    ]);
  });
});

describe('the deletion', () => {
  const params = {
    namespace: 'shop',
    deployment: 'api',
    endpoint: { url: 'https://shop.test' },
    path: '/api',
    rate: 100,
    maxConnections: 5,
    requestTimeout: '1s',
    warmup: '0s',
    steadyFor: '100ms',
    replacedWithin: '100ms',
    maxErrorRate: 0.01,
    errorBudget: 0.01,
    maxP95: '2s',
    minRequests: 10,
    interval: '5ms',
    maxGeneratorCpu: 0.95,
    maxGeneratorLag: '200ms',
    maxLateStarts: 0.01,
  };
  const result = (failed: number): LoadResult => ({
    item: 'X',
    url: 'https://shop.test/api',
    model: 'open',
    startedAt: '2026-01-15T11:50:00Z',
    durationMs: 1000,
    connections: 2,
    sent: 100,
    intended: 100,
    answered: 100 - failed,
    lost: failed,
    statuses: { '2xx': 100 - failed },
    latencies: { count: 100, minUs: 1, maxUs: 9, meanUs: 5, percentiles: [], ofIntended: [[95, 1000]] },
    perSecond: [100],
    generator: { cpu: 0.1, maxLagMs: 1 },
  });
  const context = { wait: () => new Promise((resolve) => setTimeout(resolve, 5)), progress: () => undefined };

  async function run(over: {
    readonly failsBefore?: number;
    readonly replaces?: boolean;
    readonly pods?: KubeObject[];
  }) {
    let pods = over.pods ?? [pod('a'), pod('b')];
    const deleted: string[] = [];
    let loads = 0;
    const slices = () => [
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'api-1', namespace: 'shop' },
        endpoints: pods.map(({ metadata: { name } }) => ({
          addresses: [name],
          targetRef: { kind: 'Pod', namespace: 'shop', name },
        })),
      },
    ];
    const capabilities = {
      cluster: {
        get: () => Promise.resolve(deployment()),
        list: ({ kind }: { kind: string }) =>
          Promise.resolve({ items: kind === 'Pod' ? pods : kind === 'EndpointSlice' ? slices() : [] }),
      },
      changes: {
        deletePod: ({ name, uid }: { name: string; uid: string }) => {
          deleted.push(`${name} ${uid}`);
          pods = [...pods.filter(({ metadata }) => metadata.name !== name), pod('new', over.replaces !== false)];
          return Promise.resolve();
        },
      },
      load: {
        open: async ({ until }: { until?: AbortSignal }) => {
          loads += 1;
          if (until && !until.aborted) await new Promise((resolve) => until.addEventListener('abort', resolve));
          return result(loads === 1 ? (over.failsBefore ?? 0) : 0);
        },
      },
    };
    const gathered = (await podDeletion.gather(
      params,
      capabilities as unknown as Capabilities,
      context as unknown as CheckContext,
    )) as Seen;
    const judgement = podDeletion.judge(params, gathered, { now: new Date() });
    return { deleted, loads, judgement, gathered };
  }

  it('takes one pod, by its uid, and waits for another', async () => {
    const { deleted, loads, judgement } = await run({});
    expect(deleted).toEqual(['a uid-a']);
    expect(loads).toBe(3);
    expect(judgement.outcome).toBe('pass');
  });
  it('happens not where users are not served well before', async () => {
    const { deleted, loads, judgement } = await run({ failsBefore: 5 });
    expect(deleted).toEqual([]);
    expect(loads).toBe(1);
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'unsteadyBefore' }] });
  });
  it('happens not where one is ready', async () => {
    const { deleted, loads, judgement } = await run({ pods: [pod('a'), pod('b', false)] });
    expect([deleted, loads]).toEqual([[], 0]);
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'tooFewReady' }] });
  });
  it('without a ready replacement fails, and the load ends all the same', async () => {
    const { deleted, loads, judgement } = await run({ replaces: false });
    expect(deleted).toHaveLength(1);
    expect(loads).toBe(3);
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'notReplaced' }] });
  });
});
