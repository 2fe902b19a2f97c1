import { describe, expect, it } from 'vitest';
import type { KubeObject, ResourceType } from '../contract/cluster.ts';
import { CRON_JOBS, DEPLOYMENTS, JOBS, PODS, REPLICA_SETS } from './kubernetes.ts';
import { isLeaving, podSources } from './workloads.ts';

function object(type: ResourceType, name: string, owner?: KubeObject, more: Record<string, unknown> = {}) {
  const item: KubeObject = {
    apiVersion: type.apiVersion,
    kind: type.kind,
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      ...(owner
        ? {
            ownerReferences: [
              { kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '', controller: true },
            ],
          }
        : {}),
      ...(more['deleting'] === true ? { deletionTimestamp: '2026-01-15T12:00:00Z' } : {}),
    },
    spec: {
      containers: [],
      template: { spec: { containers: [] } },
      jobTemplate: { spec: { template: { spec: { containers: [] } } } },
    },
    ...(more['status'] === undefined ? {} : { status: more['status'] }),
  };
  return { type, item };
}
const owners = (objects: readonly { type: ResourceType; item: KubeObject }[]) =>
  podSources(objects).sources.map(({ owner }) => owner);

describe('podSources', () => {
  it('names what a pod belongs to, through its ReplicaSet, and leaves the ReplicaSet out', () => {
    const deployment = object(DEPLOYMENTS, 'api');
    const set = object(REPLICA_SETS, 'api-1', deployment.item);
    const pod = object(PODS, 'api-1-x', set.item);
    expect(podSources([pod, deployment, set]).sources.map(({ owner, workload }) => [owner, workload])).toEqual([
      ['Pod shop/api-1-x', 'Deployment shop/api'],
      ['Deployment shop/api', 'Deployment shop/api'],
    ]);
  });

  it('keeps a ReplicaSet that nobody controls', () => {
    expect(owners([object(REPLICA_SETS, 'alone')])).toEqual(['ReplicaSet shop/alone']);
  });

  it('keeps a ReplicaSet and a Job whose controller was not read', () => {
    const unread = object(DEPLOYMENTS, 'argo-rollout').item;
    expect(owners([object(REPLICA_SETS, 'api-1', unread), object(JOBS, 'import-1', unread)])).toEqual([
      'ReplicaSet shop/api-1',
      'Job shop/import-1',
    ]);
  });

  it('leaves out ended pods and counts them', () => {
    const gone = [
      object(PODS, 'done', undefined, { status: { phase: 'Succeeded' } }),
      object(PODS, 'crashed', undefined, { status: { phase: 'Failed' } }),
    ];
    expect(podSources(gone)).toEqual({ sources: [], leftOut: 2 });
  });

  it('judges a pod until it has ended, also one that is being deleted or says it has', () => {
    const running = [{ name: 'a', state: { running: {} } }];
    const pods = [
      object(PODS, 'leaving', undefined, { status: { phase: 'Running' }, deleting: true }),
      object(PODS, 'lying', undefined, { status: { phase: 'Succeeded', ephemeralContainerStatuses: running } }),
      object(PODS, 'lost', undefined, { status: { phase: 'Unknown' } }),
    ];
    expect(owners(pods)).toEqual(['Pod shop/leaving', 'Pod shop/lying', 'Pod shop/lost']);
  });

  it('judges what a controller made and that differs from it, unless it makes no pods', () => {
    const deployment = object(DEPLOYMENTS, 'api');
    const older = { spec: { template: { spec: { hostPID: true, containers: [] } } } };
    const set = (name: string, more: object) => {
      const made = object(REPLICA_SETS, name, deployment.item);
      return { ...made, item: { ...made.item, spec: { ...older.spec, ...more } } };
    };
    expect(owners([deployment, set('edited', { replicas: 1 }), set('history', { replicas: 0 })])).toEqual([
      'Deployment shop/api',
      'ReplicaSet shop/edited',
    ]);
  });

  it('lets no object stand for a ReplicaSet that is none of its makers', () => {
    const pod = object(PODS, 'decoy');
    pod.item = { ...pod.item, spec: { containers: [{ name: 'a' }] } };
    expect(owners([pod, object(REPLICA_SETS, 'api-1', pod.item)])).toEqual(['Pod shop/decoy', 'ReplicaSet shop/api-1']);
  });

  it('judges pods that are not running yet: they will', () => {
    expect(owners([object(PODS, 'new', undefined, { status: { phase: 'Pending' } })])).toEqual(['Pod shop/new']);
  });

  it('leaves out finished Jobs and those of a CronJob, which is judged itself', () => {
    const cron = object(CRON_JOBS, 'report');
    const objects = [
      cron,
      object(JOBS, 'report-1', cron.item),
      object(JOBS, 'migrate', undefined, { status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
      object(JOBS, 'backfill', undefined, { status: { conditions: [{ type: 'Complete', status: 'False' }] } }),
    ];
    expect(owners(objects)).toEqual(['CronJob shop/report', 'Job shop/backfill']);
  });
});

describe('isLeaving', () => {
  it.each([
    ['with hours to go', '2026-01-15T10:59:59Z', false],
    ['in its grace period', '2026-01-15T11:00:00Z', true],
    ['just over it', '2026-01-15T12:05:00Z', true],
    ['stuck', '2026-01-15T12:05:01Z', false],
  ])('a deleted pod %s', (_, at, leaving) => {
    const { item } = object(PODS, 'a', undefined, { deleting: true });
    expect(isLeaving(item, new Date(at))).toBe(leaving);
  });
});
