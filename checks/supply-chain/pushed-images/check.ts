import { nameList } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { blobMessages, blobReader, bytesOf, judgeBlobs, maxRead } from '../held-blobs.ts';
import {
  judgeRelease,
  lookupMessages,
  mayReadRelease,
  readRelease,
  releaseParams,
  releaseRequired,
  releaseVersion,
  subjectOf,
} from '../release-images.ts';

export const pushedImages = kind('supply-chain/pushed-images', {
  title: 'The images of the release were pushed completely',
  why: 'A push that broke off leaves a tag that resolves and a layer that does not: it shows on the first node that has no copy.',
  sees: [
    'Every image the Deployments of the release name is tagged with its version and resolves by tag and by digest.',
    'Its configuration and every layer of each platform were read from the registry and have the digests that the manifests name.',
  ],
  not: [
    'Layers beyond maxRead: they are in doubt.',
    'The build: golive builds and pushes nothing here; supply-chain/image-provenance tells from which commit it was built.',
  ],
  needs: ['cluster', 'http'],
  required: [...releaseRequired, 'version'],
  params: { ...releaseParams, version: releaseVersion, maxRead: { ...maxRead, default: '4Gi' } },
  messages: {
    ...lookupMessages,
    ...blobMessages,
    otherTag: {
      says: '{subject}: is tagged {actual}, expected {expected}.',
      fix: 'Push the images as the version of the release and name that tag in the manifest of {owners}.',
    },
  },
  rights: mayReadRelease,

  gather: (params, capabilities, context) =>
    readRelease(params, capabilities, context, blobReader(bytesOf(params.maxRead))),

  judge(params, seen, say) {
    const { version } = params;
    judgeRelease(say, params, seen);
    for (const { image, repository, tag, owners } of seen.images)
      if (repository !== null && tag !== version)
        say.fail('otherTag', subjectOf({ image }), {
          actual: tag ?? 'with nothing',
          expected: version,
          owners: nameList(owners),
        });
    judgeBlobs(say, seen.content, params.maxRead);
  },
});
