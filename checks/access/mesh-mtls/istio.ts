/** Which mode Istio holds for a port, by PeerAuthentication: the narrowest policy that says something wins whole. Pure. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, isRecord, textAt } from '../../contract/json.ts';
import type { MeshPod, MeshPort } from './pods.ts';

export interface Accepts {
  /** What it is called there: `PERMISSIVE`, `all-unauthenticated`. */
  readonly mode: string;
  /** Whose word it is: `PeerAuthentication shop/default`, or that nobody says anything. */
  readonly by: string;
  readonly plaintext: boolean;
}

/** By a port; without one of the pod as a whole. */
export function istioMode(
  pod: MeshPod,
  port: MeshPort | undefined,
  policies: readonly KubeObject[],
  rootNamespace: string,
): Accepts {
  const here = policies.filter(({ metadata }) => metadata.namespace === pod.namespace);
  const own = oldest(here.filter((one) => isRecord(selectorOf(one)) && selects(one, pod)));
  const general = (of: readonly KubeObject[]): KubeObject | undefined =>
    oldest(of.filter((one) => Object.keys(selectorOf(one) ?? {}).length === 0));
  const root = general(policies.filter(({ metadata }) => metadata.namespace === rootNamespace));
  const ofPort = port === undefined ? '' : textAt(own, '', 'spec', 'portLevelMtls', String(port.port), 'mode');
  if (own !== undefined && isSet(ofPort)) return accepts(ofPort, own);
  for (const policy of [own, general(here), root]) {
    const mode = textAt(policy, '', 'spec', 'mtls', 'mode');
    if (policy !== undefined && isSet(mode)) return accepts(mode, policy);
  }
  return { mode: 'PERMISSIVE', by: 'no PeerAuthentication', plaintext: true };
}

const isSet = (mode: string): boolean => mode !== '' && mode !== 'UNSET';
const accepts = (mode: string, { metadata }: KubeObject): Accepts => ({
  mode,
  by: `PeerAuthentication ${metadata.namespace ?? ''}/${metadata.name}`,
  plaintext: mode !== 'STRICT',
});

function selectorOf(policy: KubeObject): Readonly<Record<string, unknown>> | undefined {
  const labels = at(policy, 'spec', 'selector', 'matchLabels');
  return isRecord(labels) && Object.keys(labels).length > 0 ? labels : undefined;
}
const selects = (policy: KubeObject, { labels }: MeshPod): boolean =>
  Object.entries(selectorOf(policy) ?? {}).every(([key, value]) => labels[key] === value);

/** Of several of one scope the oldest holds, and none of the others adds to it. */
function oldest(policies: readonly KubeObject[]): KubeObject | undefined {
  const key = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return [...policies].sort((a, b) => (key(a) < key(b) ? -1 : 1))[0];
}

/** Why connections to a port go past the proxy; undefined where they do not. */
export function pastIstio({ annotations }: MeshPod, { port }: MeshPort): string | undefined {
  const listed = (name: string): readonly string[] | undefined =>
    annotations[name]?.split(',').map((one) => one.trim());
  if (listed('traffic.sidecar.istio.io/excludeInboundPorts')?.includes(String(port)) === true)
    return 'traffic.sidecar.istio.io/excludeInboundPorts';
  const included = listed('traffic.sidecar.istio.io/includeInboundPorts');
  return included === undefined || included.includes('*') || included.includes(String(port))
    ? undefined
    : 'traffic.sidecar.istio.io/includeInboundPorts';
}
