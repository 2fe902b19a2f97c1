import { expect, it } from 'vitest';
import { podReferences } from './references.ts';

const container = (fields: object) => ({ containers: [{ name: 'app', ...fields }] });
const volume = (fields: object) => ({ volumes: [{ name: 'v', ...fields }] });
const at = 'spec.containers[0]';

it.each([
  [
    'a key of a Secret',
    container({
      env: [
        { name: 'A', value: 'x' },
        { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ],
    }),
    [{ kind: 'Secret', name: 's', key: 'k', optional: false, use: 'env', path: `${at}.env[1].valueFrom.secretKeyRef` }],
  ],
  [
    'an optional key of a ConfigMap',
    container({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'k', optional: true } } }] }),
    [
      {
        kind: 'ConfigMap',
        name: 'c',
        key: 'k',
        optional: true,
        use: 'env',
        path: `${at}.env[0].valueFrom.configMapKeyRef`,
      },
    ],
  ],
  [
    'a field of the pod',
    container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
    [],
  ],
  [
    'envFrom of both kinds',
    container({
      envFrom: [{ secretRef: { name: 's', optional: true } }, { prefix: 'P_', configMapRef: { name: 'c' } }],
    }),
    [
      { kind: 'Secret', name: 's', optional: true, use: 'envFrom', path: `${at}.envFrom[0].secretRef` },
      { kind: 'ConfigMap', name: 'c', optional: false, use: 'envFrom', path: `${at}.envFrom[1].configMapRef` },
    ],
  ],
  [
    'an init container',
    { initContainers: [{ name: 'i', envFrom: [{ secretRef: { name: 's' } }] }] },
    [
      {
        kind: 'Secret',
        name: 's',
        optional: false,
        use: 'envFrom',
        path: 'spec.initContainers[0].envFrom[0].secretRef',
      },
    ],
  ],
  [
    'an ephemeral container',
    { ephemeralContainers: [{ name: 'e', envFrom: [{ configMapRef: { name: 'c' } }] }] },
    [
      {
        kind: 'ConfigMap',
        name: 'c',
        optional: false,
        use: 'envFrom',
        path: 'spec.ephemeralContainers[0].envFrom[0].configMapRef',
      },
    ],
  ],
  [
    'a Secret volume',
    volume({ secret: { secretName: 's' } }),
    [{ kind: 'Secret', name: 's', optional: false, use: 'volume', path: 'spec.volumes[0].secret' }],
  ],
  [
    'keys of a Secret volume',
    volume({
      secret: {
        secretName: 's',
        optional: true,
        items: [
          { key: 'a', path: 'x' },
          { key: 'b', path: 'y' },
        ],
      },
    }),
    [
      { kind: 'Secret', name: 's', key: 'a', optional: true, use: 'volume', path: 'spec.volumes[0].secret.items[0]' },
      { kind: 'Secret', name: 's', key: 'b', optional: true, use: 'volume', path: 'spec.volumes[0].secret.items[1]' },
    ],
  ],
  [
    'a ConfigMap volume',
    volume({ configMap: { name: 'c', optional: false } }),
    [{ kind: 'ConfigMap', name: 'c', optional: false, use: 'volume', path: 'spec.volumes[0].configMap' }],
  ],
  [
    'a projected volume',
    volume({
      projected: {
        sources: [
          { serviceAccountToken: { path: 't' } },
          { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
          { configMap: { name: 'c', optional: true } },
          { downwardAPI: {} },
        ],
      },
    }),
    [
      {
        kind: 'Secret',
        name: 's',
        key: 'k',
        optional: false,
        use: 'volume',
        path: 'spec.volumes[0].projected.sources[1].secret.items[0]',
      },
      {
        kind: 'ConfigMap',
        name: 'c',
        optional: true,
        use: 'volume',
        path: 'spec.volumes[0].projected.sources[2].configMap',
      },
    ],
  ],
  [
    'a claim',
    volume({ persistentVolumeClaim: { claimName: 'data' } }),
    [
      {
        kind: 'PersistentVolumeClaim',
        name: 'data',
        optional: false,
        use: 'volume',
        path: 'spec.volumes[0].persistentVolumeClaim',
      },
    ],
  ],
  ['an ephemeral claim', volume({ ephemeral: { volumeClaimTemplate: {} } }), []],
  ['emptyDir', volume({ emptyDir: {} }), []],
  [
    'the Secret of a CSI driver',
    volume({ csi: { driver: 'd', nodePublishSecretRef: { name: 's' } } }),
    [{ kind: 'Secret', name: 's', optional: false, use: 'volume', path: 'spec.volumes[0].csi.nodePublishSecretRef' }],
  ],
  ['a CSI driver without one', volume({ csi: { driver: 'd' } }), []],
  [
    'the Secret of an older driver',
    volume({ rbd: { secretRef: { name: 's' } } }),
    [{ kind: 'Secret', name: 's', optional: false, use: 'volume', path: 'spec.volumes[0].rbd.secretRef' }],
  ],
  [
    'the Secret of azureFile',
    volume({ azureFile: { secretName: 's', shareName: 'x' } }),
    [{ kind: 'Secret', name: 's', optional: false, use: 'volume', path: 'spec.volumes[0].azureFile' }],
  ],
  [
    'a ServiceAccount',
    { serviceAccountName: 'bot', serviceAccount: 'bot' },
    [{ kind: 'ServiceAccount', name: 'bot', optional: false, use: 'identity', path: 'spec.serviceAccountName' }],
  ],
  [
    'a ServiceAccount by the old field',
    { serviceAccount: 'bot' },
    [{ kind: 'ServiceAccount', name: 'bot', optional: false, use: 'identity', path: 'spec.serviceAccount' }],
  ],
  [
    'image pull Secrets',
    { imagePullSecrets: [{ name: 'a' }, { name: 'b' }] },
    [
      { kind: 'Secret', name: 'a', optional: false, use: 'imagePull', path: 'spec.imagePullSecrets[0]' },
      { kind: 'Secret', name: 'b', optional: false, use: 'imagePull', path: 'spec.imagePullSecrets[1]' },
    ],
  ],
  ['nothing', {}, []],
  ['no spec', undefined, []],
])('%s', (_, spec, references) => {
  expect(podReferences(spec)).toEqual(references);
});

it('writes paths as they are in the object', () => {
  expect(podReferences({ serviceAccountName: 'bot' }, 'spec.template.spec')[0]?.path).toBe(
    'spec.template.spec.serviceAccountName',
  );
});
