/** Reading the RBAC objects of a cluster, and naming subjects as evidence does. */
import type { ClusterReader, KubeObject, ResourceType } from '../contract/cluster.ts';
import type { Permission } from '../contract/plan.ts';
import { rbacPolicyOf, type RbacPolicy } from '../../k8s/semantics/rbac.ts';
import { mayList } from './kubernetes.ts';

const rbac = (kind: string, resource: string): ResourceType => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  resource,
});
export const ROLES = rbac('Role', 'roles');
export const ROLE_BINDINGS = rbac('RoleBinding', 'rolebindings');
export const CLUSTER_ROLES = rbac('ClusterRole', 'clusterroles');
export const CLUSTER_ROLE_BINDINGS = rbac('ClusterRoleBinding', 'clusterrolebindings');

const RBAC_TYPES = [ROLES, ROLE_BINDINGS, CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS] as const;

/** The right to list all RBAC objects: a binding in another namespace may grant to a subject of this one. */
export function mayReadRbac(): Permission[] {
  return mayList(RBAC_TYPES);
}

/** All RBAC objects of the cluster. */
export async function readRbac(
  cluster: ClusterReader,
  fresh: boolean,
): Promise<{ readonly policy: RbacPolicy; readonly objects: readonly KubeObject[] }> {
  const lists = await Promise.all(
    RBAC_TYPES.map(async (type) => {
      const { items } = await cluster.list(type, { fresh });
      // Members of a list need not carry their kind.
      return items.map((item) => ({ ...item, kind: type.kind }));
    }),
  );
  const objects = lists.flat();
  return { policy: rbacPolicyOf(objects), objects };
}
