import { RBAC_RISKS } from '../../../k8s/semantics/rbac-risks.ts';
import { at } from '../../contract/json.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayList, SERVICE_ACCOUNTS } from '../../protocols/kubernetes.ts';
import { mayReadRbac, readRbac } from '../../protocols/rbac.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { judge, messages } from './judge.ts';

export const minimalPrivileges = kind('access/minimal-privileges', {
  title: 'Service accounts have minimal privileges',
  why: 'Whoever gets into a container has the rights of its service account: a wildcard there is the whole cluster.',
  sees: [
    'Every binding that grants to a service account of the namespaces, or to a group of all of them.',
    'The rules behind it, aggregated ones too: wildcards and cluster-admin, Secrets, ways to make pods or into them, tokens, escalation, admission, certificates, nodes, namespaces, and the API itself.',
    'Tokens mounted where the account may do nothing.',
  ],
  not: ['Whether a narrow right is needed.'],
  needs: ['cluster'],
  required: ['namespaces'],
  params: {
    namespaces: namespaceList,
    exceptions: {
      type: 'array',
      default: [],
      description:
        'What service accounts may have nevertheless, each with the reason why; one that is not needed is reported.',
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
  messages,
  rights: ({ namespaces }) => [
    ...mayReadRbac(),
    ...namespaces.flatMap((namespace) => mayList([SERVICE_ACCOUNTS], namespace)),
    ...mayReadWorkloads(namespaces),
  ],

  async gather({ namespaces }, { cluster }, context) {
    const { policy } = await readRbac(cluster, context.fresh);
    const lists = await Promise.all(
      namespaces.map((namespace) => cluster.list(SERVICE_ACCOUNTS, { namespace, fresh: context.fresh })),
    );
    const accounts = lists.flatMap(({ items }) =>
      items.map((item) => ({
        namespace: item.metadata.namespace ?? '',
        name: item.metadata.name,
        automount: at(item, 'automountServiceAccountToken') !== false,
      })),
    );
    const { sources } = await readWorkloads(cluster, namespaces, context);
    return { policy, accounts, sources };
  },

  judge,
});
