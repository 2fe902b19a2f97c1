import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../contract/cluster.ts';
import { backendPods, GATE, isReady, PROBE_LABEL, probePod } from './probe-pod.ts';

const service = (selector: object = { app: 'blue' }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'blue', namespace: 'shop' },
  spec: { selector },
});
const labels = { app: 'blue', colour: 'blue' };
const set = (
  over: { readonly selector?: object; readonly uid?: string; readonly template?: object } = {},
): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: `blue-${over.uid ?? 'r1'}`, namespace: 'shop', uid: over.uid ?? 'r1' },
  spec: {
    selector: over.selector ?? { matchLabels: { app: 'blue', 'pod-template-hash': 'x' } },
    template: over.template ?? {
      metadata: { labels: { ...labels, 'pod-template-hash': 'x' }, annotations: { note: 'kept' } },
      spec: { containers: [{ name: 'api', image: 'a:1', readinessProbe: { httpGet: { path: '/ready', port: 80 } } }] },
    },
  },
});
const pod = (name: string, over: object = {}, ready = 'True'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { ...labels, 'pod-template-hash': 'x' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'blue-r1', uid: 'r1', controller: true }],
    ...over,
  },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});

describe('the pod that is never ready', () => {
  it('is as its neighbours are, but for the hash, a mark, a gate and its end', () => {
    const made = probePod(service(), [pod('a')], [set()], 'blue-unready', 'P4-ROU-003');
    expect(made).toEqual({
      manifest: {
        metadata: {
          name: 'blue-unready',
          namespace: 'shop',
          labels: { ...labels, [PROBE_LABEL]: 'P4-ROU-003' },
          annotations: { note: 'kept' },
        },
        spec: {
          containers: [{ name: 'api', image: 'a:1', readinessProbe: { httpGet: { path: '/ready', port: 80 } } }],
          readinessGates: [{ conditionType: GATE }],
          activeDeadlineSeconds: 600,
        },
      },
    });
  });
  it.each([
    [
      'no ReplicaSet owns a ready pod',
      service(),
      [pod('a', { ownerReferences: [] })],
      [set()],
      /belongs to a ReplicaSet/,
    ],
    [
      'the Service selects by the hash',
      service({ 'pod-template-hash': 'x' }),
      [pod('a')],
      [set()],
      /selects by pod-template-hash/,
    ],
    [
      'a ReplicaSet would adopt it',
      service(),
      [pod('a')],
      [set(), set({ uid: 'r2', selector: { matchLabels: { app: 'blue' } } })],
      /ReplicaSet shop\/blue-r2 would adopt/,
    ],
    ['the ReplicaSet has no template', service(), [pod('a')], [set({ template: {} })], /has no pod template/],
  ])('cannot be made where %s', (_, of, ready, sets, why) => {
    const made = probePod(of, ready, sets, 'n', 'm');
    expect('cannot' in made ? made.cannot : '').toMatch(why);
  });
});

it('backends are the pods a Service selects, and none where it selects nothing', () => {
  const pods = [
    pod('a'),
    pod('b', { labels: { app: 'green' } }),
    pod('c', { deletionTimestamp: '2026-01-15T12:00:00Z' }),
    pod('d', {}, 'False'),
  ];
  expect(backendPods(service(), pods).map(({ metadata }) => metadata.name)).toEqual(['a', 'd']);
  expect(backendPods(service(), pods).filter(isReady)).toHaveLength(1);
  expect(backendPods(service({}), pods)).toEqual([]);
  expect(backendPods({ ...service(), spec: {} }, pods)).toEqual([]);
});
