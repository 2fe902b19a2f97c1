/** Whether Linkerd takes plaintext on a port: by the Server of the port and who is authorized there, else by the default. Pure. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import type { Accepts } from './istio.ts';
import type { MeshPod, MeshPort } from './pods.ts';

export interface LinkerdObjects {
  readonly servers: readonly KubeObject[];
  readonly authorizations: readonly KubeObject[];
  /** `proxy.defaultInboundPolicy` of its configuration; null where it could not be learnt. */
  readonly defaultPolicy: string | null;
  /** Annotations by namespace. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

const DEFAULT = 'config.linkerd.io/default-inbound-policy';
const SKIPPED = 'config.linkerd.io/skip-inbound-ports';
const CLOSED: readonly string[] = ['all-authenticated', 'cluster-authenticated', 'deny'];
/** They ask for an identity, which only a meshed client has. */
const BY_IDENTITY: readonly string[] = ['MeshTLSAuthentication', 'ServiceAccount'];

/** Undefined where nobody says. */
export function linkerdPolicy(
  pod: MeshPod,
  port: MeshPort | undefined,
  { servers, authorizations, defaultPolicy, namespaces }: LinkerdObjects,
): Accepts | undefined {
  const server = servers.find((one) => port !== undefined && serves(one, pod, port));
  if (server !== undefined) return byServer(server, pod, authorizations);
  const ofPod = pod.annotations[DEFAULT];
  const ofNamespace = namespaces.get(pod.namespace)?.[DEFAULT];
  const mode = ofPod ?? ofNamespace ?? defaultPolicy;
  if (mode === null) return undefined;
  const by =
    ofPod !== undefined ? 'its annotation' : ofNamespace !== undefined ? 'its namespace' : 'the default of the mesh';
  return { mode, by, plaintext: !CLOSED.includes(mode) };
}

function byServer(server: KubeObject, pod: MeshPod, authorizations: readonly KubeObject[]): Accepts {
  const by = `Server ${pod.namespace}/${server.metadata.name}`;
  const relaxed = textAt(server, 'deny', 'spec', 'accessPolicy');
  if (!CLOSED.includes(relaxed)) return { mode: relaxed, by, plaintext: true };
  const open = authorizations.find(
    (one) =>
      one.metadata.namespace === pod.namespace &&
      concerns(one, server) &&
      !listAt(one, 'spec', 'requiredAuthenticationRefs').some((ref) => BY_IDENTITY.includes(textAt(ref, '', 'kind'))),
  );
  if (open === undefined) return { mode: 'mesh identities', by, plaintext: false };
  return {
    mode: 'unauthenticated clients',
    by: `AuthorizationPolicy ${pod.namespace}/${open.metadata.name}`,
    plaintext: true,
  };
}

/** Routes are parts of a Server: whoever is let in there without an identity comes in plaintext. */
function concerns(policy: KubeObject, server: KubeObject): boolean {
  const kind = textAt(policy, '', 'spec', 'targetRef', 'kind');
  const name = textAt(policy, '', 'spec', 'targetRef', 'name');
  if (kind === 'Server') return name === server.metadata.name;
  return kind === 'Namespace' ? name === server.metadata.namespace : kind.endsWith('Route');
}

function serves(server: KubeObject, pod: MeshPod, { port, name }: MeshPort): boolean {
  if (server.metadata.namespace !== pod.namespace) return false;
  const of = at(server, 'spec', 'port');
  const labels = at(server, 'spec', 'podSelector', 'matchLabels');
  const isItsPod = !isRecord(labels) || Object.entries(labels).every(([key, value]) => pod.labels[key] === value);
  return isItsPod && (of === port || String(of) === String(port) || (name !== '' && of === name));
}

/** Why connections to a port go past the proxy; undefined where they do not. */
export function pastLinkerd(
  { annotations, namespace }: MeshPod,
  { port }: MeshPort,
  { namespaces }: LinkerdObjects,
): string | undefined {
  const skipped = annotations[SKIPPED] ?? namespaces.get(namespace)?.[SKIPPED] ?? '';
  const isSkipped = skipped.split(',').some((one) => {
    const [first = '', last = first] = one.trim().split('-');
    return first !== '' && Number(first) <= port && port <= Number(last);
  });
  return isSkipped ? SKIPPED : undefined;
}
