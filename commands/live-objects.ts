/** Whole lists of a cluster's objects, for the commands that judge objects. */
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../checks/contract/cluster.ts';
import type { Environment } from '../checks/contract/environment.ts';
import { readList } from '../fixtures/capabilities/cluster-lists.ts';
import { withCluster } from './doctor/cluster.ts';

const LIST_LIMIT_MS = 60_000;

export interface ReadType {
  readonly type: ResourceType;
  /** Absent where the API server refused the list. */
  readonly listed?: readonly KubeObject[];
  readonly refused?: string;
}

/** The objects of each type in all namespaces; a type that the cluster does not have has none. */
export async function listEverywhere(
  kubeconfig: Environment['kubeconfig'],
  types: readonly ResourceType[],
): Promise<readonly ReadType[]> {
  return await withCluster(kubeconfig, async (link) => {
    const signal = AbortSignal.timeout(LIST_LIMIT_MS);
    const access = await link.access(signal);
    return await Promise.all(
      types.map(async (type): Promise<ReadType> => {
        try {
          return { type, listed: (await readList(access, { type }, signal)).items };
        } catch (error) {
          if (!(error instanceof ObservationError)) throw error;
          if (error.code === 'not-found') return { type, listed: [] };
          if (error.code !== 'forbidden') throw error;
          return { type, refused: error.message };
        }
      }),
    );
  });
}
