/** Every grant of a policy by itself, for those who judge grants rather than requests. Pure. */
import { serviceAccountUser } from './rbac.ts';
import type { Binding, PolicyRule, RbacPolicy, Subject } from './rbac-rules.ts';
import { clusterRoleRules } from './rbac-rules.ts';

/** A binding with the rules it grants. */
export interface PolicyGrant {
  readonly binding: Binding;
  /** `RoleBinding shop/readers`, `ClusterRoleBinding admins`. */
  readonly name: string;
  /** `Role shop/reader`, `ClusterRole view`. */
  readonly role: string;
  /** Null when the role does not exist. */
  readonly rules: readonly PolicyRule[] | null;
}

/** All bindings of a policy with what they grant: those of the cluster first. */
export function policyGrants(policy: RbacPolicy): readonly PolicyGrant[] {
  const clusterRules = clusterRoleRules(policy.clusterRoles);
  const roleRules = new Map(policy.roles.map((role) => [`${role.namespace}/${role.name}`, role.rules]));
  return [...policy.clusterRoleBindings, ...policy.roleBindings].map((binding) => {
    const { namespace, roleRef } = binding;
    const isRole = roleRef.kind === 'Role';
    const rules = isRole ? roleRules.get(`${namespace}/${roleRef.name}`) : clusterRules.get(roleRef.name);
    return {
      binding,
      name: namespace === '' ? `ClusterRoleBinding ${binding.name}` : `RoleBinding ${namespace}/${binding.name}`,
      role: isRole ? `Role ${namespace}/${roleRef.name}` : `${roleRef.kind} ${roleRef.name}`,
      // A ClusterRoleBinding cannot refer to a Role, and nothing refers to another kind (validation of the API server).
      rules: (isRole && namespace === '') || !['Role', 'ClusterRole'].includes(roleRef.kind) ? null : (rules ?? null),
    };
  });
}

/** Namespace of a ServiceAccount that a subject names, also where it is written as a User; null for anybody else. */
export function serviceAccountOf(
  subject: Subject,
  bindingNamespace: string,
): { readonly namespace: string; readonly name: string } | null {
  if (subject.kind === 'ServiceAccount')
    return {
      namespace: subject.namespace === '' ? bindingNamespace : (subject.namespace ?? bindingNamespace),
      name: subject.name,
    };
  const [, namespace, name] =
    /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject.kind === 'User' ? subject.name : '') ?? [];
  return namespace === undefined || name === undefined ? null : { namespace, name };
}

/** A ServiceAccount by its name. */
interface Account {
  readonly namespace: string;
  readonly name: string;
}
/** Grants to a ServiceAccount: to itself, and to groups it belongs to besides. */
export interface AccountGrants {
  readonly own: readonly PolicyGrant[];
  readonly byGroup: readonly PolicyGrant[];
}

/** Finds the grants of ServiceAccounts. Each binding is read once, however many accounts are asked for. */
export function grantIndex(grants: readonly PolicyGrant[]): (account: Account) => AccountGrants {
  const bySubject = new Map<string, Set<PolicyGrant>>();
  for (const grant of grants)
    for (const subject of grant.binding.subjects) {
      const account = serviceAccountOf(subject, grant.binding.namespace);
      const key = account
        ? userKey(serviceAccountUser(account.namespace, account.name).user)
        : `${subject.kind} ${subject.name}`;
      const known = bySubject.get(key) ?? new Set();
      bySubject.set(key, known.add(grant));
    }
  return ({ namespace, name }) => {
    const { user, groups } = serviceAccountUser(namespace, name);
    const own = bySubject.get(userKey(user)) ?? new Set();
    const byGroup = new Set(groups.flatMap((group) => [...(bySubject.get(`Group ${group}`) ?? [])]));
    return { own: [...own], byGroup: [...byGroup].filter((grant) => !own.has(grant)) };
  };
}

const userKey = (user: string): string => `User ${user}`;
