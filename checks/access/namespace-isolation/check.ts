import type { ResourceType } from '../../contract/cluster.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { rbacPolicyOf } from '../../../k8s/semantics/rbac.ts';
import { mayList, readList } from '../../protocols/kubernetes.ts';
import { ROLE_BINDINGS } from '../../protocols/rbac.ts';
import { judge, messages, type Gathered, type NamespaceSeen } from './judge.ts';

const NETWORK_POLICIES: ResourceType = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  resource: 'networkpolicies',
};
const RESOURCE_QUOTAS: ResourceType = { apiVersion: 'v1', kind: 'ResourceQuota', resource: 'resourcequotas' };
const LIMIT_RANGES: ResourceType = { apiVersion: 'v1', kind: 'LimitRange', resource: 'limitranges' };
const TYPES = [NETWORK_POLICIES, RESOURCE_QUOTAS, LIMIT_RANGES, ROLE_BINDINGS] as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespaces'],
  properties: {
    namespaces: namespaceList,
    foreignSubjects: {
      type: 'array',
      default: [],
      description:
        'Subjects of other namespaces that may be granted to, each with the reason why: the gate’s own account for one.',
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
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const namespaceIsolation = defineCheck({
  meta: {
    kind: 'access/namespace-isolation',
    title: 'Namespaces are isolated from one another',
    why: 'Without its own limits a namespace is starved by its neighbours, and without a default deny whoever gets into one gets into all.',
    sees: 'Of each namespace: network policies that deny by default both ways, for every pod, and none that allows everything again; a quota and a limit range with limits in them; and no role binding to a service account of another namespace, or to everybody. Not: cluster-wide bindings, nor which traffic the other policies allow.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespaces }: Params) => namespaces.flatMap((namespace) => mayList(TYPES, namespace)),
  gather,
  judge,
});

async function gather(
  { namespaces }: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  const seen = await Promise.all(
    namespaces.map(async (namespace): Promise<NamespaceSeen> => {
      const [policies, quotas, ranges, bindings] = await Promise.all([
        readList(cluster, NETWORK_POLICIES, { namespace, fresh }),
        readList(cluster, RESOURCE_QUOTAS, { namespace, fresh }),
        readList(cluster, LIMIT_RANGES, { namespace, fresh }),
        readList(cluster, ROLE_BINDINGS, { namespace, fresh }),
      ]);
      return {
        namespace,
        policies: policies.items.map(({ metadata, spec }) => ({ name: metadata.name, spec })),
        quotas: quotas.items.map(({ metadata, spec }) => ({ name: metadata.name, spec })),
        limitRanges: ranges.items.map(({ metadata, spec }) => ({ name: metadata.name, spec })),
        bindings: rbacPolicyOf(bindings.items.map((item) => ({ ...item, kind: 'RoleBinding' }))).roleBindings,
        readings: [policies, quotas, ranges, bindings].map(({ reading }) => reading),
      };
    }),
  );
  return { namespaces: seen };
}
