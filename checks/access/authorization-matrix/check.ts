import type { AccessAttributes, ClusterReader } from '../../contract/cluster.ts';
import { serviceAccountUser } from '../../../k8s/semantics/rbac.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { mayList, SERVICE_ACCOUNTS } from '../../protocols/kubernetes.ts';
import { mayReadRbac, readRbac } from '../../protocols/rbac.ts';
import { judge, messages } from './judge.ts';
import { params, type Asked } from './params.ts';

export const authorizationMatrix = kind('access/authorization-matrix', {
  title: 'Roles and role bindings grant what is expected',
  why: 'Roles are read one by one, but rights come from their sum: only the authorizer knows who may do what.',
  sees: [
    'The API server’s own answer (SubjectAccessReview) for each declared pair of subject and request.',
    'Refusals beside a grant to the same kind of subject.',
    'Bindings whose role or service account does not exist.',
  ],
  not: ['Rights that no row asks for.'],
  needs: ['cluster'],
  required: ['namespaces', 'can', 'cannot'],
  params,
  messages,
  rights: ({ namespaces, can, cannot }) => [
    { groups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    ...mayReadRbac(),
    ...accountNamespaces(namespaces, [...can, ...cannot]).flatMap((namespace) =>
      mayList([SERVICE_ACCOUNTS], namespace),
    ),
  ],

  async gather({ namespaces, can, cannot }, { cluster }, { fresh }) {
    const rows = [...can, ...cannot];
    const { policy, objects } = await readRbac(cluster, fresh);
    const accounts = await Promise.all(
      accountNamespaces(namespaces, rows).map(async (namespace) => {
        const { items } = await cluster.list(SERVICE_ACCOUNTS, { namespace, fresh });
        return { namespace, names: items.map(({ metadata }) => metadata.name) };
      }),
    );
    const reviews = await attempt(() => Promise.all(rows.map((row) => ask(cluster, row))));
    return {
      answers: reviews.seen ?? [],
      refusal: reviews.refusal,
      policy,
      bootstrap: objects
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults')
        .map(({ metadata }) => metadata.name),
      accounts,
    };
  },

  judge,
});

/** Namespaces whose service accounts must be known: those looked at and those of the rows. */
function accountNamespaces(namespaces: readonly string[], rows: readonly Asked[]): string[] {
  const named = rows.flatMap(({ subject }) => ('serviceAccount' in subject ? [subject.serviceAccount.namespace] : []));
  return [...new Set([...namespaces, ...named])];
}

async function ask(cluster: ClusterReader, { subject, verb, path, resource = '', ...rest }: Asked) {
  const attributes = (path === undefined ? { verb, resource, ...rest } : { verb, path }) as AccessAttributes;
  const { allowed, reason } = await cluster.canUser(userOf(subject), attributes);
  return { allowed, reason };
}

/** Everybody who is somebody belongs to system:authenticated; the member of a group is a user nobody has. */
function userOf(subject: Asked['subject']): { readonly user: string; readonly groups: readonly string[] } {
  if ('serviceAccount' in subject)
    return serviceAccountUser(subject.serviceAccount.namespace, subject.serviceAccount.name);
  if ('group' in subject) return { user: 'golive:a-member', groups: [subject.group, 'system:authenticated'] };
  return { user: subject.user, groups: [...(subject.groups ?? []), 'system:authenticated'] };
}
