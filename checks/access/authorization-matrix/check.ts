import type { AccessAttributes, ClusterReader } from '../../contract/cluster.ts';
import { kubernetesName, namespaceList } from '../../contract/param-schemas.ts';
import { serviceAccountUser } from '../../../k8s/semantics/rbac.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { mayList, readList } from '../../protocols/kubernetes.ts';
import { mayReadRbac, readRbac, SERVICE_ACCOUNTS } from '../../protocols/rbac.ts';
import { judge, messages, type Answer, type Gathered } from './judge.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;

const asked = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['subject', 'verb'],
    properties: {
      subject: {
        description: 'Who: a user, a group, or a service account.',
        oneOf: [
          {
            type: 'object',
            additionalProperties: false,
            required: ['user'],
            properties: {
              user: text('Name of the user.'),
              groups: { type: 'array', items: text('A group.'), description: 'Groups of that user.' },
            },
          },
          {
            type: 'object',
            additionalProperties: false,
            required: ['group'],
            properties: { group: text('Name of the group: any member of it.') },
          },
          {
            type: 'object',
            additionalProperties: false,
            required: ['serviceAccount'],
            properties: {
              serviceAccount: {
                type: 'object',
                additionalProperties: false,
                required: ['namespace', 'name'],
                description: 'A service account.',
                properties: {
                  namespace: kubernetesName('Its namespace.'),
                  name: kubernetesName('Its name.'),
                },
              },
            },
          },
        ],
      },
      verb: text('get, list, create, delete, …'),
      group: { type: 'string', default: '', description: 'API group; empty for the core group.' },
      resource: text('Plural name of the resource; with it a path makes no sense.'),
      subresource: text('Subresource, for example exec.'),
      namespace: kubernetesName('Namespace. Absent: cluster-wide.'),
      name: text('Name of the object. Absent: any.'),
      path: { type: 'string', pattern: '^/', description: 'A path of the API server, instead of a resource.' },
    },
    oneOf: [{ required: ['resource'] }, { required: ['path'] }],
  },
} as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespaces', 'can', 'cannot'],
  properties: {
    namespaces: {
      ...namespaceList,
      description: 'Namespaces whose role bindings must lead somewhere; those of the cluster are looked at besides.',
    },
    can: { ...asked, description: 'Who may do what: also the positive controls of what nobody may.' },
    cannot: {
      ...asked,
      description: 'Who may not. Each needs somebody of the same kind (user, group, service account) who can.',
    },
    dangling: {
      type: 'array',
      default: [],
      description: 'Bindings that may lead nowhere, each with the reason why.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['binding', 'reason'],
        properties: {
          binding: text('The binding as evidence names it, for example "ClusterRoleBinding legacy".'),
          reason: { type: 'string', minLength: 10, description: 'Why it may, in a sentence.' },
        },
      },
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;
export type Asked = Params['can'][number];

export const authorizationMatrix = defineCheck({
  meta: {
    kind: 'access/authorization-matrix',
    title: 'Roles and role bindings grant what is expected',
    why: 'Roles are read one by one, but rights come from their sum: only the authorizer knows who may do what.',
    sees: 'The API server’s own answer (SubjectAccessReview) for each declared pair of subject and request, refusals beside a grant to the same kind of subject; and bindings whose role or service account does not exist. Not: rights that no row asks for.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespaces, can, cannot }: Params) => [
    { groups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    ...mayReadRbac(),
    ...accountNamespaces(namespaces, [...can, ...cannot]).flatMap((namespace) =>
      mayList([SERVICE_ACCOUNTS], namespace),
    ),
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  const rows = [...params.can, ...params.cannot];
  const rbac = await readRbac(cluster, fresh);
  const accounts = await Promise.all(
    accountNamespaces(params.namespaces, rows).map(async (namespace) => ({
      namespace,
      ...(await readList(cluster, SERVICE_ACCOUNTS, { namespace, fresh })),
    })),
  );
  const answers: Answer[] = [];
  for (const row of rows) answers.push(await ask(cluster, row));
  return {
    answers,
    policy: rbac.policy,
    bootstrap: rbac.objects
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults')
      .map(({ metadata }) => metadata.name),
    accounts: accounts.map(({ namespace, items }) => ({
      namespace,
      names: items.map(({ metadata }) => metadata.name),
    })),
    readings: [...rbac.readings, ...accounts.map(({ reading }) => reading)],
  };
}

/** Namespaces whose service accounts must be known: those looked at and those of the rows. */
function accountNamespaces(namespaces: readonly string[], rows: readonly Asked[]): string[] {
  const named = rows.flatMap(({ subject }) => ('serviceAccount' in subject ? [subject.serviceAccount.namespace] : []));
  return [...new Set([...namespaces, ...named])];
}

async function ask(cluster: ClusterReader, { subject, verb, ...rest }: Asked): Promise<Answer> {
  const { path, group, resource, subresource, namespace, name } = rest;
  const attributes: AccessAttributes =
    path === undefined
      ? {
          verb,
          group,
          resource: resource ?? '',
          ...(subresource === undefined ? {} : { subresource }),
          ...(namespace === undefined ? {} : { namespace }),
          ...(name === undefined ? {} : { name }),
        }
      : { verb, path };
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
