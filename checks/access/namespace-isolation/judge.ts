/** How the walls of a namespace are judged. */
import { serviceAccountOf } from '../../../k8s/semantics/rbac-grants.ts';
import type { RbacPolicy } from '../../../k8s/semantics/rbac.ts';
import { labelRequirements } from '../../../k8s/semantics/selector.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { at, isRecord, listAt } from '../../contract/json.ts';
import type { Params } from './check.ts';

export const messages = {
  noDefaultDeny: {
    says: '{subject}: no network policy denies {direction} of every pod by default, expected one with an empty podSelector and no {direction} rules.',
    fix: 'Apply a NetworkPolicy with podSelector: {} and policyTypes: [Ingress, Egress], and allow what is needed in others.',
  },
  allowsAll: {
    says: '{subject}: network policy {policy} allows all {direction} of every pod again, expected the default deny to hold.',
    fix: 'Name peers and ports in its rules: an empty rule allows everybody everything, whatever other policies deny.',
  },
  noQuota: {
    says: '{subject}: has no ResourceQuota with limits, expected one.',
    fix: 'Apply a ResourceQuota with spec.hard for requests and limits of CPU and memory, and for pods.',
  },
  noLimitRange: {
    says: '{subject}: has no LimitRange with limits, expected one.',
    fix: 'Apply a LimitRange with defaults for containers: a pod that names none would take what it gets.',
  },
  foreignGrant: {
    says: '{subject}: grants {role} to {granted}, which belongs to {belongs}, expected subjects of the namespace only.',
    fix: 'Delete the subject from the binding, or name it in params.foreignSubjects with its reason.',
  },
};
type Id = keyof typeof messages;

interface Specified {
  readonly name: string;
  readonly spec: unknown;
}
export interface NamespaceSeen {
  readonly namespace: string;
  readonly policies: readonly Specified[];
  readonly quotas: readonly Specified[];
  readonly limitRanges: readonly Specified[];
  readonly bindings: RbacPolicy['roleBindings'];
  readonly readings: readonly Reading[];
}
export interface Gathered {
  readonly namespaces: readonly NamespaceSeen[];
}
type Binding = NamespaceSeen['bindings'][number];
type Subject = Binding['subjects'][number];
type Direction = 'ingress' | 'egress';
const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

export function judge(params: Params, { namespaces }: Gathered): Judgement<Id> {
  const findings = namespaces.flatMap((seen) => findingsOf(seen, params));
  const evidence = evidenceOf(namespaces, params);
  const missing = params.namespaces.filter((name) => !namespaces.some(({ namespace }) => namespace === name));
  if (findings.length === 0 && missing.length > 0)
    return { outcome: 'inconclusive', reason: 'no-subjects', why: `${nameList(missing)} was not looked at.`, evidence };
  return judged(findings, namespaces.map(subjectOf), evidence, 'No namespace was looked at.');
}

const subjectOf = ({ namespace }: NamespaceSeen): string => `Namespace ${namespace}`;

function findingsOf(seen: NamespaceSeen, params: Params): Finding<Id>[] {
  const subject = subjectOf(seen);
  return present([
    ...DIRECTIONS.flatMap((direction) => networkFindings(seen, direction)),
    !seen.quotas.some(({ spec }) => hasMembers(at(spec, 'hard'))) && { message: 'noQuota' as const, subject },
    !seen.limitRanges.some(({ spec }) => listAt(spec, 'limits').some(limitsSomething)) && {
      message: 'noLimitRange' as const,
      subject,
    },
    ...seen.bindings.flatMap((binding) => grantFindings(seen.namespace, binding, params)),
  ]);
}

const hasMembers = (value: unknown): boolean => isRecord(value) && Object.keys(value).length > 0;
const limitsSomething = (limit: unknown): boolean =>
  ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'].some((field) => hasMembers(at(limit, field)));

function networkFindings(seen: NamespaceSeen, direction: Direction): Finding<Id>[] {
  const subject = subjectOf(seen);
  const forAll = seen.policies.filter(({ spec }) => selectsEveryPod(spec) && isAbout(spec, direction));
  const denies = forAll.some(({ spec }) => listAt(spec, direction).length === 0);
  const opened = forAll.filter(({ spec }) => listAt(spec, direction).some(isOpen(direction)));
  return present([
    !denies && { message: 'noDefaultDeny' as const, subject, data: { direction } },
    ...opened.map(({ name }) => ({ message: 'allowsAll' as const, subject, data: { policy: name, direction } })),
  ]);
}

/** An empty podSelector selects all pods; one whose expressions happen to match all today does not count. */
function selectsEveryPod(spec: unknown): boolean {
  const selector = at(spec, 'podSelector');
  return isRecord(selector) && labelRequirements(selector).length === 0;
}

