import { kind } from '../../kit/kind.ts';
import { mayList, PODS } from '../../protocols/kubernetes.ts';
import { mayReadRelease, readRelease, releaseParams, releaseRequired, releaseVersion } from '../release-images.ts';
import { judge, messages } from './judge.ts';

export const imageReference = kind('supply-chain/image-reference', {
  title: 'Images are named by version and digest, and pods run that digest',
  why: 'A tag can be moved: two pods of one Deployment then run different code, and a rollback brings back something else.',
  sees: [
    'Every container of the Deployments of the release names a tag equal to the version and a digest, both leading to the same image in the registry.',
    'Every pod runs that digest by its status.',
  ],
  not: ['What is in the image (supply-chain/pushed-images, supply-chain/image-provenance).'],
  needs: ['cluster', 'http'],
  required: [...releaseRequired, 'version'],
  params: { ...releaseParams, version: releaseVersion },
  messages,
  rights: (params) => [...mayReadRelease(params), ...mayList([PODS], params.namespace)],

  async gather(params, { cluster, http }, context) {
    const { deployments, images } = await readRelease(params, { cluster, http }, context);
    const pods = await cluster.list(PODS, { namespace: params.namespace, fresh: context.fresh });
    return { deployments, images, pods: pods.items };
  },
  judge,
});
