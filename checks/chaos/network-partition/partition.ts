/** The policy that cuts pods off. By the engine of policies, so that what would cut nothing is not even tried. Pure. */
import { endOf, UnknownEnd } from '../../../k8s/semantics/network/question.ts';
import { backends, reach } from '../../../k8s/semantics/network/reach.ts';
import { readNetwork } from '../../../k8s/semantics/network/world.ts';
import type { PolicyManifest } from '../../contract/cluster.ts';

export interface Cut {
  readonly namespace: string;
  /** Name of the policy. */
  readonly name: string;
  /** `spec.selector` of the Deployment. */
  readonly selector: unknown;
  /** Pods that call, `shop/web-1`. */
  readonly callers: readonly string[];
  readonly service: { readonly name: string; readonly port: number };
  /** Whether the cluster has AdminNetworkPolicy. */
  readonly hasAdminPolicies: boolean;
}

/** The number of its rank among admin policies: before those that a platform is likely to have. */
const PRIORITY = 5;

/**
 * A NetworkPolicy without rules where that cuts; where another policy allows the call it does not, as policies add up. Then an
 * AdminNetworkPolicy, which denies. Null where neither cuts.
 */
export function partitionPolicy(objects: readonly object[], cut: Cut): PolicyManifest | null {
  const candidates = [isolation(cut), ...(cut.hasAdminPolicies ? [denial(cut)] : [])];
  return candidates.find((policy) => isCut([...objects, policy], cut)) ?? null;
}

function isolation({ namespace, name, selector }: Cut): PolicyManifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec: { podSelector: selector, policyTypes: ['Ingress', 'Egress'] },
  };
}

function denial({ namespace, name, selector }: Cut): PolicyManifest {
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const everybody = [{ namespaces: {} }];
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name },
    spec: {
      priority: PRIORITY,
      subject: { pods: { namespaceSelector, podSelector: selector } },
      ingress: [{ name: 'cut', action: 'Deny', from: everybody }],
      egress: [{ name: 'cut', action: 'Deny', to: everybody }],
    },
  };
}

/** Does no call get through any more? */
function isCut(objects: readonly object[], { namespace, service, callers }: Cut): boolean {
  const world = readNetwork(objects);
  const target = world.services.get(`${namespace}/${service.name}`);
  const behind = target === undefined ? [] : (backends(world, target, service.port, 'TCP') ?? []);
  if (behind.length === 0 || callers.length === 0) return false;
  return callers.every((caller) => {
    try {
      const from = endOf(world, caller);
      return behind.every(
        ({ pod, port }) =>
          port !== undefined && reach(world, { from, to: pod, port, protocol: 'TCP' }).verdict === 'deny',
      );
    } catch (error) {
      if (error instanceof UnknownEnd) return false;
      throw error;
    }
  });
}
