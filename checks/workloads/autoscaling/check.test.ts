import { describe, expect, it } from 'vitest';
import type { Capabilities, CheckContext } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import type { LoadResult } from '../../contract/load.ts';
import { ObservationError } from '../../contract/capabilities.ts';
import { autoscaling } from './check.ts';
import type { Seen } from './judge.ts';
import { stateOf } from './state.ts';

const scaler = (status: object, spec: object = {}): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'api', namespace: 'shop' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    minReplicas: 2,
    maxReplicas: 4,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }],
    ...spec,
  },
  status,
});
const deployment = (ready: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', namespace: 'shop' },
  status: { readyReplicas: ready },
});

describe('the state of an autoscaler', () => {
  it('pairs each metric with its current value', () => {
    const metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } } },
      { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '1k' } } },
    ];
    const currentMetrics = [
      { type: 'Pods', pods: { metric: { name: 'rps' }, current: { averageValue: '500' } } },
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 90, averageValue: '450m' } } },
    ];
    const state = stateOf(scaler({ currentReplicas: 2, desiredReplicas: 3, currentMetrics }, { metrics }), null, 0);
    expect(state.metrics).toEqual([
      { name: 'Resource cpu', target: '60 %', current: '90 %', pressure: 1.5 },
      { name: 'Resource memory', target: '200Mi', current: null, pressure: null },
      { name: 'Pods rps', target: '1k', current: '500', pressure: 0.5 },
    ]);
    expect(state).toMatchObject({ target: 'Deployment api', max: 4, current: 2, desired: 3, deploymentFound: false });
  });
  it('tells metrics of one name apart by selector and container', () => {
    const metric = (queue: string) => ({ name: 'depth', selector: { matchLabels: { queue } } });
    const cpu = { name: 'cpu', container: 'api' };
    const metrics = [
      { type: 'External', external: { metric: metric('a'), target: { type: 'Value', value: '10' } } },
      { type: 'External', external: { metric: metric('b'), target: { type: 'Value', value: '10' } } },
      { type: 'ContainerResource', containerResource: { ...cpu, target: { averageUtilization: 50 } } },
    ];
    const currentMetrics = [
      { type: 'External', external: { metric: metric('b'), current: { value: '20' } } },
      {
        type: 'ContainerResource',
        containerResource: { ...cpu, container: 'proxy', current: { averageUtilization: 5 } },
      },
    ];
    const state = stateOf(scaler({ currentMetrics }, { metrics }), null, 0);
    expect(state.metrics.map(({ pressure }) => pressure)).toEqual([null, 2, null]);
  });
});

describe('the load', () => {
  const params = {
    namespace: 'shop',
    autoscaler: 'api',
    deployment: 'api',
    endpoint: { url: 'https://shop.test' },
    path: '/api',
    method: 'GET',
    headers: {},
    rate: 100,
    maxConnections: 5,
    requestTimeout: '1s',
    upWithin: '300ms',
    downWithin: '300ms',
    interval: '10ms',
  };
  const healthy = (desired: number): object => ({
    currentReplicas: desired,
    desiredReplicas: desired,
    currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 30 } } }],
    conditions: [
      { type: 'AbleToScale', status: 'True' },
      { type: 'ScalingActive', status: 'True' },
    ],
  });
  const context = {
    wait: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
    progress: () => undefined,
  };

  /** A cluster that scales up two looks after the load began, and back two looks after it ended. */
  function world(over: { readonly scales?: boolean; readonly refuses?: boolean } = {}) {
    const seen = { loading: false, loads: 0, looks: 0 };
    let since = 0;
    const cluster = {
      get: ({ kind }: { kind: string }) => {
        if (kind !== 'Deployment') seen.looks += 1;
        const up = seen.loading && over.scales !== false && seen.looks - since >= 2;
        const replicas = up || (!seen.loading && seen.loads > 0 && seen.looks - since < 2) ? 3 : 2;
        const settled = over.scales === false ? 2 : replicas;
        return Promise.resolve(kind === 'Deployment' ? deployment(settled) : scaler(healthy(settled)));
      },
    };
    const load = {
      open: async ({ until }: { until: AbortSignal }): Promise<LoadResult> => {
        if (over.refuses) throw new ObservationError('unreachable', 'connection refused');
        [seen.loading, since] = [true, seen.looks];
        seen.loads += 1;
        await new Promise((resolve) => until.addEventListener('abort', resolve));
        [seen.loading, since] = [false, seen.looks];
        return { item: 'X' } as LoadResult;
      },
    };
    const gather = () =>
      autoscaling.gather(params, { cluster, load } as unknown as Capabilities, context as unknown as CheckContext);
    return { seen, gather };
  }

  it('runs until the replicas are up, and is over before anybody waits for them to go', async () => {
    const { seen, gather } = world();
    const gathered = (await gather()) as Extract<Seen, { rising: unknown }>;
    expect(seen).toMatchObject({ loading: false, loads: 1 });
    expect(gathered.rising.at(-1)).toMatchObject({ desired: 3, ready: 3 });
    expect(gathered.falling.at(-1)).toMatchObject({ desired: 2, ready: 2 });
  });
  it('is stopped when nothing rises', async () => {
    const { seen, gather } = world({ scales: false });
    const gathered = (await gather()) as Extract<Seen, { rising: unknown }>;
    expect(seen).toMatchObject({ loading: false, loads: 1 });
    expect(gathered.falling).toEqual([]);
  });
  it('that nobody takes ends the looking', async () => {
    const { gather } = world({ refuses: true });
    expect(await gather()).toMatchObject({ load: { up: false, why: 'connection refused' } });
  });
});
