import { RBAC_RISKS } from '../../../k8s/semantics/rbac-risks.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { at } from '../../contract/json.ts';
import { mayList, readList } from '../../protocols/kubernetes.ts';
import { mayReadRbac, readRbac, SERVICE_ACCOUNTS } from '../../protocols/rbac.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { judge, messages, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespaces'],
  properties: {
    namespaces: namespaceList,
    exceptions: {
      type: 'array',
      default: [],
      description:
        'What service accounts may have nevertheless, each with the reason why; one that is not needed is told.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['account', 'risk', 'reason'],
        properties: {
          account: {
            type: 'string',
            pattern: '^[a-z0-9][-a-z0-9.]*/[a-z0-9][-a-z0-9.]*$',
            description: 'The service account: namespace/name.',
          },
          risk: {
            type: 'string',
            enum: [...RBAC_RISKS, 'cluster-admin', 'token-mounted'],
            description: 'What it may have, as the finding names it.',
          },
          reason: { type: 'string', minLength: 10, description: 'Why it needs that, in a sentence.' },
        },
      },
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const minimalPrivileges = defineCheck({
  meta: {
    kind: 'access/minimal-privileges',
    title: 'Service accounts have minimal privileges',
    why: 'Whoever gets into a container has the rights of its service account: a wildcard there is the whole cluster.',
    sees: 'Every binding that grants to a service account of the namespaces, or to a group of all of them, and the rules behind it, aggregated ones too: wildcards, listing of Secrets, escalation, impersonation, ways into pods, cluster-admin; and tokens mounted where the account may do nothing. Not: whether a narrow right is needed.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespaces }: Params) => [
    ...mayReadRbac(),
    ...namespaces.flatMap((namespace) => mayList([SERVICE_ACCOUNTS], namespace)),
    ...mayReadWorkloads(namespaces),
  ],
  gather,
  judge,
});

async function gather(
  { namespaces }: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  context: CheckContext,
): Promise<Gathered> {
  const { fresh } = context;
  const rbac = await readRbac(cluster, fresh);
  const accounts = await Promise.all(
    namespaces.map(async (namespace) => await readList(cluster, SERVICE_ACCOUNTS, { namespace, fresh })),
  );
  const { sources, readings } = await readWorkloads(cluster, namespaces, context);
  return {
    policy: rbac.policy,
    accounts: accounts.flatMap(({ items }) =>
      items.map((item) => ({
        namespace: item.metadata.namespace ?? '',
        name: item.metadata.name,
        automount: at(item, 'automountServiceAccountToken') !== false,
      })),
    ),
    sources,
    readings: [...rbac.readings, ...accounts.map(({ reading }) => reading), ...readings],
  };
}
