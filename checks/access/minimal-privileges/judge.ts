/** How the rights of service accounts are judged. */
import { grantIndex, policyGrants, type PolicyGrant } from '../../../k8s/semantics/rbac-grants.ts';
import { risksOf, type RbacRisk } from '../../../k8s/semantics/rbac-risks.ts';
import type { RbacPolicy } from '../../../k8s/semantics/rbac.ts';
import { at, textAt } from '../../contract/json.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, type Say } from '../../kit/kind.ts';
import { sourceSubject, type PodSource } from '../../protocols/workloads.ts';
import { allowancesOf } from '../allowances.ts';

export const messages = {
  risk: {
    says: '{subject}: {binding} of {role} {lets} ({risk}), expected the few rights it needs.',
    fix: 'Name verbs, groups, resources and, for Secrets, resourceNames in the role, or bind a narrower one.',
  },
  clusterAdmin: {
    says: '{subject}: {binding} makes it cluster-admin (cluster-admin), expected the few rights it needs.',
    fix: 'Delete that binding and bind a Role of its own in its namespace.',
  },
  tokenMounted: {
    says: '{subject}: a token of service account {account} is mounted (token-mounted), but no binding grants it anything, expected no token.',
    fix: 'Set automountServiceAccountToken: false in the pod template and on the service account.',
  },
  accountAutomounts: {
    says: '{subject}: its token is mounted into every pod that does not say otherwise (token-mounted), but no binding grants it anything, expected no token.',
    fix: 'Set automountServiceAccountToken: false on the service account.',
  },
} as const;

interface Params {
  readonly namespaces: readonly string[];
  readonly exceptions: readonly { readonly account: string; readonly risk: string; readonly reason: string }[];
}
interface Seen {
  readonly policy: RbacPolicy;
  /** `automount`: its token is mounted unless a pod says otherwise. */
  readonly accounts: readonly { readonly namespace: string; readonly name: string; readonly automount: boolean }[];
  readonly sources: readonly PodSource[];
}

/** What each risk lets its holder do. */
const LETS: Readonly<Record<RbacRisk, string>> = {
  'wildcard-verb': 'allows every verb, those to come too',
  'wildcard-resource': 'covers every resource, those to come too',
  'wildcard-group': 'covers every API group, those to come too',
  'wildcard-path': 'covers every path of the API server',
  escalate: 'gives a role rights its holder does not have',
  bind: 'binds any role to anybody',
  impersonate: 'acts as somebody else',
  'secrets-list': 'lists or watches Secrets with their values',
  'secrets-get': 'reads every Secret by name',
  'secrets-write': 'makes, changes or deletes Secrets, tokens of service accounts among them',
  'pods-exec': 'runs commands in pods or speaks to them from inside',
  'workload-create': 'makes or changes pods, which mount any Secret and run as any service account of the namespace',
  'token-request': 'makes tokens for service accounts',
  'roles-write': 'changes roles or bindings',
  'guardrails-write': 'changes or deletes network policies, quotas or limit ranges',
  'namespaces-write':
    'changes namespaces, and with their labels the Pod Security level and what network policies let in',
  'node-proxy': 'speaks to kubelets, and so runs commands in any pod',
  'nodes-write': 'changes nodes, and so moves pods to where it likes',
  'volumes-create': 'makes persistent volumes, also of a folder of the node',
  'admission-write': 'changes what admission lets in, and reads and changes every object on its way',
  'certificates-approve': 'approves or signs certificates, also those of a cluster administrator',
  'api-extend': 'changes the API itself: custom resources or who answers for a group',
};

const isClusterAdmin = ({ binding: { roleRef } }: PolicyGrant): boolean =>
  roleRef.kind === 'ClusterRole' && roleRef.name === 'cluster-admin';

export function judge({ namespaces, exceptions }: Params, seen: Seen, say: Say<typeof messages>): void {
  const { policy, accounts, sources } = seen;
  const grantsOf = grantIndex(policyGrants(policy));
  const { allows: isExcepted, shown } = allowancesOf(exceptions, ['account', 'risk']);
  /** Whether nothing is granted to it; what every account is granted counts for none. */
  const mayNothing = (account: { readonly namespace: string; readonly name: string }): boolean =>
    grantsOf(account).own.every(({ rules }) => (rules ?? []).length === 0);

  const rows: (readonly [string, string, string, number | string])[] = [];
  const automounts = new Map<string, boolean>();
  for (const { namespace, name, automount } of accounts) {
    const [subject, full] = [objectSubject('ServiceAccount', { namespace, name }), `${namespace}/${name}`];
    const { own, byGroup } = grantsOf({ namespace, name });
    say.judged(subject);
    automounts.set(full, automount);
    for (const grant of [...own, ...byGroup]) {
      const { name: binding, role, rules } = grant;
      rows.push([full, binding, role, rules?.length ?? 'the role does not exist']);
      if (isClusterAdmin(grant)) {
        if (!isExcepted(full, 'cluster-admin')) say.fail('clusterAdmin', subject, { binding });
        continue;
      }
      const isNamespaced = grant.binding.namespace !== '';
      for (const risk of new Set((rules ?? []).flatMap((rule) => risksOf(rule, isNamespaced))))
        if (!isExcepted(full, risk)) say.fail('risk', subject, { binding, role, lets: LETS[risk], risk });
    }
    if (automount && mayNothing({ namespace, name }) && !isExcepted(full, 'token-mounted'))
      say.fail('accountAutomounts', subject, {}, { path: 'automountServiceAccountToken' });
  }

  // A pod's own field wins over its account's; without either the token is mounted (ServiceAccount admission).
  const told = new Set<string>();
  for (const { owner, workload, namespace, specPath, podSpec } of sources) {
    const name = textAt(podSpec, textAt(podSpec, 'default', 'serviceAccount'), 'serviceAccountName');
    const account = `${namespace}/${name}`;
    const own = at(podSpec, 'automountServiceAccountToken');
    const isMounted = typeof own === 'boolean' ? own : (automounts.get(account) ?? true);
    if (!isMounted || !mayNothing({ namespace, name }) || told.has(workload)) continue;
    told.add(workload);
    if (!isExcepted(account, 'token-mounted'))
      say.fail('tokenMounted', sourceSubject(owner), { account }, { path: `${specPath}.automountServiceAccountToken` });
  }

  for (const empty of namespaces.filter((namespace) => !accounts.some((account) => account.namespace === namespace)))
    say.unsure(
      'no-subjects',
      `No service account was found in ${empty}: every namespace has one, so the name may be wrong.`,
      { subject: objectSubject('Namespace', { name: empty }) },
    );
  say.show(table('Grants', ['service account', 'by', 'role', 'rules'], rows), ...shown('Exceptions'), {
    type: 'text',
    title: 'Searched for mounted tokens',
    text: `${sources.length} pod templates and pods`,
  });
}
