import type { KubeObject } from '../../contract/cluster.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import { DURATION_PATTERN } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, mayList, PODS, readList, REPLICA_SETS } from '../../protocols/kubernetes.ts';
import { judge, messages, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'deployments'],
  properties: {
    namespace: kubernetesName('Namespace of the Deployments and Services.'),
    deployments: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: kubernetesName('Name of a Deployment.'),
      description: 'Deployments that must exist and have rolled out.',
    },
    services: {
      type: 'array',
      uniqueItems: true,
      default: [],
      items: kubernetesName('Name of a Service.'),
      description: 'Services that must have ready endpoints, pods of these Deployments and no others.',
    },
    pods: {
      type: 'array',
      uniqueItems: true,
      default: [],
      items: kubernetesName('Name of a Pod.'),
      description: 'Pods that belong to no Deployment and must be ready, too.',
    },
    requireDigest: {
      type: 'boolean',
      default: false,
      description: 'Whether each image of a template must be named by its digest.',
    },
    maxRestarts: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Restarts a container of a current pod may have had.',
    },
    restartWindow: {
      type: 'string',
      pattern: DURATION_PATTERN,
      description: 'Restarts count only where the last one is not longer ago than this; absent: all do.',
    },
    restartsOfAll: {
      type: 'boolean',
      default: false,
      description: 'Whether restarts are judged of every other pod of the namespace as well, whoever it belongs to.',
    },
    minReplicas: {
      type: 'integer',
      minimum: 1,
      default: 1,
      description: 'Replicas each Deployment must want: one scaled to nothing has rolled out, too.',
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const rollout = defineCheck({
  meta: {
    kind: 'workloads/rollout',
    title: 'Deployments have rolled out completely',
    why: 'Half a rollout serves two versions at once, and the status of the release before looks complete until the new one is observed.',
    sees: 'For each Deployment: that the controller has observed this generation, updated = available = desired, no pod of an older revision, every pod running the images of the template by one and the same digest (with requireDigest: named by digest), no container of these pods restarted more often than allowed; for each other pod named: that it is ready, and its restarts; with restartsOfAll the restarts of all other pods of the namespace; for each Service: ready endpoints, all of them pods of these Deployments. Not: whether the pods answer; traffic/service-health asks them.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespace, services }: Params) =>
    mayList([DEPLOYMENTS, REPLICA_SETS, PODS, ...(services.length > 0 ? [ENDPOINT_SLICES] : [])], namespace),
  gather,
  judge,
});

async function gather(
  { namespace, deployments, services }: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  { fresh }: CheckContext,
): Promise<Gathered> {
  // Deployments last: whatever changes in between, their status is never older than the pods it is held against.
  const pods = await readList(cluster, PODS, { namespace, fresh });
  const sets = await readList(cluster, REPLICA_SETS, { namespace, fresh });
  const slices = services.length > 0 ? await readList(cluster, ENDPOINT_SLICES, { namespace, fresh }) : null;
  const found = await readList(cluster, DEPLOYMENTS, { namespace, fresh });
  return {
    deployments: found.items.filter(({ metadata }) => deployments.includes(metadata.name)),
    replicaSets: sets.items,
    pods: pods.items,
    services: services.map((name) => ({
      name,
      endpoints: endpointsOf((slices?.items ?? []).filter((slice) => serviceOf(slice) === name)),
    })),
    readings: [found.reading, sets.reading, pods.reading, ...(slices ? [slices.reading] : [])],
  };
}

const serviceOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.['kubernetes.io/service-name'];
