import { rbacPolicyOf } from '../../../k8s/semantics/rbac.ts';
import { textMap } from '../../../k8s/semantics/shape.ts';
import type { ResourceType } from '../../contract/cluster.ts';
import { at } from '../../contract/json.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayList, NAMESPACES } from '../../protocols/kubernetes.ts';
import { ROLE_BINDINGS } from '../../protocols/rbac.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { judge, messages } from './judge.ts';

const NETWORK_POLICIES: ResourceType = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
};
const RESOURCE_QUOTAS: ResourceType = { apiVersion: 'v1', kind: 'ResourceQuota', resource: 'resourcequotas' };
const LIMIT_RANGES: ResourceType = { apiVersion: 'v1', kind: 'LimitRange', resource: 'limitranges' };
const TYPES = [NETWORK_POLICIES, RESOURCE_QUOTAS, LIMIT_RANGES, ROLE_BINDINGS] as const;

export const namespaceIsolation = kind('access/namespace-isolation', {
  title: 'Namespaces are isolated from one another',
  why: 'Without its own limits a namespace is starved by its neighbours, and without a default deny whoever gets into one gets into all.',
  sees: [
    'Of each namespace, network policies that deny by default both ways, for every pod, and that do not open every pod to everybody again, alone or together, however they spell it.',
    'A quota and a limit range with limits of CPU, memory or pods in them.',
    'No role binding to a service account of another namespace, or to everybody; the gate itself may be bound.',
  ],
  not: ['Cluster-wide bindings.', 'Which traffic the other policies allow.'],
  needs: ['cluster'],
  required: ['namespaces'],
  params: {
    namespaces: namespaceList,
    foreignSubjects: {
      type: 'array',
      default: [],
      description: 'Subjects of other namespaces that may be granted to, each with the reason why.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['subject', 'reason'],
        properties: {
          subject: {
            type: 'string',
            pattern: '^(ServiceAccount|User|Group) .+',
            description:
              'As evidence names it: "ServiceAccount golive/gate", "User golive-gate", "Group system:authenticated".',
          },
          reason: { type: 'string', minLength: 10, description: 'Why it may, in a sentence.' },
        },
      },
    },
  },
  messages,
  rights: ({ namespaces }) => [
    ...mayList([NAMESPACES]),
    ...namespaces.flatMap((namespace) => mayList(TYPES, namespace)),
    ...mayReadWorkloads(namespaces),
  ],

  async gather({ namespaces }, { cluster }, context) {
    const { fresh } = context;
    const { user: gate } = await cluster.whoAmI();
    const { items } = await cluster.list(NAMESPACES, { fresh });
    const seen = namespaces.map(async (namespace) => {
      const lists = TYPES.map(async (type) => (await cluster.list(type, { namespace, fresh })).items);
      const [policies = [], quotas = [], ranges = [], bindings = []] = await Promise.all(lists);
      const { sources } = await readWorkloads(cluster, [namespace], context);
      return {
        namespace,
        pods: sources.map(({ podMetadata }) => textMap(at(podMetadata, 'labels'))),
        policies: policies.map(({ metadata, spec }) => ({ name: metadata.name, spec })),
        quotas: quotas.map(({ metadata, spec }) => ({ name: metadata.name, spec })),
        limitRanges: ranges.map(({ metadata, spec }) => ({ name: metadata.name, spec })),
        bindings: rbacPolicyOf(bindings.map((item) => ({ ...item, kind: 'RoleBinding' }))).roleBindings,
      };
    });
    const labels = Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
    return { namespaces: await Promise.all(seen), labels, gate };
  },

  judge,
});
