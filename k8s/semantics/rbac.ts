/**
 * The RBAC authorizer of the API server as pure functions over its objects (plugin/pkg/auth/authorizer/rbac and
 * pkg/registry/rbac/validation). It only ever allows: what no rule allows is denied.
 */
import { quote } from './quote.ts';
import type { AccessAttributes, Binding, PolicyRule, RbacPolicy, Subject } from './rbac-rules.ts';
import { clusterRoleRules, ruleAllows } from './rbac-rules.ts';

export { coversRules, escalationMessage } from './rbac-escalation.ts';
export { rbacPolicyOf, policyRulesOf, ruleAllows } from './rbac-rules.ts';
export type { AccessAttributes, PolicyRule, RbacPolicy } from './rbac-rules.ts';

/** Somebody, as authentication named them. The groups are complete: nothing is added here. */
export interface UserInfo {
  readonly user: string;
  readonly groups: readonly string[];
}
/**
 * A decision. When allowed, the reason names binding, role and subject (none for system:masters). When denied it is empty,
 * unless bindings of this user lead nowhere: then it names the missing roles.
 */
export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
}
/** The status of a SelfSubjectRulesReview. */
export interface UserRules {
  readonly resourceRules: readonly PolicyRule[];
  readonly nonResourceRules: readonly PolicyRule[];
  readonly incomplete: false;
  /** Only when a binding refers to a role that does not exist. */
  readonly evaluationError?: string;
}
/** Answers for one state of the policy. Make a new one when an RBAC object changes. */
export interface RbacAuthorizer {
  authorize(user: UserInfo, asked: AccessAttributes): AccessDecision;
  /** The rules a user has in a namespace: those of the cluster first, then the namespace's own. */
  rulesFor(user: UserInfo, namespace: string): UserRules;
  /** The same as plain rules in full, for coversRules. An empty namespace asks for cluster-wide rules only. */
  policyRulesFor(user: UserInfo, namespace: string): readonly PolicyRule[];
}

/** The group that may do anything, whatever the RBAC objects say. */
export const privilegedGroup = 'system:masters';

