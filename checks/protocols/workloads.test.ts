import { describe, expect, it } from 'vitest';
import type { KubeObject, ResourceType } from '../contract/cluster.ts';
import { CRON_JOBS, DEPLOYMENTS, JOBS, PODS, REPLICA_SETS } from './kubernetes.ts';
import { podSources } from './workloads.ts';

const NOW = new Date('2026-01-15T12:01:00Z');

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
    spec: { containers: [], template: { spec: { containers: [] } } },
    ...(more['status'] === undefined ? {} : { status: more['status'] }),
  };
  return { type, item };
}
const owners = (objects: readonly { type: ResourceType; item: KubeObject }[]) =>
  podSources(objects, NOW).sources.map(({ owner }) => owner);

describe('podSources', () => {
  it('names what a pod belongs to, through its ReplicaSet, and leaves the ReplicaSet out', () => {
    const deployment = object(DEPLOYMENTS, 'api');
    const set = object(REPLICA_SETS, 'api-1', deployment.item);
    const pod = object(PODS, 'api-1-x', set.item);
    expect(podSources([pod, deployment, set], NOW).sources.map(({ owner, workload }) => [owner, workload])).toEqual([
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

  it('leaves out ended and leaving pods and counts them', () => {
    const gone = [
      object(PODS, 'done', undefined, { status: { phase: 'Succeeded' } }),
      object(PODS, 'crashed', undefined, { status: { phase: 'Failed' } }),
      object(PODS, 'leaving', undefined, { status: { phase: 'Running' }, deleting: true }),
    ];
    expect(podSources(gone, NOW)).toEqual({ sources: [], leftOut: 3 });
  });

  it('judges a pod that is stuck on its way out: it still runs', () => {
    const stuck = object(PODS, 'stuck', undefined, { status: { phase: 'Running' }, deleting: true });
    const later = (text: string) => podSources([stuck], new Date(text)).sources.map(({ owner }) => owner);
    expect(later('2026-01-15T12:05:00Z')).toEqual([]);
    expect(later('2026-01-15T12:05:01Z')).toEqual(['Pod shop/stuck']);
  });

  it('judges a pod whose grace period has hours to go: it runs on as if nobody had deleted it', () => {
    const staying = object(PODS, 'staying', undefined, { status: { phase: 'Running' }, deleting: true });
    const at = (text: string) => podSources([staying], new Date(text)).sources.map(({ owner }) => owner);
    expect(at('2026-01-15T11:00:00Z')).toEqual([]);
    expect(at('2026-01-15T10:59:59Z')).toEqual(['Pod shop/staying']);
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
