/** The objects that decide who reaches whom. */
import type { ResourceType } from '../contract/cluster.ts';

const type = (apiVersion: string, kind: string, resource: string): ResourceType => ({ apiVersion, kind, resource });

export const NETWORK_POLICIES = type('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies');
/**
 * Of APIs that a cluster may not have. Those of plug-ins are not understood, and leave a doubt: they allow and deny as well, so that they
 * must be seen.
 */
export const OTHER_POLICIES: readonly ResourceType[] = [
  type('policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', 'adminnetworkpolicies'),
  type('policy.networking.k8s.io/v1alpha1', 'BaselineAdminNetworkPolicy', 'baselineadminnetworkpolicies'),
  type('policy.networking.k8s.io/v1alpha2', 'ClusterNetworkPolicy', 'clusternetworkpolicies'),
  type('cilium.io/v2', 'CiliumNetworkPolicy', 'ciliumnetworkpolicies'),
  type('cilium.io/v2', 'CiliumClusterwideNetworkPolicy', 'ciliumclusterwidenetworkpolicies'),
  type('crd.projectcalico.org/v1', 'NetworkPolicy', 'networkpolicies'),
  type('crd.projectcalico.org/v1', 'GlobalNetworkPolicy', 'globalnetworkpolicies'),
  type('crd.antrea.io/v1beta1', 'NetworkPolicy', 'networkpolicies'),
  type('crd.antrea.io/v1beta1', 'ClusterNetworkPolicy', 'clusternetworkpolicies'),
];
