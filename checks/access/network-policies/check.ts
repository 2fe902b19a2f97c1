import { ObservationError } from '../../contract/capabilities.ts';
import type { ClusterReader, ResourceType } from '../../contract/cluster.ts';
import { kind } from '../../kit/kind.ts';
import {
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  mayList,
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  STATEFUL_SETS,
} from '../../protocols/kubernetes.ts';
import { NETWORK_POLICIES, OTHER_POLICIES } from '../../protocols/network-policies.ts';
import { judge, messages } from './judge.ts';
import { params } from './params.ts';

/** Peers may be anywhere. */
const EVERYWHERE = [NAMESPACES, NODES, PODS, SERVICES, NETWORK_POLICIES];
/** They only name ends: those of the namespaces will do. */
const WORKLOADS = [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, CRON_JOBS, JOBS];

export const networkPolicies = kind('access/network-policies', {
  title: 'Network policies isolate every pod and allow what is declared',
  why: 'A policy that selects nothing is legal and silent, and one wide rule opens what ten others close.',
  sees: [
    'Every pod of the namespaces is selected by a policy, for ingress and for egress.',
    'Each row of the declared matrix holds, by NetworkPolicy, AdminNetworkPolicy and the baseline together.',
    'Every selector, peer and port of a policy has an effect, and no egress is open to everybody.',
  ],
  not: [
    'Whether the network plug-in enforces policies.',
    'Policies of a network plug-in of its own kind: where there are some for a namespace, it is in doubt.',
    'Pods on the network of their node: what holds for them is left to the plug-in.',
  ],
  needs: ['cluster'],
  params,
  required: ['namespaces'],
  messages,
  rights: ({ namespaces }) => [
    ...mayList([...EVERYWHERE, ...OTHER_POLICIES]),
    ...namespaces.flatMap((namespace) => mayList(WORKLOADS, namespace)),
  ],

  async gather({ namespaces }, { cluster }, { fresh }) {
    const lists = [
      ...EVERYWHERE.map((one) => listed(cluster, one, { fresh })),
      ...namespaces.flatMap((namespace) => WORKLOADS.map((one) => listed(cluster, one, { fresh, namespace }))),
      ...OTHER_POLICIES.map((one) => listed(cluster, one, { fresh }).catch(absent)),
    ];
    return { objects: (await Promise.all(lists)).flat() };
  },

  judge,
});

/** Members of a list need not carry their kind. */
async function listed(
  cluster: ClusterReader,
  of: ResourceType,
  options: { readonly fresh: boolean; readonly namespace?: string },
): Promise<readonly object[]> {
  const { items } = await cluster.list(of, options);
  return items.map((item) => ({ ...item, apiVersion: of.apiVersion, kind: of.kind }));
}

function absent(error: unknown): readonly object[] {
  if (error instanceof ObservationError && error.code === 'not-found') return [];
  throw error;
}
