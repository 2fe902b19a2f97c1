/** For tests: objects that a real API server refuses, each with the field it names. */
import type { Json } from './object.ts';
import { WEB_IMAGE } from './testing.ts';

export const PODS = '/api/v1/namespaces/default/pods';
export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
export const SERVICES = '/api/v1/namespaces/default/services';
export const CONTAINER: Json = { name: 'c', image: WEB_IMAGE };
export const pod = (spec: Json, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...metadata },
  spec,
});
export const withContainer = (members: Json, spec: Json = {}): Json =>
  pod({ containers: [{ ...CONTAINER, ...members }], ...spec });
export const HTTP = { httpGet: { path: '/', port: 80 } };
const VOLUME = { name: 'v', emptyDir: {} };

export const INVALID_PODS: readonly (readonly [what: string, pod: Json, field: string])[] = [
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

export const service = (spec: Json): Json => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });
export const INVALID_OTHERS: readonly (readonly [what: string, path: string, object: Json, field: string])[] = [
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
