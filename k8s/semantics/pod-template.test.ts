import { describe, expect, it } from 'vitest';
import { podTemplateOf, podTemplates } from './pod-template.ts';

const pod = (name: string) => ({ metadata: { labels: { of: name } }, spec: { containers: [{ name }] } });
const workload = (kind: string, name: string, metadata: object = {}) => ({
  kind,
  metadata: { name, namespace: 'shop', ...metadata },
  spec: { template: pod(name) },
});
const ownedBy = (kind: string, name: string, uid: string, controller = true) => ({
  ownerReferences: [{ kind, name, uid, controller }],
});

describe('podTemplateOf', () => {
  it.each(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicaSet', 'ReplicationController'])('%s', (kind) => {
    expect(podTemplateOf(workload(kind, 'web'))).toEqual({
      owner: `${kind} shop/web`,
      kind,
      namespace: 'shop',
      name: 'web',
      podSpec: { containers: [{ name: 'web' }] },
      podMetadata: { labels: { of: 'web' } },
      specPath: 'spec.template.spec',
    });
  });

  it('CronJob', () => {
    const cronJob = {
      kind: 'CronJob',
      metadata: { name: 'c' },
      spec: { jobTemplate: { spec: { template: pod('c') } } },
    };
    expect(podTemplateOf(cronJob)).toMatchObject({
      owner: 'CronJob c',
      specPath: 'spec.jobTemplate.spec.template.spec',
      podSpec: { containers: [{ name: 'c' }] },
    });
  });

  it('Pod', () => {
    const object = { kind: 'Pod', metadata: { name: 'p', namespace: 'n' }, spec: { containers: [] } };
    expect(podTemplateOf(object)).toMatchObject({
      owner: 'Pod n/p',
      specPath: 'spec',
      podSpec: object.spec,
      podMetadata: object.metadata,
    });
  });

  it.each(['Service', 'constructor', ''])('nothing for kind "%s"', (kind) => {
    expect(podTemplateOf({ kind, metadata: { name: 'x' } })).toBeNull();
  });

  it('a broken object has a template without a spec, which no rule takes for a good one', () => {
    expect(podTemplateOf({ kind: 'Deployment', metadata: { name: 'x' }, spec: 'oops' })?.podSpec).toBeUndefined();
  });
});

describe('podTemplates', () => {
  const deployment = workload('Deployment', 'web', { uid: 'd1' });
  const replicaSet = workload('ReplicaSet', 'web-1', { uid: 'r1', ...ownedBy('Deployment', 'web', 'd1') });
  const ownedPod = {
    kind: 'Pod',
    metadata: { name: 'web-1-a', namespace: 'shop', ...ownedBy('ReplicaSet', 'web-1', 'r1') },
  };
  const names = (objects: readonly unknown[]) => podTemplates(objects).map(({ owner }) => owner);

  it('leaves out what a controller in the list made', () => {
    expect(names([ownedPod, replicaSet, deployment])).toEqual(['Deployment shop/web']);
  });

  it('keeps what a controller outside the list made', () => {
    expect(names([ownedPod])).toEqual(['Pod shop/web-1-a']);
    expect(names([ownedPod, replicaSet])).toEqual(['ReplicaSet shop/web-1']);
  });

  it('keeps an object whose former owner has another uid', () => {
    const orphan = workload('ReplicaSet', 'web-0', ownedBy('Deployment', 'web', 'd0'));
    expect(names([deployment, orphan])).toEqual(['Deployment shop/web', 'ReplicaSet shop/web-0']);
  });

  it('keeps an object that is owned, but not controlled', () => {
    const owned = workload('Job', 'j', ownedBy('Deployment', 'web', 'd1', false));
    expect(names([deployment, owned])).toEqual(['Deployment shop/web', 'Job shop/j']);
  });

  it('finds the owner by name where objects have no uid, in the same namespace only', () => {
    const fromFile = workload('Deployment', 'web');
    expect(names([fromFile, replicaSet])).toEqual(['Deployment shop/web']);
    const elsewhere = workload('Deployment', 'web', { namespace: 'other' });
    expect(names([elsewhere, replicaSet])).toEqual(['Deployment other/web', 'ReplicaSet shop/web-1']);
  });
});
