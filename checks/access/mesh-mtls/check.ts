import { ObservationError } from '../../contract/capabilities.ts';
import type { ClusterReader, KubeObject, ResourceType } from '../../contract/cluster.ts';
import { textAt } from '../../contract/json.ts';
import { kind } from '../../kit/kind.ts';
import { CONFIG_MAPS, getOrNull, mayList, NAMESPACES, PODS } from '../../protocols/kubernetes.ts';
import { yamlDocuments } from '../../protocols/yaml.ts';
import { judge, messages, type Seen } from './judge.ts';
import { params } from './params.ts';
import { isControlPlane, meshPods } from './pods.ts';

const type = (apiVersion: string, kind: string, resource: string): ResourceType => ({ apiVersion, kind, resource });
/** Of each API the newest version that the cluster has. */
const PEERS = ['v1', 'v1beta1'].map((one) =>
  type(`security.istio.io/${one}`, 'PeerAuthentication', 'peerauthentications'),
);
const RULES = ['v1', 'v1beta1'].map((one) => type(`networking.istio.io/${one}`, 'DestinationRule', 'destinationrules'));
const SERVERS = ['v1beta3', 'v1beta2', 'v1beta1'].map((one) => type(`policy.linkerd.io/${one}`, 'Server', 'servers'));
const AUTHORIZATIONS = [type('policy.linkerd.io/v1alpha1', 'AuthorizationPolicy', 'authorizationpolicies')];
const LINKERD_CONFIG = 'linkerd-config';

export const meshMtls = kind('access/mesh-mtls', {
  title: 'Services of the mesh speak mutual TLS',
  why: 'Meshes take plaintext beside mutual TLS until they are told not to, and a pod older than its label is in no mesh at all.',
  sees: [
    'Each port of each pod: STRICT by the PeerAuthentication that holds for it, or mesh identities demanded by Linkerd.',
    'Pods without a proxy, ports that go past it, and rules that have clients of Istio speak plaintext.',
  ],
  not: [
    'Connections themselves.',
    'Who may call whom: authorization is another question.',
    'Ports that a pod serves and does not declare, unless it declares none.',
  ],
  needs: ['cluster'],
  params,
  required: ['namespaces'],
  messages,
  rights: () => [
    ...mayList([NAMESPACES, PODS, ...[PEERS, RULES, SERVERS, AUTHORIZATIONS].flatMap(([first]) => first ?? [])]),
    // By its name alone, wherever it is: a Role in a namespace that only a mesh makes could not be granted beforehand.
    { groups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: [LINKERD_CONFIG] },
  ],

  async gather({ namespaces, linkerdNamespace }, { cluster }, { fresh }): Promise<Seen> {
    const list = (versions: readonly ResourceType[]) => listNewest(cluster, versions, fresh);
    const all = await list([PODS]);
    const spaces = await list([NAMESPACES]);
    const isJudged = ({ metadata }: KubeObject): boolean => namespaces.includes(metadata.namespace ?? '');
    const meshed = new Set(meshPods(all, spaces).flatMap(({ name, mesh }) => (mesh === null ? [] : [name])));
    const nameOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
    const meshAt = all
      .filter((pod) => isControlPlane(pod) || meshed.has(nameOf(pod)))
      .map((pod) => `Pod ${nameOf(pod)}`);
    const config = meshAt.length === 0 ? null : await getOrNull(cluster, CONFIG_MAPS, LINKERD_CONFIG, linkerdNamespace);
    return {
      namespaces: spaces,
      pods: all.filter(isJudged),
      meshAt,
      peerAuthentications: await list(PEERS),
      destinationRules: (await list(RULES)).filter(isJudged),
      servers: await list(SERVERS),
      authorizations: await list(AUTHORIZATIONS),
      linkerdDefault: config === null ? null : defaultOf(textAt(config, '', 'data', 'values')),
    };
  },

  judge,
});

/** Nothing where the cluster has none of the versions: the mesh is not installed. */
async function listNewest(
  cluster: ClusterReader,
  versions: readonly ResourceType[],
  fresh: boolean,
): Promise<readonly KubeObject[]> {
  for (const version of versions) {
    try {
      return (await cluster.list(version, { fresh })).items;
    } catch (error) {
      if (!(error instanceof ObservationError && error.code === 'not-found')) throw error;
    }
  }
  return [];
}

/** `proxy.defaultInboundPolicy` of Linkerd's values. */
function defaultOf(values: string): string | null {
  try {
    const policy = textAt(yamlDocuments(values)[0], '', 'proxy', 'defaultInboundPolicy');
    return policy === '' ? null : policy;
  } catch {
    return null;
  }
}
