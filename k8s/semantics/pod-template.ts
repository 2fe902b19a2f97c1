/** Where pods come from: the pod template of an object. */
import { at, nameOf, namespaceOf, shape, text } from './shape.ts';

/** The pod spec of one object, in the object's own terms. */
export interface PodTemplate {
  /** `Deployment shop/web`; without a namespace `Deployment web`. */
  readonly owner: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly podSpec: unknown;
  readonly podMetadata: unknown;
  /** Where the spec stands in the object, for example `spec.template.spec`. */
  readonly specPath: string;
}

/** Where each kind keeps its pod: the path of the object with metadata and spec, empty for a Pod, which is one itself. */
const podPaths: Readonly<Record<string, string>> = {
  Pod: '',
  PodTemplate: 'template',
  ReplicationController: 'spec.template',
  ReplicaSet: 'spec.template',
  Deployment: 'spec.template',
  StatefulSet: 'spec.template',
  DaemonSet: 'spec.template',
  Job: 'spec.template',
  CronJob: 'spec.jobTemplate.spec.template',
};

/** The pod template of one object, or null when its kind makes no pods. Each object needs its `kind`. */
export function podTemplateOf(object: unknown): PodTemplate | null {
  const kind = text(shape(object)['kind']) ?? '';
  const path = Object.hasOwn(podPaths, kind) ? podPaths[kind] : undefined;
  if (path === undefined) return null;
  const pod = path === '' ? object : at(object, path);
  return {
    owner: ownerText(object),
    kind,
    namespace: namespaceOf(object),
    name: nameOf(object),
    podSpec: shape(pod)['spec'],
    podMetadata: shape(pod)['metadata'],
    specPath: path === '' ? 'spec' : `${path}.spec`,
  };
}

/** An object in one word for messages: `Deployment shop/web`. */
export function ownerText(object: unknown): string {
  const namespace = namespaceOf(object);
  return `${text(shape(object)['kind']) ?? 'object'} ${namespace === '' ? '' : `${namespace}/`}${nameOf(object)}`;
}
