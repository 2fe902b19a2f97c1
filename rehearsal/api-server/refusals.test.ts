/** What a real API server refuses, or defaults, is met here in the same way; and whatever is sent, the platform goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { record, records, text, type Json } from './object.ts';
import { WEB_IMAGE, deployment, startTestPlane, until, type TestPlane } from './testing.ts';

let plane: TestPlane;
beforeAll(async () => {
  plane = await startTestPlane();
}, 30_000);
afterAll(() => plane.close());

const PODS = '/api/v1/namespaces/default/pods';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const SERVICES = '/api/v1/namespaces/default/services';
const CONTAINER: Json = { name: 'c', image: WEB_IMAGE };
const pod = (spec: Json, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...metadata },
  spec,
});
const withContainer = (members: Json, spec: Json = {}): Json =>
  pod({ containers: [{ ...CONTAINER, ...members }], ...spec });
const HTTP = { httpGet: { path: '/', port: 80 } };
const VOLUME = { name: 'v', emptyDir: {} };

const INVALID_PODS: readonly (readonly [what: string, pod: Json, field: string])[] = [
  ['no container', pod({}), 'spec.containers'],
  ['an upper-case name', pod({ containers: [CONTAINER] }, { name: 'P' }), 'metadata.name'],
  ['a label key with a space', pod({ containers: [CONTAINER] }, { labels: { 'a b': 'c' } }), 'metadata.labels'],
  ['a label value with a slash', pod({ containers: [CONTAINER] }, { labels: { a: 'b/c' } }), 'metadata.labels'],
  [
    'an annotation without a name',
    pod({ containers: [CONTAINER] }, { annotations: { 'a/': '' } }),
    'metadata.annotations',
  ],
  ['two containers of a name', pod({ containers: [CONTAINER, CONTAINER] }), 'spec.containers[1].name'],
  ['an image with a space before it', withContainer({ image: ' a' }), 'spec.containers[0].image'],
  ['a pull policy that is none', withContainer({ imagePullPolicy: 'Sometimes' }), 'spec.containers[0].imagePullPolicy'],
  ['port 0', withContainer({ ports: [{ containerPort: 0 }] }), 'spec.containers[0].ports[0].containerPort'],
  ['port 70000', withContainer({ ports: [{ containerPort: 70_000 }] }), 'spec.containers[0].ports[0].containerPort'],
  [
    'a port name too long',
    withContainer({ ports: [{ containerPort: 1, name: 'abcdefghijklmnop' }] }),
    'spec.containers[0].ports[0].name',
  ],
  [
    'two ports of a name',
    withContainer({
      ports: [
        { containerPort: 1, name: 'a' },
        { containerPort: 2, name: 'a' },
      ],
    }),
    'spec.containers[0].ports[1].name',
  ],
  [
    'a protocol that is none',
    withContainer({ ports: [{ containerPort: 1, protocol: 'HTTP' }] }),
    'spec.containers[0].ports[0].protocol',
  ],
  ['a variable without a name', withContainer({ env: [{ value: 'a' }] }), 'spec.containers[0].env[0].name'],
  ['a variable with =', withContainer({ env: [{ name: 'a=b' }] }), 'spec.containers[0].env[0].name'],
  [
    'a variable with two values',
    withContainer({ env: [{ name: 'a', value: 'b', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
    'spec.containers[0].env[0].valueFrom',
  ],
  [
    'a field that nobody can refer to',
    withContainer({ env: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath',
  ],
  [
    'a mount without its volume',
    withContainer({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
    'spec.containers[0].volumeMounts[0].name',
  ],
  [
    'two mounts in a place',
    withContainer(
      {
        volumeMounts: [
          { name: 'v', mountPath: '/v' },
          { name: 'v', mountPath: '/v' },
        ],
      },
      { volumes: [VOLUME] },
    ),
    'spec.containers[0].volumeMounts[1].mountPath',
  ],
  ['two volumes of a name', withContainer({}, { volumes: [VOLUME, VOLUME] }), 'spec.volumes[1].name'],
  [
    'a volume of two kinds',
    withContainer({}, { volumes: [{ ...VOLUME, configMap: { name: 'a' } }] }),
    'spec.volumes[0].configMap',
  ],
  [
    'a request above its limit',
    withContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    'spec.containers[0].resources.requests',
  ],
  [
    'a negative request',
    withContainer({ resources: { requests: { cpu: '-1' } } }),
    'spec.containers[0].resources.requests[cpu]',
  ],
  [
    'a resource that is none',
    withContainer({ resources: { requests: { cups: '1' } } }),
    'spec.containers[0].resources.requests[cups]',
  ],
  ['a probe that does nothing', withContainer({ livenessProbe: {} }), 'spec.containers[0].livenessProbe'],
  [
    'a probe that does two things',
    withContainer({ livenessProbe: { ...HTTP, exec: { command: ['a'] } } }),
    'spec.containers[0].livenessProbe.httpGet',
  ],
  [
    'a probe with a negative period',
    withContainer({ livenessProbe: { ...HTTP, periodSeconds: -1 } }),
    'spec.containers[0].livenessProbe.periodSeconds',
  ],
  [
    'a liveness probe that must succeed twice',
    withContainer({ livenessProbe: { ...HTTP, successThreshold: 2 } }),
    'spec.containers[0].livenessProbe.successThreshold',
  ],
  ['a restart policy that is none', withContainer({}, { restartPolicy: 'Sometimes' }), 'spec.restartPolicy'],
  ['a DNS policy that is none', withContainer({}, { dnsPolicy: 'Any' }), 'spec.dnsPolicy'],
  [
    'a negative grace period',
    withContainer({}, { terminationGracePeriodSeconds: -1 }),
    'spec.terminationGracePeriodSeconds',
  ],
  [
    'a toleration of an operator that is none',
    withContainer({}, { tolerations: [{ key: 'a', operator: 'In' }] }),
    'spec.tolerations[0].operator',
  ],
  [
    'an affinity without a topology',
    withContainer(
      {},
      { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {} }] } } },
    ),
    'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey',
  ],
  [
    'a spread with a skew of 0',
    withContainer(
      {},
      { topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' }] },
    ),
    'spec.topologySpreadConstraints[0].maxSkew',
  ],
  [
    'a container that may not and does',
    withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    'spec.containers[0].securityContext',
  ],
  [
    'init containers, which nobody would run',
    withContainer({}, { initContainers: [{ ...CONTAINER, name: 'i' }] }),
    'spec.initContainers',
  ],
];

const service = (spec: Json): Json => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });
const INVALID_OTHERS: readonly (readonly [what: string, path: string, object: Json, field: string])[] = [
  ['a Service of a type that is none', SERVICES, service({ type: 'Public', ports: [{ port: 80 }] }), 'spec.type'],
  ['a Service on port 0', SERVICES, service({ ports: [{ port: 0 }] }), 'spec.ports[0].port'],
  ['a Service with unnamed ports', SERVICES, service({ ports: [{ port: 1 }, { port: 2 }] }), 'spec.ports[0].name'],
  [
    'a Service with a port twice',
    SERVICES,
    service({
      ports: [
        { port: 1, name: 'a' },
        { port: 1, name: 'b' },
      ],
    }),
    'spec.ports[1]',
  ],
  [
    'a Service with a bad selector',
    SERVICES,
    service({ ports: [{ port: 1 }], selector: { 'a b': 'c' } }),
    'spec.selector',
  ],
  ['a Service that names nothing outside', SERVICES, service({ type: 'ExternalName' }), 'spec.externalName'],
  [
    'a Service with a node port out of range',
    SERVICES,
    service({ type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] }),
    'spec.ports[0].nodePort',
  ],
  [
    'a selector with an operator that is none',
    DEPLOYMENTS,
    withSelector({ matchExpressions: [{ key: 'a', operator: 'Foo' }] }),
    'spec.selector.matchExpressions[0].operator',
  ],
  [
    'a selector without values',
    DEPLOYMENTS,
    withSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
    'spec.selector.matchExpressions[0].values',
  ],
  [
    'a selector that misses its Pods',
    DEPLOYMENTS,
    withSelector({ matchLabels: { a: 'other' } }),
    'spec.template.metadata.labels',
  ],
];

function withSelector(selector: Json): Json {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [CONTAINER] } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { selector, template } };
}

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
