/** How the walls of a namespace are judged. */
import { allowsEverything, deniesByDefault } from '../../../k8s/semantics/network-policy.ts';
import { serviceAccountOf } from '../../../k8s/semantics/rbac-grants.ts';
import type { RbacPolicy } from '../../../k8s/semantics/rbac.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, type Say } from '../../kit/kind.ts';

export const messages = {
  noDefaultDeny: {
    says: '{subject}: no network policy denies {direction} of every pod by default, expected one with an empty podSelector and no {direction} rules.',
    fix: 'Apply a NetworkPolicy with an empty podSelector and policyTypes: [Ingress, Egress], and allow what is needed in others.',
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
} as const;

interface Specified {
  readonly name: string;
  readonly spec: unknown;
}
interface NamespaceSeen {
  readonly namespace: string;
  readonly policies: readonly Specified[];
  readonly quotas: readonly Specified[];
  readonly limitRanges: readonly Specified[];
  readonly bindings: RbacPolicy['roleBindings'];
}
interface Params {
  readonly namespaces: readonly string[];
  readonly foreignSubjects: readonly { readonly subject: string; readonly reason: string }[];
}
type Binding = NamespaceSeen['bindings'][number];

export function judge(
  params: Params,
  { namespaces }: { readonly namespaces: readonly NamespaceSeen[] },
  say: Say<typeof messages>,
): void {
  for (const seen of namespaces) judgeWalls(seen, say);
  const grants = namespaces.flatMap(({ namespace, bindings }) =>
    bindings.flatMap((binding) =>
      binding.subjects.map((subject) => ({
        binding: `${namespace}/${binding.name}`,
        subject: objectSubject('RoleBinding', { namespace, name: binding.name }),
        role: `${binding.roleRef.kind} ${binding.roleRef.name}`,
        ...grantedTo(namespace, binding, subject),
      })),
    ),
  );
  for (const { subject, role, granted, belongs } of grants)
    if (belongs !== null && !params.foreignSubjects.some((declared) => declared.subject === granted))
      say.fail('foreignGrant', subject, { role, granted, belongs }, { path: 'subjects' });
  for (const name of params.namespaces.filter((one) => !namespaces.some(({ namespace }) => namespace === one)))
    say.unsure('no-subjects', `Namespace ${name} was not looked at.`, {
      subject: objectSubject('Namespace', { name }),
    });
  say.show(
    table(
      'Namespaces',
      ['namespace', 'network policies', 'quotas', 'limit ranges', 'role bindings'],
      namespaces.map(({ namespace, policies, quotas, limitRanges, bindings }) => [
        namespace,
        ...[policies, quotas, limitRanges].map((list) =>
          nameList(
            list.map(({ name }) => name),
            10,
          ),
        ),
        bindings.length,
      ]),
    ),
    table(
      'Subjects of role bindings',
      ['binding', 'subject', 'role'],
      grants.map(({ binding, granted, role }) => [binding, granted, role]),
    ),
    table(
      'Foreign subjects declared',
      ['subject', 'reason', 'needed'],
      params.foreignSubjects.map(({ subject, reason }) => [
        subject,
        reason,
        grants.some(({ granted }) => granted === subject) ? 'yes' : 'no: remove it from the item',
      ]),
    ),
  );
}

function judgeWalls({ namespace, policies, quotas, limitRanges }: NamespaceSeen, say: Say<typeof messages>): void {
  const subject = objectSubject('Namespace', { name: namespace });
  say.judged(subject);
  for (const direction of ['ingress', 'egress'] as const) {
    if (!policies.some(({ spec }) => deniesByDefault(spec, direction)))
      say.fail('noDefaultDeny', subject, { direction });
    for (const { name, spec } of policies)
      if (allowsEverything(spec, direction)) say.fail('allowsAll', subject, { policy: name, direction });
  }
  if (!quotas.some(({ spec }) => limitsPods(at(spec, 'hard')))) say.fail('noQuota', subject);
  if (!limitRanges.some(({ spec }) => listAt(spec, 'limits').some(limitsContainers))) say.fail('noLimitRange', subject);
}

/** A quota of ConfigMaps, or a range of volumes' sizes, keeps no pod from taking what its neighbours need. */
const limitsPods = (value: unknown): boolean =>
  isRecord(value) &&
  Object.keys(value).some((name) => /^(?:(?:requests\.|limits\.)?(?:cpu|memory)|(?:count\/)?pods)$/.test(name));
const limitsContainers = (limit: unknown): boolean =>
  ['Container', 'Pod'].includes(textAt(limit, '', 'type')) &&
  ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'].some((field) => limitsPods(at(limit, field)));

/** Groups and users that are everybody, or every service account, of whatever namespace. */
const EVERYBODY = new Set([
  'system:authenticated',
  'system:unauthenticated',
  'system:anonymous',
  'system:serviceaccounts',
]);

/** Whom a subject is, and to whom it belongs: null for one of this namespace, and for people and their groups, who belong to none. */
function grantedTo(namespace: string, binding: Binding, subject: Binding['subjects'][number]) {
  const account = serviceAccountOf(subject, binding.namespace);
  if (account) {
    const belongs = account.namespace === namespace ? null : `namespace ${account.namespace}`;
    return { granted: `ServiceAccount ${account.namespace}/${account.name}`, belongs };
  }
  const granted = `${subject.kind} ${subject.name}`;
  if (EVERYBODY.has(subject.name)) return { granted, belongs: 'everybody' };
  const [, other] = /^system:serviceaccounts:(.+)$/.exec(subject.kind === 'Group' ? subject.name : '') ?? [];
  return { granted, belongs: other === undefined || other === namespace ? null : `namespace ${other}` };
}
