/** The objects of rbac.authorization.k8s.io/v1 and what one rule allows, as in the API server's RBAC authorizer. */
import type { Requirement } from './selector.ts';
import { SelectorError, labelRequirements, matchesLabels } from './selector.ts';
import { nameOf, namespaceOf, shape, shapes, text, textMap, texts } from './shape.ts';

/** A PolicyRule; absent lists are empty. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}
/** Whom a binding grants to. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
  /** ServiceAccounts only; absent means the binding's namespace. */
  readonly namespace?: string;
}
/** A Role (with a namespace) or ClusterRole (without). */
export interface Role {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
  /** Label selectors of an aggregated ClusterRole, or null. Its own rules do not count then. */
  readonly aggregates: readonly unknown[] | null;
}
/** A RoleBinding (with a namespace) or ClusterRoleBinding (without). */
export interface Binding {
  readonly name: string;
  readonly namespace: string;
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly Subject[];
}
/** Everything the RBAC authorizer decides by. */
export interface RbacPolicy {
  readonly roles: readonly Role[];
  readonly clusterRoles: readonly Role[];
  readonly roleBindings: readonly Binding[];
  readonly clusterRoleBindings: readonly Binding[];
}

/** What is asked: the attributes of a request, or of an access review. */
export type AccessAttributes =
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource?: string | undefined;
      readonly namespace?: string | undefined;
      readonly name?: string | undefined;
    }
  | { readonly verb: string; readonly path: string };

/**
 * Reads the four RBAC kinds out of any objects; other kinds are ignored, and so are those of another API group (OpenShift has a
 * ClusterRole of its own). Each object needs its `kind`; members of a list carry no apiVersion.
 */
export function rbacPolicyOf(objects: Iterable<unknown>): RbacPolicy {
  const byKind: Record<string, unknown[]> = { Role: [], ClusterRole: [], RoleBinding: [], ClusterRoleBinding: [] };
  for (const object of objects) {
    const { kind, apiVersion } = shape(object);
    if (apiVersion === undefined || (text(apiVersion) ?? '').startsWith('rbac.authorization.k8s.io/'))
      byKind[text(kind) ?? '']?.push(object);
  }
  return {
    roles: (byKind['Role'] ?? []).map(roleOf).map(inNamespace),
    clusterRoles: (byKind['ClusterRole'] ?? []).map(roleOf).map(inCluster),
    roleBindings: (byKind['RoleBinding'] ?? []).map(bindingOf).map(inNamespace),
    clusterRoleBindings: (byKind['ClusterRoleBinding'] ?? []).map(bindingOf).map(inCluster),
  };
}

/** A file may leave its namespace to whoever applies it, and then it is `default`; it never stands for the whole cluster. */
const inNamespace = <T extends Role | Binding>(one: T): T =>
  one.namespace === '' ? { ...one, namespace: 'default' } : one;
const inCluster = <T extends Role | Binding>(one: T): T => (one.namespace === '' ? one : { ...one, namespace: '' });

function roleOf(object: unknown): Role {
  const { metadata, rules, aggregationRule } = shape(object);
  return {
    name: nameOf(object),
    namespace: namespaceOf(object),
    labels: textMap(shape(metadata)['labels']),
    rules: policyRulesOf(rules),
    aggregates:
      aggregationRule === undefined || aggregationRule === null
        ? null
        : shapes(shape(aggregationRule)['clusterRoleSelectors']),
  };
}

/** A `rules` field as data, for coversRules. */
export function policyRulesOf(rules: unknown): readonly PolicyRule[] {
  return shapes(rules).map((rule) => ({
    verbs: texts(rule['verbs']),
    apiGroups: texts(rule['apiGroups']),
    resources: texts(rule['resources']),
    resourceNames: texts(rule['resourceNames']),
    nonResourceURLs: texts(rule['nonResourceURLs']),
  }));
}

function bindingOf(object: unknown): Binding {
  const { roleRef, subjects } = shape(object);
  return {
    name: nameOf(object),
    namespace: namespaceOf(object),
    roleRef: { kind: text(shape(roleRef)['kind']) ?? '', name: text(shape(roleRef)['name']) ?? '' },
    subjects: shapes(subjects).map((subject) => ({
      kind: text(subject['kind']) ?? '',
      name: text(subject['name']) ?? '',
      namespace: text(subject['namespace']) ?? '',
    })),
  };
}

