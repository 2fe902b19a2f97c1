/** Questions of access in kubectl's words, and the inverse question: who may? Pure. */
import bootstrap from './recorded/bootstrap-policy.json' with { type: 'json' };
import type { UserInfo } from './rbac.ts';
import {
  clusterRoleRules,
  rbacPolicyOf,
  ruleAllows,
  type AccessAttributes,
  type RbacPolicy,
  type Subject,
} from './rbac-rules.ts';
import { isShape, nameOf, namespaceOf, text, type Shape } from './shape.ts';

const GROUP = 'rbac.authorization.k8s.io/';
const NAMESPACED = ['Role', 'RoleBinding'];
const CLUSTER_WIDE = ['ClusterRole', 'ClusterRoleBinding'];

/**
 * The policy of these objects: those of RBAC's own group alone, a Role or RoleBinding without a namespace in `fallback`. With
 * `withDefaults` also what every API server starts with (Kubernetes' bootstrap policy, v1.34), unless an object takes its place.
 */
export function policyOf(objects: readonly unknown[], fallback: string, withDefaults: boolean): RbacPolicy {
  const own = objects.filter(isShape).flatMap((object): readonly Shape[] => {
    const kind = text(object['kind']) ?? '';
    if (!(text(object['apiVersion']) ?? '').startsWith(GROUP)) return [];
    if (CLUSTER_WIDE.includes(kind)) return [object];
    if (!NAMESPACED.includes(kind)) return [];
    const metadata = object['metadata'];
    return [
      namespaceOf(object) === '' && isShape(metadata)
        ? { ...object, metadata: { ...metadata, namespace: fallback } }
        : object,
    ];
  });
  const keyOf = (object: unknown): string =>
    `${text(isShape(object) ? object['kind'] : '') ?? ''} ${namespaceOf(object)}/${nameOf(object)}`;
  const written = new Set(own.map(keyOf));
  const defaults = withDefaults ? bootstrap.filter((object) => !written.has(keyOf(object))) : [];
  return rbacPolicyOf([...defaults, ...own]);
}

/** Somebody as `--as` names them: with the groups that authentication adds by itself. */
export function impersonated(user: string, groups: readonly string[]): UserInfo {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user) ?? [];
  const implied =
    user === 'system:anonymous'
      ? ['system:unauthenticated']
      : [
          ...(namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]),
          'system:authenticated',
        ];
  return { user, groups: [...new Set([...groups, ...implied])] };
}

/** The group of resources that come with Kubernetes; those of the core group are not listed. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  apps: ['deployments', 'daemonsets', 'statefulsets', 'replicasets', 'controllerrevisions'],
  batch: ['jobs', 'cronjobs'],
  autoscaling: ['horizontalpodautoscalers'],
  policy: ['poddisruptionbudgets'],
  'networking.k8s.io': ['networkpolicies', 'ingresses', 'ingressclasses', 'ipaddresses', 'servicecidrs'],
  'rbac.authorization.k8s.io': ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'],
  'storage.k8s.io': ['storageclasses', 'volumeattachments', 'csidrivers', 'csinodes', 'csistoragecapacities'],
  'certificates.k8s.io': ['certificatesigningrequests', 'signers'],
  'coordination.k8s.io': ['leases'],
  'discovery.k8s.io': ['endpointslices'],
  'scheduling.k8s.io': ['priorityclasses'],
  'node.k8s.io': ['runtimeclasses'],
  'apiextensions.k8s.io': ['customresourcedefinitions'],
  'apiregistration.k8s.io': ['apiservices'],
  'admissionregistration.k8s.io': [
    'mutatingwebhookconfigurations',
    'validatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
  ],
  'authentication.k8s.io': ['tokenreviews', 'selfsubjectreviews'],
  'authorization.k8s.io': [
    'subjectaccessreviews',
    'selfsubjectaccessreviews',
    'localsubjectaccessreviews',
    'selfsubjectrulesreviews',
  ],
};
const groupOf = new Map(
  Object.entries(GROUPS).flatMap(([group, names]) => names.map((name) => [name, group] as const)),
);
/** kubectl's short names of what is asked about most. */
const SHORT: Readonly<Record<string, string>> = {
  po: 'pods',
  pod: 'pods',
  svc: 'services',
  service: 'services',
  secret: 'secrets',
  cm: 'configmaps',
  configmap: 'configmaps',
  deploy: 'deployments',
  deployment: 'deployments',
  ds: 'daemonsets',
  sts: 'statefulsets',
  rs: 'replicasets',
  ns: 'namespaces',
  namespace: 'namespaces',
  no: 'nodes',
  node: 'nodes',
  sa: 'serviceaccounts',
  serviceaccount: 'serviceaccounts',
  pv: 'persistentvolumes',
  pvc: 'persistentvolumeclaims',
  hpa: 'horizontalpodautoscalers',
  pdb: 'poddisruptionbudgets',
  netpol: 'networkpolicies',
  ing: 'ingresses',
  cj: 'cronjobs',
  job: 'jobs',
  crd: 'customresourcedefinitions',
  csr: 'certificatesigningrequests',
};

