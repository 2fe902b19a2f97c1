/** How the authorizer's answers and the bindings behind them are judged. */
import { policyGrants, serviceAccountOf } from '../../../k8s/semantics/rbac-grants.ts';
import type { RbacPolicy } from '../../../k8s/semantics/rbac.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import type { Asked, Params } from './check.ts';

export const messages = {
  refused: {
    says: '{subject}: is refused ({reason}), expected to be allowed to {request}.',
    fix: 'Bind a role that grants it, or take the row out of the item if it is no longer meant.',
  },
  allowed: {
    says: '{subject}: is allowed ({reason}), expected to be refused to {request}.',
    fix: 'Narrow the role that the reason names, or remove its binding.',
  },
  subjectMissing: {
    says: '{subject}: does not exist, expected the service account whose rights are asked for.',
    fix: 'Apply its manifest, or correct the name in the item.',
  },
  roleMissing: {
    says: '{subject}: refers to {role}, which does not exist, expected a role.',
    fix: 'Apply the role, or delete the binding: whoever makes a role of that name hands out its rights.',
  },
  accountMissing: {
    says: '{subject}: grants to ServiceAccount {account}, which does not exist, expected an account.',
    fix: 'Delete the subject from the binding: whoever makes an account of that name gets the rights.',
  },
};
type Id = keyof typeof messages;

export interface Answer {
  readonly allowed: boolean;
  readonly reason: string;
}
export interface Gathered {
  /** First of every row of `can`, then of `cannot`. */
  readonly answers: readonly Answer[];
  readonly policy: RbacPolicy;
  /** Names of the objects that the API server made itself; their accounts may be elsewhere. */
  readonly bootstrap: readonly string[];
  readonly accounts: readonly { readonly namespace: string; readonly names: readonly string[] }[];
  readonly readings: readonly Reading[];
}
interface Row {
  readonly asked: Asked;
  readonly answer: Answer;
  readonly expected: boolean;
}

type SubjectKind = 'user' | 'group' | 'service account';
const kindOf = ({ subject }: Asked): SubjectKind =>
  'serviceAccount' in subject ? 'service account' : 'group' in subject ? 'group' : 'user';

function subjectOf({ subject }: Asked): string {
  if ('serviceAccount' in subject)
    return `ServiceAccount ${subject.serviceAccount.namespace}/${subject.serviceAccount.name}`;
  return 'group' in subject ? `Group ${subject.group}` : `User ${subject.user}`;
}

/** `create pods/exec in mcp-production`, `get deployments.apps "api" in the whole cluster`. */
function requestOf({ verb, group, resource, subresource, namespace, name, path }: Asked): string {
  if (path !== undefined) return `${verb} ${path}`;
  const what = `${resource ?? ''}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  const which = name === undefined ? '' : ` "${name}"`;
  return `${verb} ${what}${which} in ${namespace ?? 'the whole cluster'}`;
}

export function judge({ namespaces, can, cannot, dangling }: Params, gathered: Gathered): Judgement<Id> {
  const rows = [...can, ...cannot].flatMap((asked, index): Row[] => {
    const answer = gathered.answers[index];
    return answer ? [{ asked, answer, expected: index < can.length }] : [];
  });
  const nowhere = danglingFindings(namespaces, gathered);
  const findings = [
    ...missingSubjects(rows, gathered),
    ...rows.flatMap(rowFindings),
    ...nowhere.filter(({ subject }) => !dangling.some(({ binding }) => binding === subject)),
  ];
  const evidence = evidenceOf(rows, gathered, dangling, nowhere);
  if (findings.length === 0 && rows.length < can.length + cannot.length)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${rows.length} of ${can.length + cannot.length} rows were asked.`,
      evidence,
    };
  const alone = rows.find(
    ({ asked, expected }) =>
      !expected &&
      !rows.some((other) => other.expected && other.answer.allowed && kindOf(other.asked) === kindOf(asked)),
  );
  if (findings.length === 0 && alone)
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: `${subjectOf(alone.asked)} may not ${requestOf(alone.asked)}, but no row shows a ${kindOf(alone.asked)} that may do anything: an authorizer that knows none would answer the same. Add one to can.`,
      evidence,
    };
  return judged(
    findings,
    rows.map(({ asked }) => `${subjectOf(asked)}: ${requestOf(asked)}`),
    evidence,
    '',
  );
}

function rowFindings({ asked, answer, expected }: Row): Finding<Id>[] {
  if (answer.allowed === expected) return [];
  const reason = answer.reason === '' ? 'no reason given' : answer.reason;
  const data = { request: requestOf(asked), reason };
  return [{ message: expected ? 'refused' : 'allowed', subject: subjectOf(asked), data }];
}

/** A refusal of somebody who is not there says nothing about who is. */
function missingSubjects(rows: readonly Row[], { accounts }: Gathered): Finding<Id>[] {
  const missing = rows.flatMap(({ asked }) => {
    if (!('serviceAccount' in asked.subject)) return [];
    const { namespace, name } = asked.subject.serviceAccount;
    return exists(accounts, namespace, name) === false ? [subjectOf(asked)] : [];
  });
  return [...new Set(missing)].map((subject) => ({ message: 'subjectMissing', subject }));
}

/** Undefined where the accounts of that namespace were not read. */
function exists(accounts: Gathered['accounts'], namespace: string, name: string): boolean | undefined {
  return accounts.find((known) => known.namespace === namespace)?.names.includes(name);
}

function danglingFindings(namespaces: readonly string[], { policy, bootstrap, accounts }: Gathered): Finding<Id>[] {
  return policyGrants(policy).flatMap(({ binding, name, role, rules }): Finding<Id>[] => {
    if (binding.namespace !== '' && !namespaces.includes(binding.namespace)) return [];
    const roleless: Finding<Id>[] = rules === null ? [{ message: 'roleMissing', subject: name, data: { role } }] : [];
    if (bootstrap.includes(binding.name)) return roleless;
    const lost = binding.subjects.flatMap((subject): Finding<Id>[] => {
      const account = serviceAccountOf(subject, binding.namespace);
      if (!account || exists(accounts, account.namespace, account.name) !== false) return [];
      const data = { account: `${account.namespace}/${account.name}` };
      return [{ message: 'accountMissing', subject: name, data }];
    });
    return [...roleless, ...lost];
  });
}

function evidenceOf(
  rows: readonly Row[],
  { policy, readings }: Gathered,
  dangling: Params['dangling'],
  nowhere: readonly Finding<Id>[],
): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'Access reviews',
      ['subject', 'request', 'expected', 'answer', 'reason'],
      rows.map(({ asked, answer, expected }) => [
        subjectOf(asked),
        requestOf(asked),
        expected ? 'allowed' : 'refused',
        answer.allowed ? 'allowed' : 'refused',
        answer.reason,
      ]),
    ),
    table(
      'Bindings that may lead nowhere',
      ['binding', 'reason', 'needed'],
      dangling.map(({ binding, reason }) => [
        binding,
        reason,
        nowhere.some(({ subject }) => subject === binding) ? 'yes' : 'no: remove it from the item',
      ]),
    ),
    {
      type: 'text',
      title: 'Bindings looked at',
      text: `${policy.clusterRoleBindings.length} of the cluster, ${policy.roleBindings.length} of all namespaces`,
    },
    ...readings.map(readingEvidence),
  ];
}
