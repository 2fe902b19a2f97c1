/**
 * What a rule lets its holder do beyond its purpose, after "Role Based Access Control Good Practices" of the Kubernetes
 * documentation (section "Kubernetes RBAC - privilege escalation risks"). Pure.
 */
import type { PolicyRule } from './rbac-rules.ts';

export const RBAC_RISKS = [
  'wildcard-verb',
  'wildcard-resource',
  'wildcard-group',
  'wildcard-path',
  'secrets-list',
  'secrets-get',
  'escalate',
  'bind',
  'impersonate',
  'pods-exec',
  'token-request',
  'node-proxy',
] as const;
export type RbacRisk = (typeof RBAC_RISKS)[number];

const READS_ALL = ['list', 'watch'];
const WRITES = ['create', 'get', '*'];
/** Each lets its holder run commands in a pod or speak to it as from inside; a WebSocket asks by GET. */
const INTO_PODS = ['exec', 'attach', 'portforward', 'ephemeralcontainers'].flatMap((way) => [
  `pods/${way}`,
  `*/${way}`,
]);

/** The risks of one rule, each once. A wildcard is told as such and not as everything it implies. */
export function risksOf(rule: PolicyRule): readonly RbacRisk[] {
  const { verbs } = rule;
  const groups = rule.apiGroups ?? [];
  const resources = rule.resources ?? [];
  const has = (resource: string): boolean => resources.includes(resource);
  const may = (...wanted: string[]): boolean => verbs.some((verb) => verb === '*' || wanted.includes(verb));
  const inGroup = (group: string): boolean => groups.includes(group) || groups.includes('*');
  const named = (rule.resourceNames ?? []).length > 0;
  const found: Readonly<Record<RbacRisk, boolean>> = {
    'wildcard-verb': verbs.includes('*'),
    'wildcard-resource': has('*'),
    'wildcard-group': groups.includes('*'),
    'wildcard-path': (rule.nonResourceURLs ?? []).includes('*') || (rule.nonResourceURLs ?? []).includes('/*'),
    // A list restricted by resourceNames still answers whole Secrets of those names: it is told all the same.
    'secrets-list': has('secrets') && inGroup('') && may(...READS_ALL),
    'secrets-get': has('secrets') && inGroup('') && may('get') && !named,
    escalate: verbs.includes('escalate'),
    bind: verbs.includes('bind'),
    impersonate: verbs.includes('impersonate'),
    'pods-exec': inGroup('') && INTO_PODS.some(has) && may(...WRITES, 'update', 'patch'),
    'token-request': inGroup('') && (has('serviceaccounts/token') || has('*/token')) && may('create'),
    'node-proxy': inGroup('') && (has('nodes/proxy') || has('*/proxy')) && may(...WRITES),
  };
  return RBAC_RISKS.filter((risk) => found[risk]);
}
