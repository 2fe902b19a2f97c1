import { describe, expect, it } from 'vitest';
import { podTemplateOf } from './pod-template.ts';

const pod = (name: string) => ({ metadata: { labels: { of: name } }, spec: { containers: [{ name }] } });
const workload = (kind: string, name: string, metadata: object = {}) => ({
  kind,
  metadata: { name, namespace: 'shop', ...metadata },
  spec: { template: pod(name) },
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
