import { kind } from '../../kit/kind.ts';
import { CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, JOBS, mayList, STATEFUL_SETS } from '../../protocols/kubernetes.ts';
import { listed, mayReadNetwork, readNetworkObjects } from '../../protocols/network-objects.ts';
import { judge, messages } from './judge.ts';
import { params } from './params.ts';

/** They only name ends: those of the namespaces will do. */
const WORKLOADS = [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, CRON_JOBS, JOBS];

export const networkPolicies = kind('access/network-policies', {
  title: 'Network policies isolate every pod and allow what is declared',
  why: 'A policy that selects nothing is legal and silent, and one wide rule opens what ten others close.',
  sees: [
    'Every pod of the namespaces is selected by a policy, for ingress and for egress.',
    'Each row of the declared matrix holds, by NetworkPolicy, AdminNetworkPolicy, ClusterNetworkPolicy and the baseline together.',
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
    ...mayReadNetwork(),
    ...namespaces.flatMap((namespace) => mayList(WORKLOADS, namespace)),
  ],

  async gather({ namespaces }, { cluster }, { fresh }) {
    const lists = [
      readNetworkObjects(cluster, fresh),
      ...namespaces.flatMap((namespace) => WORKLOADS.map((one) => listed(cluster, one, { fresh, namespace }))),
    ];
    return { objects: (await Promise.all(lists)).flat() };
  },

  judge,
});
