/** How the walls of a namespace are judged. */
import { allowEverything, deniesByDefault, type Selectable } from '../../../k8s/semantics/network-policy.ts';
import { serviceAccountOf } from '../../../k8s/semantics/rbac-grants.ts';
import type { RbacPolicy } from '../../../k8s/semantics/rbac.ts';
import { quotaLimitsPods, rangeLimitsContainers } from '../../../k8s/semantics/resource-limits.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, type Say } from '../../kit/kind.ts';
import { allowancesOf } from '../allowances.ts';

export const messages = {
  noDefaultDeny: {
    says: '{subject}: no network policy denies {direction} of every pod by default, expected one with an empty podSelector and no {direction} rules.',
    fix: 'Apply a NetworkPolicy with an empty podSelector and policyTypes: [Ingress, Egress], and allow what is needed in others.',
  },
  allowsAll: {
    says: '{subject}: {direction} of every pod is open to everybody again by {policies}, expected the default deny to hold.',
    fix: 'Name peers and ports in the rules of these network policies: policies add up, and what one allows no other denies.',
  },
  noQuota: {
    says: '{subject}: has no ResourceQuota that limits CPU, memory or the number of its pods, expected one.',
    fix: 'Apply a ResourceQuota without scopes, with spec.hard for requests and limits of CPU and memory, and for pods.',
  },
  noLimitRange: {
    says: '{subject}: has no LimitRange with a default or a maximum of CPU or memory for containers, expected one.',
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
  /** Labels of its pods and pod templates. */
  readonly pods: Selectable['pods'];
}
export interface Seen {
  readonly namespaces: readonly NamespaceSeen[];
  /** Labels of every namespace of the cluster, by name. */
  readonly labels: Readonly<Record<string, Selectable['pods'][number]>>;
  /** The gate itself, as the cluster names it: it may look, or nothing here would be known. */
  readonly gate: string;
}
interface Params {
  readonly namespaces: readonly string[];
  readonly foreignSubjects: readonly { readonly subject: string; readonly reason: string }[];
}
type Binding = NamespaceSeen['bindings'][number];

export function judge(params: Params, { namespaces, labels, gate }: Seen, say: Say<typeof messages>): void {
  const declared = allowancesOf(params.foreignSubjects, ['subject']);
  for (const seen of namespaces) judgeWalls(seen, labels, say);
  const rows = namespaces.flatMap(({ namespace, bindings }) =>
    bindings.flatMap((binding) =>
      binding.subjects.map((one) => {
        const { granted, belongs } = grantedTo(namespace, binding, one);
        const role = `${binding.roleRef.kind} ${binding.roleRef.name}`;
        const isGate = granted === grantedTo('', binding, { kind: 'User', name: gate }).granted;
        if (belongs !== null && !isGate && !declared.allows(granted)) {
          const subject = objectSubject('RoleBinding', { namespace, name: binding.name });
          say.fail('foreignGrant', subject, { role, granted, belongs }, { path: 'subjects' });
        }
        return [`${namespace}/${binding.name}`, isGate ? `${granted} (the gate)` : granted, role];
      }),
    ),
  );
  for (const name of params.namespaces.filter((one) => !namespaces.some(({ namespace }) => namespace === one)))
    say.unsure('no-subjects', `Namespace ${name} was not looked at.`, {
      subject: objectSubject('Namespace', { name }),
    });
  say.show(
    table(
      'Namespaces',
      ['namespace', 'network policies', 'quotas', 'limit ranges', 'role bindings', 'pods and templates'],
      namespaces.map(({ namespace, policies, quotas, limitRanges, bindings, pods }) => [
        namespace,
        ...[policies, quotas, limitRanges].map(named),
        bindings.length,
        pods.length,
      ]),
    ),
    table('Subjects of role bindings', ['binding', 'subject', 'role'], rows),
    ...declared.shown('Foreign subjects declared'),
  );
}

function judgeWalls(
  { namespace, policies, quotas, limitRanges, pods }: NamespaceSeen,
  labels: Seen['labels'],
  say: Say<typeof messages>,
): void {
  const subject = objectSubject('Namespace', { name: namespace });
  say.judged(subject);
  const others = Object.entries(labels).filter(([name]) => name !== namespace);
  const among = { pods, otherNamespaces: others.map(([, own]) => own) };
  for (const direction of ['ingress', 'egress'] as const) {
    if (!policies.some(({ spec }) => deniesByDefault(spec, direction)))
      say.fail('noDefaultDeny', subject, { direction });
    const opens = (some: readonly Specified[]): boolean =>
      allowEverything(
        some.map(({ spec }) => spec),
        direction,
        among,
      );
    const alone = policies.filter((policy) => opens([policy]));
    for (const { name } of alone) say.fail('allowsAll', subject, { policies: name, direction });
    if (alone.length > 0 || !opens(policies)) continue;
    // Whatever can be taken away with the rest still open has no part in it.
    const together = policies.reduce((kept, policy) => {
      const rest = kept.filter((one) => one !== policy);
      return opens(rest) ? rest : kept;
    }, policies);
    say.fail('allowsAll', subject, { policies: named(together), direction });
  }
  if (!quotas.some(({ spec }) => quotaLimitsPods(spec))) say.fail('noQuota', subject);
  if (!limitRanges.some(({ spec }) => rangeLimitsContainers(spec))) say.fail('noLimitRange', subject);
}

const named = (list: readonly Specified[]): string =>
  nameList(
    list.map(({ name }) => name),
    10,
  );

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
