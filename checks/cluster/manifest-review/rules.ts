/** Which kinds judge what manifests describe, for each of the rules; those on Secrets are in secrets.ts. */
import type { Inventory } from '../../../k8s/semantics/objects/inventory.ts';
import { minimalPrivileges } from '../../access/minimal-privileges/check.ts';
import { networkPolicies } from '../../access/network-policies/check.ts';
import { isBuiltIn, isStrange } from '../../../k8s/semantics/objects/inventory.ts';
import { text, type Shape } from '../../../k8s/semantics/shape.ts';
import type { CheckKind } from '../../kit/kind.ts';
import { podSecurityStandard } from '../../workloads/pod-security/check.ts';
import { readOnlyRoot } from '../../workloads/read-only-root/check.ts';
import type { Params } from './params.ts';

interface Delegate {
  readonly kind: CheckKind;
  /** Defaults of params stand in their schemas, where the loader fills them in: here they are written out. Undefined with nothing to judge. */
  readonly paramsOf: (inventory: Inventory, version: string) => object | undefined;
}

const unlessNone = (namespaces: readonly string[], more: object): object | undefined =>
  namespaces.length === 0 ? undefined : { namespaces, ...more };

export const DELEGATES: Readonly<Record<Params['rules'], readonly Delegate[]>> = {
  rbac: [{ kind: minimalPrivileges, paramsOf: ({ withAccounts }) => unlessNone(withAccounts, { exceptions: [] }) }],
  'network-policies': [
    {
      kind: networkPolicies,
      paramsOf: ({ withPods, withPolicies }) =>
        unlessNone([...new Set([...withPods, ...withPolicies])].sort(), { matrix: [], openEgress: [] }),
    },
  ],
  secrets: [],
  'security-contexts': [
    {
      kind: podSecurityStandard,
      paramsOf: ({ withPods }, version) => unlessNone(withPods, { exemptions: [], level: 'restricted', version }),
    },
    { kind: readOnlyRoot, paramsOf: ({ withPods }) => unlessNone(withPods, { exemptions: [] }) },
  ],
};

/** What stands for a Secret in a repository, and holds none. */
const SEALED = ['ExternalSecret', 'SealedSecret'];
const SEALED_GROUPS = /^(external-secrets\.io|bitnami\.com)\//;

/** The kinds of objects that each of the rules is about: these are held against the schema, and one of them must be there. */
export const SUBJECTS: Readonly<Record<Params['rules'], readonly string[]>> = {
  rbac: ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding', 'ServiceAccount'],
  'network-policies': ['NetworkPolicy'],
  secrets: ['Secret', ...SEALED],
  'security-contexts': [
    ...['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'ReplicationController'],
  ],
};

/** Is it one of them? A kind of the same name in another group is something else; one that starts pods is seen all the same. */
export function isSubject(rules: Params['rules'], object: Shape): boolean {
  if (rules === 'security-contexts' && isStrange(object)) return true;
  const kind = text(object['kind']) ?? '';
  const isKnown = isBuiltIn(object) || (SEALED.includes(kind) && SEALED_GROUPS.test(text(object['apiVersion']) ?? ''));
  return isKnown && SUBJECTS[rules].includes(kind);
}
