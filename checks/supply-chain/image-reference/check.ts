import type { KubeObject } from '../../contract/cluster.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { mayList, PODS, readList } from '../../protocols/kubernetes.ts';
import { mayReadRelease, readRelease, releaseProperties, releaseRequired, releaseVersion } from '../oci-workloads.ts';
import { judge, messages, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: [...releaseRequired, 'version'],
  properties: {
    ...releaseProperties,
    version: releaseVersion,
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const imageReference = defineCheck({
  meta: {
    kind: 'supply-chain/image-reference',
    title: 'Images are named by version and digest, and pods run that digest',
    why: 'A tag can be moved: two pods of one Deployment then run different code, and a rollback brings back something else.',
    sees: 'Of every container of the Deployments of the release: a tag equal to the version, a digest, both leading to the same image in the registry, and every pod running that digest by its status. Not: what is in the image.',
    needs: ['cluster', 'http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: (params: Params) => [...mayReadRelease(params), ...mayList([PODS], params.namespace)],
  gather,
  judge,
});

async function gather(
  params: Params,
  capabilities: Pick<Capabilities, 'cluster' | 'http'>,
  context: CheckContext,
): Promise<Gathered> {
  const { release } = await readRelease(params, capabilities, context);
  const { namespace } = params;
  const pods = await readList(capabilities.cluster, PODS, { namespace, fresh: context.fresh });
  const items: readonly KubeObject[] = pods.items;
  return { release: { ...release, readings: [...release.readings, pods.reading] }, pods: items };
}