/**
 * Whether a policy isolates pods in that direction. Without policyTypes it does for ingress always, and for egress when it has
 * egress rules (networking.k8s.io/v1, NetworkPolicySpec.policyTypes).
 */
function isAbout(spec: unknown, direction: Direction): boolean {
  const types = listAt(spec, 'policyTypes');
  if (types.length === 0) return direction === 'ingress' || listAt(spec, 'egress').length > 0;
  return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
}

/** A rule without peers allows everybody, without ports every port. */
function isOpen(direction: Direction): (rule: unknown) => boolean {
  const peers = direction === 'ingress' ? 'from' : 'to';
  return (rule) =>
    listAt(rule, 'ports').length === 0 && (listAt(rule, peers).length === 0 || listAt(rule, peers).some(isAnybody));
}

/** Every address, or every pod of every namespace. */
const isAnybody = (peer: unknown): boolean => {
  const [namespaces, pods] = [at(peer, 'namespaceSelector'), at(peer, 'podSelector')];
  const isEmpty = (selector: unknown): boolean => isRecord(selector) && labelRequirements(selector).length === 0;
  if (isEmpty(namespaces) && (pods === undefined || isEmpty(pods))) return true;
  const cidr = at(peer, 'ipBlock', 'cidr');
  return (cidr === '0.0.0.0/0' || cidr === '::/0') && listAt(peer, 'ipBlock', 'except').length === 0;
};

/** Groups and users that are everybody, or every service account, of whatever namespace. */
const EVERYBODY = new Set([
  'system:authenticated',
  'system:unauthenticated',
  'system:anonymous',
  'system:serviceaccounts',
]);

function grantFindings(namespace: string, binding: Binding, { foreignSubjects }: Params): Finding<Id>[] {
  return binding.subjects.flatMap((subject): Finding<Id>[] => {
    const belongs = foreignTo(namespace, binding, subject);
    const granted = grantedName(subject, binding);
    if (belongs === null || foreignSubjects.some((declared) => declared.subject === granted)) return [];
    const role = `${binding.roleRef.kind} ${binding.roleRef.name}`;
    return [
      {
        message: 'foreignGrant',
        subject: `RoleBinding ${namespace}/${binding.name}`,
        data: { role, granted, belongs },
      },
    ];
  });
}

/** Whom else a subject belongs to; null for one of this namespace, and for people and their groups, who belong to none. */
function foreignTo(namespace: string, binding: Binding, subject: Subject): string | null {
  const account = serviceAccountOf(subject, binding.namespace);
  if (account) return account.namespace === namespace ? null : `namespace ${account.namespace}`;
  if (EVERYBODY.has(subject.name)) return 'everybody';
  const [, other] = /^system:serviceaccounts:(.+)$/.exec(subject.kind === 'Group' ? subject.name : '') ?? [];
  return other === undefined || other === namespace ? null : `namespace ${other}`;
}

function grantedName(subject: Subject, binding: Binding): string {
  const account = serviceAccountOf(subject, binding.namespace);
  return account ? `ServiceAccount ${account.namespace}/${account.name}` : `${subject.kind} ${subject.name}`;
}

function evidenceOf(
  namespaces: readonly NamespaceSeen[],
  { foreignSubjects }: Params,
): readonly [Evidence, ...Evidence[]] {
  const granted = namespaces.flatMap(({ bindings }) =>
    bindings.flatMap((binding) => binding.subjects.map((subject) => grantedName(subject, binding))),
  );
  const names = (list: readonly Specified[]): string =>
    nameList(
      list.map(({ name }) => name),
      10,
    );
  return [
    table(
      'Namespaces',
      ['namespace', 'network policies', 'quotas', 'limit ranges', 'role bindings'],
      namespaces.map((seen) => [
        seen.namespace,
        names(seen.policies),
        names(seen.quotas),
        names(seen.limitRanges),
        seen.bindings.length,
      ]),
    ),
    table(
      'Subjects of role bindings',
      ['binding', 'subject', 'role'],
      namespaces.flatMap(({ namespace, bindings }) =>
        bindings.flatMap((binding) =>
          binding.subjects.map((subject) => [
            `${namespace}/${binding.name}`,
            grantedName(subject, binding),
            `${binding.roleRef.kind} ${binding.roleRef.name}`,
          ]),
        ),
      ),
    ),
    table(
      'Foreign subjects declared',
      ['subject', 'reason', 'needed'],
      foreignSubjects.map(({ subject, reason }) => [
        subject,
        reason,
        granted.includes(subject) ? 'yes' : 'no: remove it from the item',
      ]),
    ),
    ...namespaces.flatMap(({ readings }) => readings.map(readingEvidence)),
  ];
}