/** A ServiceAccount as its token authenticates it. */
export function serviceAccountUser(namespace: string, name: string): UserInfo {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** A binding with what it grants; `problem` instead when its role does not exist. */
interface Grant {
  readonly order: number;
  readonly binding: Binding;
  readonly rules: readonly PolicyRule[];
  readonly problem: string | null;
}
/** Grants by the key of the subject they are made to, with the place of the subject in the binding. */
type SubjectIndex = ReadonlyMap<string, readonly { readonly grant: Grant; readonly place: number }[]>;

/** Indexes the policy by subject and namespace, so that a decision looks only at the bindings of the asking user. */
export function createRbacAuthorizer(policy: RbacPolicy): RbacAuthorizer {
  const clusterRules = clusterRoleRules(policy.clusterRoles);
  const roleRules = new Map(policy.roles.map((role) => [`${role.namespace}/${role.name}`, role.rules]));
  const grantOf = (binding: Binding, order: number): Grant => {
    const { kind, name } = binding.roleRef;
    if (kind !== 'Role' && kind !== 'ClusterRole')
      return { order, binding, rules: [], problem: `unsupported role reference kind: ${quote(kind)}` };
    const rules = kind === 'Role' ? roleRules.get(`${binding.namespace}/${name}`) : clusterRules.get(name);
    if (rules) return { order, binding, rules, problem: null };
    const problem = `${kind.toLowerCase()}.rbac.authorization.k8s.io ${quote(name)} not found`;
    return { order, binding, rules: [], problem };
  };
  const clusterIndex = indexBySubject(policy.clusterRoleBindings.map(grantOf));
  const byNamespace = new Map<string, Grant[]>();
  for (const grant of policy.roleBindings.map(grantOf)) {
    const known = byNamespace.get(grant.binding.namespace);
    if (known) known.push(grant);
    else byNamespace.set(grant.binding.namespace, [grant]);
  }
  const namespaceIndex = new Map([...byNamespace].map(([namespace, grants]) => [namespace, indexBySubject(grants)]));
  const remembered = new Map<string, Remembered>();
  const grantsTo = (user: UserInfo, namespace: string): Remembered => {
    // Of namespaces without bindings all are alike.
    const key = JSON.stringify([namespaceIndex.has(namespace) ? namespace : '', user.user, user.groups]);
    const known = remembered.get(key);
    if (known) return known;
    const found = rememberedOf([...lookUp(clusterIndex, user), ...lookUp(namespaceIndex.get(namespace), user)]);
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(key, found);
    return found;
  };

  return {
    authorize(user, asked) {
      if (user.groups.includes(privilegedGroup)) return { allowed: true, reason: '' };
      const { deciding, problems } = grantsTo(user, 'path' in asked ? '' : (asked.namespace ?? ''));
      const found = deciding.find(({ grant }) => grant.rules.some((rule) => ruleAllows(rule, asked)));
      if (found) return { allowed: true, reason: `RBAC: allowed by ${describeGrant(found)}` };
      return { allowed: false, reason: problems === '' ? '' : `RBAC: ${problems}` };
    },
    rulesFor(user, namespace) {
      const { grants, problems } = grantsTo(user, namespace);
      const rules = grants.flatMap(({ grant }) => grant.rules);
      return {
        resourceRules: rules.filter((rule) => rule.resources?.length).map(resourceRule),
        nonResourceRules: rules.filter((rule) => rule.nonResourceURLs?.length).map(pathRule),
        incomplete: false,
        ...(problems === '' ? {} : { evaluationError: problems }),
      };
    },
    policyRulesFor: (user, namespace) => grantsTo(user, namespace).grants.flatMap(({ grant }) => grant.rules),
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule): PolicyRule {
  return {
    verbs,
    apiGroups: apiGroups ?? [],
    resources: resources ?? [],
    ...(resourceNames?.length ? { resourceNames } : {}),
  };
}

function pathRule({ verbs, nonResourceURLs }: PolicyRule): PolicyRule {
  return { verbs, nonResourceURLs: nonResourceURLs ?? [] };
}

function indexBySubject(grants: readonly Grant[]): SubjectIndex {
  const index = new Map<string, { grant: Grant; place: number }[]>();
  for (const grant of grants)
    for (const [place, subject] of grant.binding.subjects.entries()) {
      const key = subjectKey(subject, grant.binding.namespace);
      if (key === null) continue;
      const known = index.get(key);
      if (known) known.push({ grant, place });
      else index.set(key, [{ grant, place }]);
    }
  return index;
}

/** User and ServiceAccount share their keys: a User subject named `system:serviceaccount:…` grants to the ServiceAccount. */
function subjectKey(subject: Subject, bindingNamespace: string): string | null {
  if (subject.kind === 'User') return `User ${subject.name}`;
  if (subject.kind === 'Group') return `Group ${subject.name}`;
  const namespace = subject.namespace === undefined || subject.namespace === '' ? bindingNamespace : subject.namespace;
  if (subject.kind !== 'ServiceAccount' || namespace === '') return null;
  return `User system:serviceaccount:${namespace}:${subject.name}`;
}

interface Granted {
  readonly grant: Grant;
  readonly subject: Subject;
}

/** What was found for somebody in a namespace. Programs ask much of a few: somebody with thousands of bindings has them sorted once. */
interface Remembered {
  readonly grants: readonly Granted[];
  /** Of grants of the same role the first: the others decide nothing. */
  readonly deciding: readonly Granted[];
  readonly problems: string;
}
/** Of so many pairs of somebody and a namespace. */
const REMEMBERED = 500;

function rememberedOf(grants: readonly Granted[]): Remembered {
  const byRules = new Map<readonly PolicyRule[], Granted>();
  for (const one of grants) if (!byRules.has(one.grant.rules)) byRules.set(one.grant.rules, one);
  return { grants, deciding: [...byRules.values()], problems: problemsOf(grants) };
}

/** The grants to a user in the order of the bindings, each with the first of its subjects that is the user. */
function lookUp(index: SubjectIndex | undefined, user: UserInfo): readonly Granted[] {
  if (!index) return [];
  const first = new Map<Grant, number>();
  for (const key of [`User ${user.user}`, ...user.groups.map((group) => `Group ${group}`)])
    for (const { grant, place } of index.get(key) ?? [])
      first.set(grant, Math.min(place, first.get(grant) ?? Number.POSITIVE_INFINITY));
  return [...first]
    .toSorted(([a], [b]) => a.order - b.order)
    .flatMap(([grant, place]) => {
      const subject = grant.binding.subjects[place];
      return subject ? [{ grant, subject }] : [];
    });
}

function describeGrant({ grant: { binding }, subject }: Granted): string {
  const isNamespaced = binding.namespace !== '';
  const name = isNamespaced ? `${binding.name}/${binding.namespace}` : binding.name;
  const kind = isNamespaced ? 'RoleBinding' : 'ClusterRoleBinding';
  return `${kind} ${quote(name)} of ${binding.roleRef.kind} ${quote(binding.roleRef.name)} to ${describeSubject(subject, binding)}`;
}

function describeSubject(subject: Subject, binding: Binding): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${quote(subject.name)}`;
  const namespace = subject.namespace === undefined || subject.namespace === '' ? binding.namespace : subject.namespace;
  return `ServiceAccount ${quote(`${subject.name}/${namespace}`)}`;
}

/** The problems as Go's aggregate of errors writes them: one plainly, several in brackets, the same one once. */
function problemsOf(grants: readonly Granted[]): string {
  const problems = [...new Set(grants.flatMap(({ grant }) => grant.problem ?? []))];
  return problems.length > 1 ? `[${problems.join(', ')}]` : problems.join('');
}

/**
 * The `message` of the 403 Status the API server answers, with the authorizer's reason at its end when there is one. The name
 * asked for is part of it also for a list that is narrowed to one name.
 */
export function forbiddenMessage(user: UserInfo, asked: AccessAttributes, reason = ''): string {
  const because = reason === '' ? '' : `: ${reason}`;
  const who = `User ${quote(user.user)} cannot ${asked.verb}`;
  if ('path' in asked) return `forbidden: ${escapeHtml(`${who} path ${quote(asked.path)}`)}${because}`;
  const what = asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource;
  const where = asked.namespace ? `in the namespace ${quote(asked.namespace)}` : 'at the cluster scope';
  const subject = asked.group === '' ? asked.resource : `${asked.resource}.${asked.group}`;
  const text = `${who} resource ${quote(what)} in API group ${quote(asked.group)} ${where}`;
  return `${subject}${asked.name ? ` ${quote(asked.name)}` : ''} is forbidden: ${escapeHtml(text)}${because}`;
}

/** The server escapes this text (and only this one) because browsers may show it. */
function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
