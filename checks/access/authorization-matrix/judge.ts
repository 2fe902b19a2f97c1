/** How the authorizer's answers and the bindings behind them are judged. */
import { policyGrants, serviceAccountOf } from '../../../k8s/semantics/rbac-grants.ts';
import type { RbacPolicy } from '../../../k8s/semantics/rbac.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Refusal, type Say, type Subject } from '../../kit/kind.ts';
import type { Asked, Params } from './params.ts';

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
} as const;

interface Seen {
  /** First of every row of `can`, then of `cannot`. */
  readonly answers: readonly { readonly allowed: boolean; readonly reason: string }[];
  /** Why the authorizer was not asked. */
  readonly refusal?: Refusal | undefined;
  readonly policy: RbacPolicy;
  /** Names of the objects that the API server made itself; their accounts may be elsewhere. */
  readonly bootstrap: readonly string[];
  readonly accounts: readonly { readonly namespace: string; readonly names: readonly string[] }[];
}

const kindOf = ({ subject }: Asked): string =>
  'serviceAccount' in subject ? 'service account' : 'group' in subject ? 'group' : 'user';

function subjectOf({ subject }: Asked): Subject {
  if ('serviceAccount' in subject) return objectSubject('ServiceAccount', subject.serviceAccount);
  return 'group' in subject ? { kind: 'Group', name: subject.group } : { kind: 'User', name: subject.user };
}

/** `create pods/exec in mcp-production`, `get deployments.apps "api" in the whole cluster`. */
function requestOf({ verb, group, resource, subresource, namespace, name, path }: Asked): string {
  if (path !== undefined) return `${verb} ${path}`;
  const what = `${resource ?? ''}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  const which = name === undefined ? '' : ` "${name}"`;
  return `${verb} ${what}${which} in ${namespace ?? 'the whole cluster'}`;
}

export function judge({ namespaces, can, cannot, dangling }: Params, seen: Seen, say: Say<typeof messages>): void {
  const { answers, refusal, policy, bootstrap, accounts } = seen;
  const all = [...can, ...cannot];
  const rows = all.flatMap((asked, index) => {
    const [answer, expected] = [answers[index], index < can.length];
    return answer ? [{ ...answer, asked, expected, subject: subjectOf(asked), request: requestOf(asked) }] : [];
  });
  /** Not true of accounts whose namespace was not read. */
  const isGone = (namespace: string, name: string): boolean =>
    accounts.find((known) => known.namespace === namespace)?.names.includes(name) === false;

  if (refusal) say.refused(refusal);
  else if (rows.length < all.length) say.unsure('too-few-subjects', `${rows.length} of ${all.length} rows were asked.`);
  const alone = new Map<string, string>();
  for (const { asked, allowed, expected, reason, subject, request } of rows) {
    say.judged(`${subjectText(subject)}: ${request}`);
    // A refusal of somebody who is not there says nothing about who is.
    if (isGone(subject.namespace ?? '', subject.name)) say.fail('subjectMissing', subject);
    if (allowed !== expected)
      say.fail(expected ? 'refused' : 'allowed', subject, { request, reason: reason || 'no reason given' });
    const kind = kindOf(asked);
    const isControlled = rows.some((row) => row.expected && row.allowed && kindOf(row.asked) === kind);
    if (!expected && !isControlled && !alone.has(kind)) alone.set(kind, `${subjectText(subject)} may not ${request}`);
  }
  for (const [kind, fact] of alone)
    say.unsure(
      'no-positive-control',
      `${fact}, but no row shows a ${kind} that may do anything: an authorizer that knows none would answer the same. Add one to can.`,
    );

  const nowhere = new Set<string>();
  const isMeant = (binding: string): boolean => dangling.some((one) => one.binding === binding);
  for (const { binding, name, role, rules } of policyGrants(policy)) {
    if (binding.namespace !== '' && !namespaces.includes(binding.namespace)) continue;
    const lost = bootstrap.includes(binding.name)
      ? []
      : binding.subjects.flatMap((one) => {
          const account = serviceAccountOf(one, binding.namespace);
          return account && isGone(account.namespace, account.name) ? [`${account.namespace}/${account.name}`] : [];
        });
    if (rules === null || lost.length > 0) nowhere.add(name);
    if (isMeant(name)) continue;
    const subject = bindingSubject(binding);
    if (rules === null) say.fail('roleMissing', subject, { role }, { path: 'roleRef' });
    for (const account of lost) say.fail('accountMissing', subject, { account }, { path: 'subjects' });
  }
  say.show(
    table(
      'Access reviews',
      ['subject', 'request', 'expected', 'answer', 'reason'],
      rows.map(({ subject, request, expected, allowed, reason }) => [
        subjectText(subject),
        request,
        expected ? 'allowed' : 'refused',
        allowed ? 'allowed' : 'refused',
        reason,
      ]),
    ),
    table(
      'Bindings that may lead nowhere',
      ['binding', 'reason', 'needed'],
      dangling.map(({ binding, reason }) => [
        binding,
        reason,
        nowhere.has(binding) ? 'yes' : 'no: remove it from the item',
      ]),
    ),
    {
      type: 'text',
      title: 'Bindings looked at',
      text: `${policy.clusterRoleBindings.length} of the cluster, ${policy.roleBindings.length} of all namespaces`,
    },
  );
}

function bindingSubject({ namespace, name }: RbacPolicy['roleBindings'][number]): Subject {
  return namespace === ''
    ? objectSubject('ClusterRoleBinding', { name })
    : objectSubject('RoleBinding', { namespace, name });
}
