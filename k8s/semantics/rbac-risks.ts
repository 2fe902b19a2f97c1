/**
 * What a rule lets its holder do beyond its purpose, after "Role Based Access Control Good Practices" of the Kubernetes
 * documentation (section "Kubernetes RBAC - privilege escalation risks"). Pure.
 */
import type { PolicyRule } from './rbac-rules.ts';

/** A risk that is a verb on some resources. */
interface Way {
  /** API groups, `''` for the core group. */
  readonly groups: readonly string[];
  /** `pods`, `pods/exec`; a subresource is also met by `*\/exec` of everything. */
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** resourceNames narrow it to what the holder owns. */
  readonly isNarrowedByNames?: boolean;
  /** Such objects have no namespace: a RoleBinding never grants them. */
  readonly isClusterScoped?: boolean;
}

const CHANGES = ['create', 'update', 'patch'];
const CHANGES_OR_DELETES = [...CHANGES, 'delete', 'deletecollection'];
/** A WebSocket asks by GET. */
const SPEAKS = ['get', ...CHANGES];
const RBAC = ['rbac.authorization.k8s.io'];
const clusterScoped = (group: string, resources: readonly string[], verbs: readonly string[]): Way => ({
  groups: [group],
  resources,
  verbs,
  isClusterScoped: true,
});

const WAYS = {
  // A list restricted by resourceNames still answers whole Secrets of those names: it is told all the same.
  'secrets-list': [{ groups: [''], resources: ['secrets'], verbs: ['list', 'watch'] }],
  'secrets-get': [{ groups: [''], resources: ['secrets'], verbs: ['get'], isNarrowedByNames: true }],
  'secrets-write': [{ groups: [''], resources: ['secrets'], verbs: CHANGES_OR_DELETES, isNarrowedByNames: true }],
  // Each runs a command in a pod or speaks to it as from inside, past every network policy.
  'pods-exec': [
    {
      groups: [''],
      resources: ['exec', 'attach', 'portforward', 'ephemeralcontainers', 'proxy']
        .map((way) => `pods/${way}`)
        .concat('services/proxy'),
      verbs: SPEAKS,
    },
  ],
  // Whoever makes a pod mounts any Secret of its namespace and runs as any of its service accounts.
  'workload-create': [
    { groups: [''], resources: ['pods', 'replicationcontrollers'], verbs: CHANGES },
    {
      groups: ['apps', 'extensions'],
      resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'],
      verbs: CHANGES,
    },
    { groups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: CHANGES },
  ],
  'token-request': [{ groups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] }],
  'roles-write': [
    { groups: RBAC, resources: ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'], verbs: CHANGES },
  ],
  'guardrails-write': [
    {
      groups: ['networking.k8s.io', ''],
      resources: ['networkpolicies', 'resourcequotas', 'limitranges'],
      verbs: CHANGES_OR_DELETES,
    },
  ],
  // Its labels decide on Pod Security and on what network policies let in. A RoleBinding does grant it for its own namespace.
  'namespaces-write': [{ groups: [''], resources: ['namespaces', 'namespaces/finalize'], verbs: CHANGES_OR_DELETES }],
  'node-proxy': [clusterScoped('', ['nodes/proxy'], SPEAKS)],
  'nodes-write': [clusterScoped('', ['nodes', 'nodes/status'], CHANGES_OR_DELETES)],
  'volumes-create': [clusterScoped('', ['persistentvolumes'], CHANGES)],
  'admission-write': [
    clusterScoped(
      'admissionregistration.k8s.io',
      [
        'mutatingwebhookconfigurations',
        'validatingwebhookconfigurations',
        ...['mutating', 'validating'].flatMap((way) => [`${way}admissionpolicies`, `${way}admissionpolicybindings`]),
      ],
      CHANGES_OR_DELETES,
    ),
  ],
  'certificates-approve': [
    clusterScoped(
      'certificates.k8s.io',
      ['certificatesigningrequests/approval', 'certificatesigningrequests/status'],
      ['update', 'patch'],
    ),
    clusterScoped('certificates.k8s.io', ['signers'], ['approve', 'sign']),
  ],
  'api-extend': [
    clusterScoped('apiextensions.k8s.io', ['customresourcedefinitions'], CHANGES_OR_DELETES),
    clusterScoped('apiregistration.k8s.io', ['apiservices'], CHANGES_OR_DELETES),
  ],
} as const satisfies Readonly<Record<string, readonly Way[]>>;

const WILDCARDS = ['wildcard-verb', 'wildcard-resource', 'wildcard-group', 'wildcard-path'] as const;
/** Verbs that are rights over rights, whatever they are written beside. */
const VERBS = ['escalate', 'bind', 'impersonate'] as const;

export type RbacRisk = (typeof WILDCARDS)[number] | (typeof VERBS)[number] | keyof typeof WAYS;
export const RBAC_RISKS: readonly RbacRisk[] = [
  ...WILDCARDS,
  ...VERBS,
  ...(Object.keys(WAYS) as (keyof typeof WAYS)[]),
];

/**
 * The risks of one rule, each once. A wildcard is told as such and not as everything it implies. `isNamespaced`: a RoleBinding grants
 * it, so nothing outside of its namespace.
 */
export function risksOf(rule: PolicyRule, isNamespaced = false): readonly RbacRisk[] {
  const { verbs, apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  const wild: Readonly<Record<(typeof WILDCARDS)[number], boolean>> = {
    'wildcard-verb': verbs.includes('*'),
    'wildcard-resource': resources.includes('*'),
    'wildcard-group': apiGroups.includes('*'),
    'wildcard-path': !isNamespaced && nonResourceURLs.some((url) => url === '*' || url === '/*'),
  };
  const ways = Object.entries(WAYS) as [RbacRisk, readonly Way[]][];
  return [
    ...WILDCARDS.filter((risk) => wild[risk]),
    ...VERBS.filter((verb) => verbs.includes(verb)),
    ...ways.filter(([, own]) => own.some((way) => isOpen(way, rule, isNamespaced))).map(([risk]) => risk),
  ];
}

function isOpen(way: Way, rule: PolicyRule, isNamespaced: boolean): boolean {
  if (way.isClusterScoped && isNamespaced) return false;
  if (way.isNarrowedByNames && (rule.resourceNames ?? []).length > 0) return false;
  const [groups, resources] = [rule.apiGroups ?? [], rule.resources ?? []];
  return (
    rule.verbs.some((verb) => verb === '*' || way.verbs.includes(verb)) &&
    groups.some((group) => group === '*' || way.groups.includes(group)) &&
    resources.some((resource) => way.resources.some((own) => resource === own || isOfAll(resource, own)))
  );
}

/** `*\/exec` is that subresource of every resource. */
const isOfAll = (resource: string, own: string): boolean =>
  own.includes('/') && resource === `*/${own.slice(own.indexOf('/') + 1)}`;
