/** The network that a list of objects describes: who is there, and which policies stand between them. Pure. */
import { at, isShape, nameOf, namespaceOf, number, shapes, text, textMap, type Shape } from '../shape.ts';
import {
  namespaceLabels,
  nodeEnd,
  PodClasses,
  podEnd,
  policyName,
  type NamespaceLabels,
  type NodeEnd,
  type PodEnd,
} from './ends.ts';
import { clusterNetworkPolicy } from './cluster-policy.ts';
import { adminPolicy, networkPolicy, type AdminPolicy, type NetworkPolicy, type UnreadPolicy } from './policies.ts';
import { Selections } from './rules.ts';

/** A Service's port, and the port of the pods behind it: a number, or a name that each pod resolves for itself. */
export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly targetPort: number | string;
}
export interface NetworkService {
  /** `shop/web`. */
  readonly name: string;
  readonly namespace: string;
  /** Null where it has none: its endpoints are written by hand, or it is a name for something outside. */
  readonly selector: Readonly<Record<string, string>> | null;
  readonly isHeadless: boolean;
  readonly ports: readonly ServicePort[];
}
export interface NetworkWorld {
  readonly pods: ReadonlyMap<string, PodEnd>;
  readonly nodes: ReadonlyMap<string, NodeEnd>;
  readonly services: ReadonlyMap<string, NetworkService>;
  /** By namespace. */
  readonly policies: ReadonlyMap<string, readonly NetworkPolicy[]>;
  /** The lowest priority number first, the baseline last. */
  readonly adminPolicies: readonly AdminPolicy[];
  /** What is left out of the answers: refused by an API server, or of another API that may allow and deny as well. */
  readonly unread: readonly UnreadPolicy[];
  readonly selections: Selections;
  readonly namespaces: (name: string) => NamespaceLabels;
}

/** APIs of network plug-ins whose policies allow and deny beside NetworkPolicy. */
const FOREIGN: readonly RegExp[] = [
  /^(crd\.projectcalico\.org|projectcalico\.org)\/.* (Global|Staged\w*)?NetworkPolicy$/,
  /^cilium\.io\/.* Cilium(Clusterwide)?NetworkPolicy$/,
  /^crd\.antrea\.io\/.* (Cluster)?NetworkPolicy$/,
  /^policy\.networking\.k8s\.io\/.* (ClusterNetworkPolicy|(Baseline)?AdminNetworkPolicy)$/,
];

const POLICY_API = 'policy.networking.k8s.io';
/** Policies of the whole cluster, by version and kind. */
const ADMIN: Readonly<Record<string, (object: Shape) => AdminPolicy | UnreadPolicy>> = {
  [`${POLICY_API}/v1alpha1 AdminNetworkPolicy`]: adminPolicy,
  [`${POLICY_API}/v1alpha1 BaselineAdminNetworkPolicy`]: adminPolicy,
  [`${POLICY_API}/v1alpha2 ClusterNetworkPolicy`]: clusterNetworkPolicy,
};

/** Reads the objects in any order; those of no meaning to the network are passed over. Without a namespace one lies in `fallback`. */
export function readNetwork(objects: readonly unknown[], fallback = 'default'): NetworkWorld {
  const classes = new PodClasses();
  const known = new Map<string, NamespaceLabels>();
  const pods = new Map<string, PodEnd>();
  const nodes = new Map<string, NodeEnd>();
  const services = new Map<string, NetworkService>();
  const policies = new Map<string, NetworkPolicy[]>();
  const adminPolicies: AdminPolicy[] = [];
  const unread: UnreadPolicy[] = [];
  const read: Readonly<Record<string, (object: Shape) => void>> = {
    'v1 Namespace': (object) => known.set(nameOf(object), namespaceLabels(nameOf(object), object)),
    'v1 Node': (object) => nodes.set(nameOf(object), nodeEnd(object)),
    'v1 Service': (object) => {
      const service = serviceOf(object, fallback);
      services.set(service.name, service);
    },
    'networking.k8s.io/v1 NetworkPolicy': (object) => {
      const policy = networkPolicy(object, fallback);
      if ('says' in policy) unread.push(policy);
      else addTo(policies, policy);
    },
  };
  const readAdmin = (policy: AdminPolicy | UnreadPolicy): void => {
    if ('says' in policy) unread.push(policy);
    else adminPolicies.push(policy);
  };
  for (const object of objects.filter(isShape)) {
    const type = `${text(object['apiVersion']) ?? ''} ${text(object['kind']) ?? ''}`;
    if (read[type] !== undefined) read[type](object);
    else if (ADMIN[type] !== undefined) readAdmin(ADMIN[type](object));
    else if (FOREIGN.some((form) => form.test(type))) unread.push(foreign(object));
    else if (/^(v1|apps\/v1|batch\/v1(beta1)?) /.test(type)) {
      const end = podEnd(object, classes, fallback);
      // A pod that runs goes before a finished one of the same name.
      if (end !== undefined && (!end.isFinished || !pods.has(end.name))) pods.set(end.name, end);
    }
  }
  const namespaces = (name: string): NamespaceLabels => known.get(name) ?? namespaceLabels(name);
  const tiers = { admin: 0, baseline: 1 };
  return {
    pods,
    nodes,
    services,
    policies,
    adminPolicies: adminPolicies.sort((a, b) => tiers[a.tier] - tiers[b.tier] || a.priority - b.priority),
    unread,
    selections: new Selections(namespaces),
    namespaces,
  };
}

function addTo(policies: Map<string, NetworkPolicy[]>, policy: NetworkPolicy): void {
  const beside = policies.get(policy.namespace);
  if (beside === undefined) policies.set(policy.namespace, [policy]);
  else beside.push(policy);
}

function foreign(object: Shape): UnreadPolicy {
  const namespace = namespaceOf(object);
  const says = `${text(object['apiVersion']) ?? ''} ${text(object['kind']) ?? ''} allows and denies as well, and is not understood here`;
  return { name: policyName(object, namespace), namespace, isRefused: false, says };
}

function serviceOf(object: Shape, fallback: string): NetworkService {
  const namespace = namespaceOf(object) || fallback;
  const selector = textMap(at(object, 'spec.selector'));
  const isExternal = at(object, 'spec.type') === 'ExternalName';
  return {
    name: `${namespace}/${nameOf(object)}`,
    namespace,
    selector: isExternal || Object.keys(selector).length === 0 ? null : selector,
    isHeadless: at(object, 'spec.clusterIP') === 'None',
    ports: shapes(at(object, 'spec.ports')).map(({ name, port, protocol, targetPort }) => ({
      name: text(name) ?? '',
      port: number(port) ?? 0,
      protocol: text(protocol) ?? 'TCP',
      targetPort: number(targetPort) ?? text(targetPort) ?? number(port) ?? 0,
    })),
  };
}
