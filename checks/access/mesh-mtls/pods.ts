/** Pods as a mesh sees them: whose proxy stands before them, and on which ports they listen. Pure. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';

export interface MeshPort {
  readonly port: number;
  readonly name: string;
}
export interface MeshPod {
  /** `shop/web-1`. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mesh: 'istio' | 'ambient' | 'linkerd' | null;
  /** TCP ports of its own containers. */
  readonly ports: readonly MeshPort[];
  readonly annotations: Readonly<Record<string, string>>;
}

const PROXIES: Readonly<Record<string, 'istio' | 'linkerd'>> = { 'istio-proxy': 'istio', 'linkerd-proxy': 'linkerd' };
const FINISHED: readonly string[] = ['Succeeded', 'Failed'];

/** Pods that have not finished. Those that a mesh runs itself with are not among them. */
export function meshPods(pods: readonly KubeObject[], namespaces: readonly KubeObject[]): readonly MeshPod[] {
  const labelsOf = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  return pods
    .filter((pod) => !FINISHED.includes(textAt(pod, '', 'status', 'phase')) && !isControlPlane(pod))
    .map((pod) => meshPod(pod, labelsOf.get(pod.metadata.namespace ?? '') ?? {}));
}

/** A pod of the control plane of Istio or Linkerd. */
export function isControlPlane({ metadata }: KubeObject): boolean {
  const labels = metadata.labels ?? {};
  return (
    labels['app'] === 'istiod' ||
    labels['istio'] === 'pilot' ||
    labels['linkerd.io/control-plane-component'] !== undefined
  );
}

/** Annotations are read as lists and modes: one that is no text (a server would refuse it) says nothing. */
export function textsOf(of: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(isRecord(of) ? of : {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function meshPod({ metadata, ...pod }: KubeObject, ofNamespace: Readonly<Record<string, string>>): MeshPod {
  const { namespace = '', name } = metadata;
  const [labels, annotations] = [metadata.labels ?? {}, textsOf(metadata.annotations)];
  const own = listAt(pod, 'spec', 'containers').filter((one) => PROXIES[textAt(one, '', 'name')] === undefined);
  return {
    name: `${namespace}/${name}`,
    namespace,
    labels,
    annotations,
    mesh: proxyOf(pod) ?? (isAmbient(labels, annotations, ofNamespace) ? 'ambient' : null),
    ports: own.flatMap((container) =>
      listAt(container, 'ports').flatMap((one) => {
        const port = at(one, 'containerPort');
        const isTcp = textAt(one, 'TCP', 'protocol') === 'TCP';
        return typeof port === 'number' && isTcp ? [{ port, name: textAt(one, '', 'name') }] : [];
      }),
    ),
  };
}

/** A proxy is a container, or an init container that goes on running. */
function proxyOf(pod: unknown): 'istio' | 'linkerd' | undefined {
  const sidecars = listAt(pod, 'spec', 'initContainers').filter(
    (one) => isRecord(one) && one['restartPolicy'] === 'Always',
  );
  for (const container of [...listAt(pod, 'spec', 'containers'), ...sidecars]) {
    const proxy = PROXIES[textAt(container, '', 'name')];
    if (proxy !== undefined) return proxy;
  }
  return undefined;
}

/** The label is a wish; the annotation says that the node's proxy has taken the pod. */
function isAmbient(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
  ofNamespace: Readonly<Record<string, string>>,
): boolean {
  const mode = labels['istio.io/dataplane-mode'] ?? ofNamespace['istio.io/dataplane-mode'];
  return mode === 'ambient' && annotations['ambient.istio.io/redirection'] === 'enabled';
}
