/** What a real API server refuses, or defaults, is met here in the same way; and whatever is sent, the platform goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { record, records, text, type Json } from './object.ts';
import {
  CONTAINER,
  DEPLOYMENTS,
  HTTP,
  INVALID_OTHERS,
  INVALID_PODS,
  PODS,
  SERVICES,
  pod,
  service,
  withContainer,
} from './refusal-cases.ts';
import { deployment, startTestPlane, until, type TestPlane } from './testing.ts';

let plane: TestPlane;
beforeAll(async () => {
  plane = await startTestPlane();
}, 30_000);
afterAll(() => plane.close());

const fieldsOf = (body: Json) => records(record(body['details'])['causes']).map(({ field }) => text(field));

describe('an object that Kubernetes refuses', () => {
  it.each(INVALID_PODS)('a Pod with %s', async (_what, object, field) => {
    const { status, body } = await plane.call('POST', PODS, { body: object });
    expect([status, body['reason']]).toEqual([422, 'Invalid']);
    expect(fieldsOf(body)).toContain(field);
  });

  it.each(INVALID_OTHERS)('%s', async (_what, path, object, field) => {
    const { status, body } = await plane.call('POST', path, { body: object });
    expect([status, body['reason']]).toEqual([422, 'Invalid']);
    expect(fieldsOf(body)).toContain(field);
  });

  it('a quantity that is none', async () => {
    const { status, body } = await plane.call('POST', PODS, {
      body: withContainer({ resources: { requests: { memory: '1GB' } } }),
    });
    expect([status, body['reason']]).toEqual([400, 'BadRequest']);
    expect(body['message']).toMatch(
      /^Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression/,
    );
  });

  it('a template’s faults are named as the template’s', async () => {
    const object = deployment('faulty');
    record(record(record(object['spec'])['template'])['spec'])['restartPolicy'] = 'Never';
    const { body } = await plane.call('POST', DEPLOYMENTS, { body: object });
    expect(fieldsOf(body)).toEqual(['spec.template.spec.restartPolicy']);
  });

  it('a change of what cannot change', async () => {
    await plane.call('POST', SERVICES, { body: service({ ports: [{ port: 80 }] }) });
    const { status, body } = await plane.call('PATCH', `${SERVICES}/s`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { clusterIP: '10.96.0.250', clusterIPs: ['10.96.0.250'] } },
    });
    expect([status, fieldsOf(body)]).toEqual([422, ['spec.clusterIPs[0]']]);
    await plane.call('DELETE', `${SERVICES}/s`);
  });
});

describe('fields that no kind has', () => {
  const typo = (name: string): Json => {
    const object = deployment(name, { replicas: 0 });
    record(object['spec'])['replica'] = 3;
    return object;
  };

  it('are refused under Strict, as kubectl asks', async () => {
    const { status, body } = await plane.call('POST', `${DEPLOYMENTS}?fieldValidation=Strict`, {
      body: typo('strict'),
    });
    expect([status, body['reason']]).toEqual([400, 'BadRequest']);
    expect(body['message']).toBe(
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"',
    );
    expect((await plane.call('GET', `${DEPLOYMENTS}/strict`)).status).toBe(404);
  });

  it('are warned about and dropped otherwise, or dropped without a word', async () => {
    const warned = await plane.call('POST', DEPLOYMENTS, { body: typo('warned') });
    expect([warned.status, warned.headers['warning']]).toEqual([201, '299 - "unknown field \\"spec.replica\\""']);
    expect(record(warned.body['spec'])['replica']).toBeUndefined();
    const ignored = await plane.call('POST', `${DEPLOYMENTS}?fieldValidation=Ignore`, { body: typo('ignored') });
    expect([ignored.status, ignored.headers['warning'], record(ignored.body['spec'])['replica']]).toEqual([
      201,
      undefined,
      undefined,
    ]);
    expect((await plane.call('POST', `${DEPLOYMENTS}?fieldValidation=Loose`, { body: typo('loose') })).status).toBe(
      422,
    );
    const patched = await plane.call('PATCH', `${DEPLOYMENTS}/warned?fieldValidation=Strict`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { replica: 1 } },
    });
    expect([patched.status, fieldsOf(patched.body)]).toEqual([422, ['patch']]);
    const applied = await plane.call('PATCH', `${DEPLOYMENTS}/warned?fieldManager=t&force=true`, {
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: JSON.stringify(typo('warned')),
    });
    expect([applied.status, applied.body['message']]).toEqual([
      500,
      'failed to create typed patch object (default/warned; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema',
    ]);
    for (const name of ['warned', 'ignored']) await plane.call('DELETE', `${DEPLOYMENTS}/${name}`);
  });

  it('given twice are named as such', async () => {
    const { status, body } = await plane.call('POST', '/api/v1/namespaces/default/configmaps?fieldValidation=Strict', {
      body: '{"metadata":{"name":"twice","name":"twice"}}',
    });
    expect([status, text(body['message'])]).toEqual([
      400,
      expect.stringContaining('strict decoding error: duplicate field "metadata.name"'),
    ]);
  });
});

describe('what a real API server takes', () => {
  it('zeros in a probe, which mean the defaults', { timeout: 30_000 }, async () => {
    const object = deployment('zeros', { replicas: 1 });
    const [container] = records(record(record(record(object['spec'])['template'])['spec'])['containers']);
    if (container) container['livenessProbe'] = { ...HTTP, periodSeconds: 0, timeoutSeconds: 0, failureThreshold: 0 };
    const created = await plane.call('POST', DEPLOYMENTS, { body: object });
    expect(created.status).toBe(201);
    const [stored] = records(record(record(record(created.body['spec'])['template'])['spec'])['containers']);
    expect(stored?.['livenessProbe']).toMatchObject({
      periodSeconds: 10,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
    });
    await until(
      () => plane.call('GET', `${DEPLOYMENTS}/zeros`),
      ({ body }) => record(body['status'])['readyReplicas'] === 1,
    );
    await plane.call('DELETE', `${DEPLOYMENTS}/zeros`);
  });

  it('periods and deadlines longer than a timer of Node’s', { timeout: 30_000 }, async () => {
    const warnings: string[] = [];
    const listen = ({ name }: Error) => warnings.push(name);
    process.on('warning', listen);
    const object = deployment('patient', { replicas: 1 });
    const spec = record(object['spec']);
    spec['progressDeadlineSeconds'] = 5_000_000;
    const [container] = records(record(record(spec['template'])['spec'])['containers']);
    if (container) container['startupProbe'] = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 };
    if (container) container['livenessProbe'] = { ...HTTP, periodSeconds: 5_000_000 };
    await plane.call('POST', DEPLOYMENTS, { body: object });
    await until(
      () => plane.call('GET', `${DEPLOYMENTS}/patient`),
      ({ body }) => record(body['status'])['readyReplicas'] === 1,
    );
    process.off('warning', listen);
    expect(warnings).not.toContain('TimeoutOverflowWarning');
    await plane.call('DELETE', `${DEPLOYMENTS}/patient`);
  });

  it('requests what is only limited', async () => {
    const { body } = await plane.call('POST', `${PODS}?dryRun=All`, {
      body: withContainer({ resources: { limits: { cpu: '1' } } }),
    });
    expect(records(record(body['spec'])['containers'])[0]?.['resources']).toEqual({
      limits: { cpu: '1' },
      requests: { cpu: '1' },
    });
  });

  it('volumes without a source, claims of a StatefulSet, and what only a DaemonSet asks for', async () => {
    const mounted = { containers: [{ ...CONTAINER, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] };
    const plain = await plane.call('POST', `${PODS}?dryRun=All`, {
      body: pod({ ...mounted, volumes: [{ name: 'v' }] }),
    });
    expect([plain.status, records(record(plain.body['spec'])['volumes'])]).toEqual([
      201,
      [{ name: 'v', emptyDir: {} }],
    ]);
    const labels = { a: 'b' };
    const workload = (spec: Json, more: Json = {}): Json => ({
      metadata: { name: 'w' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec }, ...more },
    });
    const claim = {
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const set = workload(mounted, { serviceName: 's', volumeClaimTemplates: [claim] });
    expect(
      (await plane.call('POST', '/apis/apps/v1/namespaces/default/statefulsets?dryRun=All', { body: set })).status,
    ).toBe(201);
    const agent = workload({
      ...mounted,
      initContainers: [{ ...CONTAINER, name: 'i' }],
      volumes: [{ name: 'v', hostPath: { path: '/' } }],
    });
    expect(
      (await plane.call('POST', '/apis/apps/v1/namespaces/default/daemonsets?dryRun=All', { body: agent })).status,
    ).toBe(201);
    expect((await plane.call('POST', `${DEPLOYMENTS}?dryRun=All`, { body: agent })).status).toBe(422);
  });

  it('nodes that are not cordoned, by a field that is absent', async () => {
    const listed = await plane.call('GET', '/api/v1/nodes?fieldSelector=spec.unschedulable%3Dfalse');
    expect(records(listed.body['items'])).toHaveLength(2);
  });
});
