/** What a pod needs to exist besides its images: every object its spec names. */
import type { PodContainer } from './pod-security-control.ts';
import { containersOf } from './pod-security-control.ts';
import type { Shape } from './shape.ts';
import { isShape, shape, shapes, text } from './shape.ts';

/** One object, or one key of it, that a pod spec names. All of them are in the pod's own namespace. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap' | 'ServiceAccount' | 'PersistentVolumeClaim';
  readonly name: string;
  /** Only when a single key is named; otherwise the whole object is used. */
  readonly key?: string;
  /** The pod starts without it. */
  readonly optional: boolean;
  /** What for. The kubelet pulls without a missing image pull Secret, and fails only when the registry asks for it. */
  readonly use: 'env' | 'envFrom' | 'volume' | 'imagePull' | 'identity';
  /** Where it is named, for example `spec.containers[0].env[2].valueFrom.secretKeyRef`. */
  readonly path: string;
}

/**
 * Every reference of a pod spec, in the order of the spec. A ServiceAccount that is not named (the pod then runs as `default`)
 * is not among them, nor are claims made for ephemeral volumes.
 */
export function podReferences(spec: unknown, specPath = 'spec'): readonly Reference[] {
  const fields = shape(spec);
  return [
    ...identityOf(fields, specPath),
    ...shapes(fields['imagePullSecrets']).map((secret, index) =>
      whole('Secret', secret['name'], 'imagePull', `${specPath}.imagePullSecrets[${String(index)}]`),
    ),
    ...containersOf(spec, specPath).flatMap(containerReferences),
    ...shapes(fields['volumes']).flatMap((volume, index) =>
      volumeReferences(volume, `${specPath}.volumes[${String(index)}]`),
    ),
  ];
}

function identityOf(spec: Shape, specPath: string): readonly Reference[] {
  // `serviceAccount` is the old name of the field; the API server keeps both equal.
  const field = ['serviceAccountName', 'serviceAccount'].find((name) => (text(spec[name]) ?? '') !== '');
  return field === undefined ? [] : [whole('ServiceAccount', spec[field], 'identity', `${specPath}.${field}`)];
}

function whole(
  kind: Reference['kind'],
  name: unknown,
  use: Reference['use'],
  path: string,
  optional: unknown = false,
): Reference {
  return { kind, name: text(name) ?? '', optional: optional === true, use, path };
}

function containerReferences({ fields, path }: PodContainer): readonly Reference[] {
  const env = shapes(fields['env']).flatMap((variable, index) => {
    const from = shape(variable['valueFrom']);
    const place = `${path}.env[${String(index)}].valueFrom`;
    return [
      ...keyOf('Secret', from['secretKeyRef'], `${place}.secretKeyRef`),
      ...keyOf('ConfigMap', from['configMapKeyRef'], `${place}.configMapKeyRef`),
    ];
  });
  const envFrom = shapes(fields['envFrom']).flatMap((source, index) => {
    const place = `${path}.envFrom[${String(index)}]`;
    return [
      ...sourceOf('Secret', source['secretRef'], `${place}.secretRef`),
      ...sourceOf('ConfigMap', source['configMapRef'], `${place}.configMapRef`),
    ];
  });
  return [...env, ...envFrom];
}

function keyOf(kind: Reference['kind'], selector: unknown, path: string): readonly Reference[] {
  if (!isShape(selector)) return [];
  return [{ ...whole(kind, selector['name'], 'env', path, selector['optional']), key: text(selector['key']) ?? '' }];
}

function sourceOf(kind: Reference['kind'], source: unknown, path: string): readonly Reference[] {
  return isShape(source) ? [whole(kind, source['name'], 'envFrom', path, source['optional'])] : [];
}

function volumeReferences(volume: Shape, path: string): readonly Reference[] {
  const claim = volume['persistentVolumeClaim'];
  const projected = shapes(shape(volume['projected'])['sources']).flatMap((source, index) => {
    const place = `${path}.projected.sources[${String(index)}]`;
    return [
      ...filesOf('Secret', source['secret'], 'name', `${place}.secret`),
      ...filesOf('ConfigMap', source['configMap'], 'name', `${place}.configMap`),
    ];
  });
  return [
    ...filesOf('Secret', volume['secret'], 'secretName', `${path}.secret`),
    ...filesOf('ConfigMap', volume['configMap'], 'name', `${path}.configMap`),
    ...projected,
    ...(isShape(claim)
      ? [whole('PersistentVolumeClaim', claim['claimName'], 'volume', `${path}.persistentVolumeClaim`)]
      : []),
    ...driverSecrets(volume, path),
  ];
}

/** A volume of files from an object: each key that `items` names, or the whole object. */
function filesOf(kind: Reference['kind'], source: unknown, nameField: string, path: string): readonly Reference[] {
  if (!isShape(source)) return [];
  const all = whole(kind, source[nameField], 'volume', path, source['optional']);
  const items = shapes(source['items']);
  if (items.length === 0) return [all];
  return items.map((item, index) => ({
    ...all,
    key: text(item['key']) ?? '',
    path: `${path}.items[${String(index)}]`,
  }));
}

/** The fields by which volume drivers name the Secret they log in with. */
const secretFields: readonly (readonly [string, string])[] = [
  ['csi', 'nodePublishSecretRef'],
  ['cephfs', 'secretRef'],
  ['cinder', 'secretRef'],
  ['flexVolume', 'secretRef'],
  ['iscsi', 'secretRef'],
  ['rbd', 'secretRef'],
  ['scaleIO', 'secretRef'],
  ['storageos', 'secretRef'],
];

function driverSecrets(volume: Shape, path: string): readonly Reference[] {
  const azure = volume['azureFile'];
  const named = isShape(azure) ? [whole('Secret', azure['secretName'], 'volume', `${path}.azureFile`)] : [];
  const referred = secretFields.flatMap(([driver, field]) => {
    const secret = shape(volume[driver])[field];
    return isShape(secret) ? [whole('Secret', secret['name'], 'volume', `${path}.${driver}.${field}`)] : [];
  });
  return [...named, ...referred];
}
