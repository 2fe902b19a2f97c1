/** The ends of connections: pods, nodes and addresses, read from objects of any order. Pure. */
import { podTemplateOf, ownerText } from '../pod-template.ts';
import { at, isShape, nameOf, namespaceOf, shapes, text, textMap, type Shape } from '../shape.ts';
import { addressRange, type AddressRange } from './address.ts';

/** Labels and namespace, which decide what selects a pod: pods that share both share one class, and what was found for it. */
export interface PodClass {
  readonly id: number;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}
export interface ContainerPort {
  /** Empty for a port without a name. */
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}
/** A pod, or what a workload's pods will be. */
export interface PodEnd {
  readonly type: 'pod';
  /** `shop/web-0`; of a workload `shop/deploy/web`. */
  readonly name: string;
  /** It stands for all pods of a workload, which are several. */
  readonly isWorkload: boolean;
  readonly class: PodClass;
  readonly addresses: readonly AddressRange[];
  readonly ports: readonly ContainerPort[];
  readonly hostNetwork: boolean;
  /** The node it runs on; empty when none is known. */
  readonly node: string;
  /** Its phase is Succeeded or Failed: it has no network any more, and its address may belong to another pod. */
  readonly isFinished: boolean;
}
export interface NodeEnd {
  readonly type: 'node';
  readonly name: string;
  /** Undefined where the Node itself is not among the objects. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly addresses: readonly AddressRange[];
}
/** An address outside the cluster, or a block of them. */
export interface AddressEnd {
  readonly type: 'address';
  readonly name: string;
  readonly range: AddressRange;
}
export type NetworkEnd = PodEnd | NodeEnd | AddressEnd;

/** A namespace's labels; `isKnown` is false where the Namespace is not among the objects and only its name is sure. */
export interface NamespaceLabels {
  readonly labels: Readonly<Record<string, string>>;
  readonly isKnown: boolean;
}

/** Set by the API server on every namespace since Kubernetes 1.21. */
export const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export const namespaceLabels = (name: string, object?: Shape): NamespaceLabels => ({
  labels: { ...textMap(at(object, 'metadata.labels')), [NAMESPACE_NAME]: name },
  isKnown: object !== undefined,
});

/** Short names of workloads, as kubectl has them. */
const WORKLOADS: Readonly<Record<string, string>> = {
  Deployment: 'deploy',
  StatefulSet: 'sts',
  DaemonSet: 'ds',
  ReplicaSet: 'rs',
  ReplicationController: 'rc',
  Job: 'job',
  CronJob: 'cj',
};

const FINISHED: readonly string[] = ['Succeeded', 'Failed'];

/** Gives each set of namespace and labels one class. */
export class PodClasses {
  readonly #known = new Map<string, PodClass>();
  of(namespace: string, labels: Readonly<Record<string, string>>): PodClass {
    const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([namespace, sorted]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = { id: this.#known.size, namespace, labels };
    this.#known.set(key, made);
    return made;
  }
}

/** A Pod, or the pods of a workload; undefined for an object that makes none. Without a namespace it lies in `namespace`. */
export function podEnd(object: Shape, classes: PodClasses, namespace: string): PodEnd | undefined {
  const kind = text(object['kind']) ?? '';
  const template = podTemplateOf(object);
  if (template === null || (kind !== 'Pod' && WORKLOADS[kind] === undefined)) return undefined;
  const place = namespaceOf(object) || namespace;
  const { podSpec } = template;
  return {
    type: 'pod',
    name: kind === 'Pod' ? `${place}/${nameOf(object)}` : `${place}/${WORKLOADS[kind] ?? ''}/${nameOf(object)}`,
    isWorkload: kind !== 'Pod',
    class: classes.of(place, textMap(at(template.podMetadata, 'labels'))),
    addresses: kind === 'Pod' ? addressesOf(object) : [],
    ports: portsOf(podSpec),
    hostNetwork: at(podSpec, 'hostNetwork') === true,
    node: text(at(podSpec, 'nodeName')) ?? '',
    isFinished: hasEnded(kind, object),
  };
}

/** A Job that has ended starts no pod any more. */
function hasEnded(kind: string, object: Shape): boolean {
  if (kind === 'Pod') return FINISHED.includes(text(at(object, 'status.phase')) ?? '');
  const ended = ({ type, status }: Shape): boolean => status === 'True' && (type === 'Complete' || type === 'Failed');
  return kind === 'Job' && shapes(at(object, 'status.conditions')).some(ended);
}

export function nodeEnd(object: Shape): NodeEnd {
  const addresses = shapes(at(object, 'status.addresses')).flatMap(
    ({ address }) => addressRange(text(address) ?? '') ?? [],
  );
  return { type: 'node', name: nameOf(object), labels: textMap(at(object, 'metadata.labels')), addresses };
}

/** All addresses of a dual-stack pod: status.podIP is but the first of them. */
function addressesOf(pod: Shape): readonly AddressRange[] {
  const listed = shapes(at(pod, 'status.podIPs')).map(({ ip }) => text(ip) ?? '');
  const all = new Set([text(at(pod, 'status.podIP')) ?? '', ...listed]);
  return [...all].flatMap((address) => addressRange(address) ?? []);
}

/** Native sidecars are init containers that go on running: their ports are the pod's, too. */
function portsOf(podSpec: unknown): readonly ContainerPort[] {
  const sidecars = shapes(at(podSpec, 'initContainers')).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...shapes(at(podSpec, 'containers')), ...sidecars].flatMap((container) =>
    shapes(container['ports']).flatMap(({ name, containerPort, protocol }) =>
      typeof containerPort === 'number'
        ? [{ name: text(name) ?? '', port: containerPort, protocol: text(protocol) ?? 'TCP' }]
        : [],
    ),
  );
}

/** How messages name an object of the network. */
export const policyName = (object: Shape, namespace: string): string =>
  isShape(object['metadata']) && namespaceOf(object) === '' && namespace !== ''
    ? ownerText({ ...object, metadata: { ...object['metadata'], namespace } })
    : ownerText(object);
