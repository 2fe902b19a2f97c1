/** Reading what decides who reaches whom: policies of every kind, and the pods, Services, nodes and namespaces they speak of. */
import { ObservationError } from '../contract/capabilities.ts';
import type { ClusterReader, ResourceType } from '../contract/cluster.ts';
import type { Permission } from '../contract/plan.ts';
import { mayList, NAMESPACES, NODES, PODS, SERVICES } from './kubernetes.ts';
import { NETWORK_POLICIES, OTHER_POLICIES } from './network-policies.ts';

/** Peers may be anywhere. */
const EVERYWHERE = [NAMESPACES, NODES, PODS, SERVICES, NETWORK_POLICIES];

/** The rights that `readNetworkObjects` uses. */
export const mayReadNetwork = (): readonly Permission[] => mayList([...EVERYWHERE, ...OTHER_POLICIES]);

/** All of them, cluster-wide; of an API that the cluster does not have, nothing. */
export async function readNetworkObjects(cluster: ClusterReader, fresh: boolean): Promise<readonly object[]> {
  const lists = [
    ...EVERYWHERE.map((one) => listed(cluster, one, { fresh })),
    ...OTHER_POLICIES.map((one) => listed(cluster, one, { fresh }).catch(absent)),
  ];
  return (await Promise.all(lists)).flat();
}

/** Members of a list need not carry their kind. */
export async function listed(
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
