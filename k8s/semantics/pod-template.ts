/** Where pods come from: the pod templates in a list of objects, each once. */
import { at, isShape, nameOf, namespaceOf, shape, shapes, text } from './shape.ts';

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

/**
 * The pod templates of a list, leaving out what a controller in the same list made (a Deployment's ReplicaSets and Pods), so
 * that nothing is judged twice. What a controller outside the list made stays.
 */
export function podTemplates(objects: readonly unknown[]): readonly PodTemplate[] {
  const known = ownersIn(objects);
  return objects.flatMap((object) => {
    const template = podTemplateOf(object);
    return template === null || isOwnedBy(known, object) ? [] : template;
  });
}

/** The keys objects are found by from an ownerReference: their uid, or kind and name when they have none, as in a file. */
function ownersIn(objects: readonly unknown[]): ReadonlySet<string> {
  return new Set(
    objects.filter(isShape).map((object) => {
      const uid = text(at(object, 'metadata.uid'));
      return uid ?? nameKey(text(object['kind']) ?? '', namespaceOf(object), nameOf(object));
    }),
  );
}

function nameKey(kind: string, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`;
}

/** Whether the controller of an object is among the known. An ownerReference that is not `controller: true` does not count. */
function isOwnedBy(known: ReadonlySet<string>, object: unknown): boolean {
  return shapes(at(object, 'metadata.ownerReferences')).some(
    (reference) =>
      reference['controller'] === true &&
      (known.has(text(reference['uid']) ?? '') ||
        known.has(nameKey(text(reference['kind']) ?? '', namespaceOf(object), text(reference['name']) ?? ''))),
  );
}