/** `deployments.apps/scale` or `/healthz`, as kubectl writes them; the group of what Kubernetes brings may be left out. */
export function attributesOf(
  verb: string,
  resource: string,
  { name, namespace }: { readonly name?: string | undefined; readonly namespace?: string | undefined },
): AccessAttributes {
  if (resource.startsWith('/')) return { verb, path: resource };
  const [whole = '', subresource = ''] = resource.split('/');
  const dot = whole.indexOf('.');
  const written = dot === -1 ? whole : whole.slice(0, dot);
  const plural = SHORT[written] ?? written;
  const group = dot === -1 ? (groupOf.get(plural) ?? '') : whole.slice(dot + 1);
  return { verb, group, resource: plural, subresource, name: name ?? '', namespace: namespace ?? '' };
}

/** Resources outside any namespace: no RoleBinding ever grants them. */
const CLUSTER_SCOPED = new Set([
  'nodes',
  'namespaces',
  'persistentvolumes',
  'componentstatuses',
  ...['ingressclasses', 'ipaddresses', 'servicecidrs', 'clusterroles', 'clusterrolebindings', 'storageclasses'],
  ...['volumeattachments', 'csidrivers', 'csinodes', 'certificatesigningrequests', 'signers', 'priorityclasses'],
  ...['runtimeclasses', 'customresourcedefinitions', 'apiservices', 'tokenreviews', 'selfsubjectreviews'],
  ...(GROUPS['admissionregistration.k8s.io'] ?? []),
  ...['subjectaccessreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
]);

/** Somebody who may, by which binding, and where: an empty namespace is everywhere. */
export interface Grantee {
  readonly subject: Subject;
  readonly namespace: string;
  /** `RoleBinding shop/readers`. */
  readonly binding: string;
  readonly role: string;
}

/** Everybody whom a binding grants this; without a namespace in any of them. Members of system:masters may do everything besides. */
export function whoCan(policy: RbacPolicy, asked: AccessAttributes): readonly Grantee[] {
  const clusterRules = clusterRoleRules(policy.clusterRoles);
  const roleRules = new Map(policy.roles.map((role) => [`${role.namespace}/${role.name}`, role.rules]));
  const isNamespaced = !('path' in asked) && !CLUSTER_SCOPED.has(asked.resource);
  const wanted = 'path' in asked ? '' : (asked.namespace ?? '');
  const local = isNamespaced
    ? policy.roleBindings.filter(({ namespace }) => wanted === '' || namespace === wanted)
    : [];
  return [...policy.clusterRoleBindings, ...local].flatMap(({ name, namespace, roleRef, subjects }) => {
    const rules =
      roleRef.kind === 'Role' ? roleRules.get(`${namespace}/${roleRef.name}`) : clusterRules.get(roleRef.name);
    if (rules?.some((rule) => ruleAllows(rule, asked)) !== true) return [];
    const binding = namespace === '' ? `ClusterRoleBinding ${name}` : `RoleBinding ${namespace}/${name}`;
    return subjects.map((subject) => ({ subject, namespace, binding, role: `${roleRef.kind} ${roleRef.name}` }));
  });
}
