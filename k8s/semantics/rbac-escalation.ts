/** The escalation check of the API server: nobody may grant what they do not hold. From pkg/registry/rbac/validation. */
import { quote } from './quote.ts';
import type { PolicyRule } from './rbac-rules.ts';
import { urlCovers } from './rbac-rules.ts';

/** Whether rules somebody holds cover rules they want to grant, and what is missing, in the smallest pieces. */
export interface Coverage {
  readonly covered: boolean;
  readonly missing: readonly PolicyRule[];
}

/**
 * Compares what somebody holds with what they want to grant. Wildcards are covered by wildcards only: holding every verb there
 * is does not cover `*`.
 */
export function coversRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): Coverage {
  const missing = wanted.flatMap(breakDown).filter((piece) => !owned.some((rule) => ruleCovers(rule, piece)));
  return { covered: missing.length === 0, missing };
}

/** One rule for each verb, group, resource and name, so that a single owned rule covers a piece or none does. */
function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const names = rule.resourceNames ?? [];
  const eachName: readonly Pick<PolicyRule, 'resourceNames'>[] =
    names.length === 0 ? [{}] : names.map((name) => ({ resourceNames: [name] }));
  const resources = (rule.apiGroups ?? []).flatMap((group) =>
    (rule.resources ?? []).flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        eachName.map((name) => ({ verbs: [verb], apiGroups: [group], resources: [resource], ...name })),
      ),
    ),
  );
  const paths = (rule.nonResourceURLs ?? []).flatMap((url) =>
    rule.verbs.map((verb) => ({ verbs: [verb], nonResourceURLs: [url] })),
  );
  return [...resources, ...paths];
}

function ruleCovers(owned: PolicyRule, piece: PolicyRule): boolean {
  const ownedNames = owned.resourceNames ?? [];
  const names = piece.resourceNames ?? [];
  return (
    hasAll(owned.verbs, piece.verbs) &&
    hasAll(owned.apiGroups ?? [], piece.apiGroups ?? []) &&
    (piece.resources ?? []).every((resource) => resourceCovers(owned.resources ?? [], resource)) &&
    (ownedNames.length === 0 || (names.length > 0 && names.every((name) => ownedNames.includes(name)))) &&
    (piece.nonResourceURLs ?? []).every((url) => (owned.nonResourceURLs ?? []).some((own) => urlCovers(own, url)))
  );
}

function hasAll(owned: readonly string[], wanted: readonly string[]): boolean {
  return owned.includes('*') || wanted.every((member) => owned.includes(member));
}

function resourceCovers(owned: readonly string[], resource: string): boolean {
  if (owned.includes('*') || owned.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`);
}

/**
 * What the API server says after `roles.rbac.authorization.k8s.io "x" is forbidden: ` when somebody grants what they do not
 * hold. Pieces of the same resource are put together again and the lines sorted, as the server does.
 */
export function escalationMessage(
  user: { readonly user: string; readonly groups: readonly string[] },
  missing: readonly PolicyRule[],
): string {
  const lines = new Set(compactRules(missing).map(describeRule));
  const groups = user.groups.map(quote).join(' ');
  const head = `user ${quote(user.user)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:`;
  return [head, ...[...lines].sort()].join('\n');
}

function compactRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    if ((rule.nonResourceURLs ?? []).length > 0) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const known = simple.get(key);
    simple.set(key, { ...rule, verbs: [...new Set([...(known?.verbs ?? []), ...rule.verbs])] });
  }
  return [...others, ...simple.values()];
}

function describeRule(rule: PolicyRule): string {
  const parts: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const written = parts
    .filter(([, values]) => (values ?? []).length > 0)
    .map(([label, values]) => `${label}:[${(values ?? []).map(quote).join(' ')}]`);
  return `{${written.join(', ')}}`;
}
