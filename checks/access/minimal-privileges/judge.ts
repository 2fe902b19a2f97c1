/** How the rights of service accounts are judged. */
import { grantsTo, policyGrants, type PolicyGrant } from '../../../k8s/semantics/rbac-grants.ts';
import { risksOf, type RbacRisk } from '../../../k8s/semantics/rbac-risks.ts';
import type { RbacPolicy } from '../../../k8s/semantics/rbac.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { at, textAt } from '../../contract/json.ts';
import type { PodSource } from '../../protocols/workloads.ts';
import type { Params } from './check.ts';

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
};
type Id = keyof typeof messages;

export interface Account {
  readonly namespace: string;
  readonly name: string;
  /** Its token is mounted unless a pod says otherwise. */
  readonly automount: boolean;
}
export interface Gathered {
  readonly policy: RbacPolicy;
  readonly accounts: readonly Account[];
  readonly sources: readonly PodSource[];
  readonly readings: readonly Reading[];
}
/** A finding with what an exception would name. */
interface Found {
  readonly account: string;
  readonly risk: string;
  readonly finding: Finding<Id>;
}

/** What each risk lets its holder do. */
const LETS: Readonly<Record<RbacRisk, string>> = {
  'wildcard-verb': 'allows every verb, those to come too',
  'wildcard-resource': 'covers every resource, those to come too',
  'wildcard-group': 'covers every API group, those to come too',
  'wildcard-path': 'covers every path of the API server',
  'secrets-list': 'lists or watches Secrets with their values',
  'secrets-get': 'reads every Secret by name',
  escalate: 'gives a role rights its holder does not have',
  bind: 'binds any role to anybody',
  impersonate: 'acts as somebody else',
  'pods-exec': 'runs commands in pods or speaks to them from inside',
  'token-request': 'makes tokens for service accounts',
  'node-proxy': 'speaks to kubelets, and so runs commands in any pod',
};

const nameOf = ({ namespace, name }: Pick<Account, 'namespace' | 'name'>): string => `${namespace}/${name}`;
const subjectOf = (account: Pick<Account, 'namespace' | 'name'>): string => `ServiceAccount ${nameOf(account)}`;

export function judge({ namespaces, exceptions }: Params, gathered: Gathered): Judgement<Id> {
  const { policy, accounts, sources } = gathered;
  const grants = policyGrants(policy);
  const found = [
    ...accounts.flatMap((account) => grantFindings(account, grants)),
    ...tokenFindings(accounts, sources, grants),
  ];
  const isExcepted = ({ account, risk }: Found): boolean =>
    exceptions.some((exception) => exception.account === account && exception.risk === risk);
  const findings = found.filter((entry) => !isExcepted(entry)).map(({ finding }) => finding);
  const evidence = evidenceOf(gathered, grants, exceptions, found);
  const empty = namespaces.filter((namespace) => !accounts.some((account) => account.namespace === namespace));
  if (findings.length === 0 && empty.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `No service account was found in ${nameList(empty)}: every namespace has one, so the name may be wrong.`,
      evidence,
    };
  return judged(findings, accounts.map(subjectOf), evidence, 'No service account was found.');
}

function grantFindings(account: Account, grants: readonly PolicyGrant[]): Found[] {
  const subject = subjectOf(account);
  return grants
    .filter((grant) => grantsTo(grant, account) !== null)
    .flatMap((grant): Found[] => {
      if (grant.binding.roleRef.kind === 'ClusterRole' && grant.binding.roleRef.name === 'cluster-admin')
        return [
          {
            account: nameOf(account),
            risk: 'cluster-admin',
            finding: { message: 'clusterAdmin', subject, data: { binding: grant.name } },
          },
        ];
      const risks = new Set((grant.rules ?? []).flatMap(risksOf));
      return [...risks].map((risk) => ({
        account: nameOf(account),
        risk,
        finding: {
          message: 'risk' as const,
          subject,
          data: { binding: grant.name, role: grant.role, lets: LETS[risk], risk },
        },
      }));
    });
}

/** A pod's own field wins over its account's; without either the token is mounted (ServiceAccount admission). */
function tokenFindings(
  accounts: readonly Account[],
  sources: readonly PodSource[],
  grants: readonly PolicyGrant[],
): Found[] {
  const mayNothing = (account: Pick<Account, 'namespace' | 'name'>): boolean =>
    !grants.some((grant) => grantsTo(grant, account) === 'itself' && (grant.rules ?? []).length > 0);
  const idle = accounts.filter((account) => account.automount && mayNothing(account));
  const told = new Set<string>();
  const mounted = sources.flatMap(({ owner, workload, namespace, podSpec }): Found[] => {
    const name = textAt(podSpec, textAt(podSpec, 'default', 'serviceAccount'), 'serviceAccountName');
    const own = at(podSpec, 'automountServiceAccountToken');
    const account = accounts.find((candidate) => candidate.namespace === namespace && candidate.name === name);
    const mounts = typeof own === 'boolean' ? own : (account?.automount ?? true);
    if (!mounts || !mayNothing({ namespace, name }) || told.has(workload)) return [];
    told.add(workload);
    const full = nameOf({ namespace, name });
    return [
      {
        account: full,
        risk: 'token-mounted',
        finding: { message: 'tokenMounted', subject: owner, data: { account: full } },
      },
    ];
  });
  return [
    ...idle.map((account): Found => ({
      account: nameOf(account),
      risk: 'token-mounted',
      finding: { message: 'accountAutomounts', subject: subjectOf(account) },
    })),
    ...mounted,
  ];
}

function evidenceOf(
  { accounts, sources, readings }: Gathered,
  grants: readonly PolicyGrant[],
  exceptions: Params['exceptions'],
  found: readonly Found[],
): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'Grants',
      ['service account', 'by', 'role', 'rules'],
      accounts.flatMap((account) =>
        grants
          .filter((grant) => grantsTo(grant, account) !== null)
          .map((grant) => [nameOf(account), grant.name, grant.role, grant.rules?.length ?? 'the role does not exist']),
      ),
    ),
    table(
      'Exceptions',
      ['service account', 'risk', 'reason', 'needed'],
      exceptions.map(({ account, risk, reason }) => [
        account,
        risk,
        reason,
        found.some((entry) => entry.account === account && entry.risk === risk) ? 'yes' : 'no: remove it from the item',
      ]),
    ),
    { type: 'text', title: 'Searched for mounted tokens', text: `${sources.length} pod templates and pods` },
    ...readings.map(readingEvidence),
  ];
}