/** Whether one rule allows what is asked. */
export function ruleAllows(rule: PolicyRule, asked: AccessAttributes): boolean {
  if (!rule.verbs.includes('*') && !rule.verbs.includes(asked.verb)) return false;
  if ('path' in asked) return (rule.nonResourceURLs ?? []).some((url) => urlCovers(url, asked.path));
  const groups = rule.apiGroups ?? [];
  if (!groups.includes('*') && !groups.includes(asked.group)) return false;
  if (!(rule.resources ?? []).some((resource) => resourceMatches(resource, asked.resource, asked.subresource ?? '')))
    return false;
  const names = rule.resourceNames ?? [];
  // A request without a name (list, create, deletecollection) is the empty name, which a list of names does not hold.
  return names.length === 0 || names.includes(asked.name ?? '');
}

/** `*` covers subresources too, `pods` does not cover `pods/exec`, and a star before `/scale` covers the scale of anything. */
function resourceMatches(allowed: string, resource: string, subresource: string): boolean {
  if (allowed === '*') return true;
  if (subresource === '') return allowed === resource;
  return allowed === `${resource}/${subresource}` || allowed === `*/${subresource}`;
}

/** Whether a rule's URL covers a path: exactly, or as a prefix when it ends in `*`. */
export function urlCovers(allowed: string, path: string): boolean {
  return allowed === path || (allowed.endsWith('*') && path.startsWith(allowed.replace(/\*+$/, '')));
}

/**
 * What each ClusterRole grants. An aggregated one grants the rules of those it selects, through any depth, and none written by
 * hand: its controller overwrites them.
 */
export function clusterRoleRules(clusterRoles: readonly Role[]): ReadonlyMap<string, readonly PolicyRule[]> {
  const sorted = clusterRoles.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const labelled = byLabel(sorted);
  const selected = new Map(sorted.map((role) => [role.name, selectedBy(role, sorted, labelled)]));
  return new Map(sorted.map((role) => [role.name, collectRules(role, selected)]));
}

const labelKey = (key: string, value: string): string => `${key}=${value}`;

/** Roles by each of their labels: every aggregated role held against every other would take the square of them. */
function byLabel(roles: readonly Role[]): ReadonlyMap<string, readonly Role[]> {
  const index = new Map<string, Role[]>();
  for (const role of roles)
    for (const [key, value] of Object.entries(role.labels)) {
      const known = index.get(labelKey(key, value));
      if (known) known.push(role);
      else index.set(labelKey(key, value), [role]);
    }
  return index;
}

function selectedBy(role: Role, all: readonly Role[], labelled: ReadonlyMap<string, readonly Role[]>): readonly Role[] {
  const found = (role.aggregates ?? []).flatMap((selector) => {
    const requirements = validRequirements(selector);
    if (!requirements) return [];
    const exact = requirements.find(({ operator }) => operator === 'In');
    const candidates = exact?.values.flatMap((value) => labelled.get(labelKey(exact.key, value)) ?? []) ?? all;
    return candidates.filter((other) => other.name !== role.name && matchesLabels(requirements, other.labels));
  });
  return [...new Set(found)];
}

/** Null for a selector the API server would have refused: it selects nothing, so it grants nothing. */
function validRequirements(selector: unknown): readonly Requirement[] | null {
  try {
    return labelRequirements(selector);
  } catch (error) {
    if (error instanceof SelectorError) return null;
    throw error;
  }
}

function collectRules(role: Role, selected: ReadonlyMap<string, readonly Role[]>): readonly PolicyRule[] {
  if (role.aggregates === null) return role.rules;
  const rules = new Map<string, PolicyRule>();
  const seen = new Set<string>();
  const visit = (current: Role): void => {
    if (seen.has(current.name)) return;
    seen.add(current.name);
    if (current.aggregates !== null) (selected.get(current.name) ?? []).forEach(visit);
    else for (const rule of current.rules) rules.set(JSON.stringify(rule), rule);
  };
  visit(role);
  return [...rules.values()];
}
