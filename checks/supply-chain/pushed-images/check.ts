import { nameList, table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import {
  heldBlobs,
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
    'The registry holds its configuration and every layer in full size.',
  ],
  not: [
    'The bytes of the layers.',
    'The build: golive builds and pushes nothing here; supply-chain/image-provenance tells from which commit it was built.',
  ],
  needs: ['cluster', 'http'],
  required: [...releaseRequired, 'version'],
  params: { ...releaseParams, version: releaseVersion },
  messages: {
    ...lookupMessages,
    otherTag: {
      says: '{subject}: is tagged {actual}, expected {expected}.',
      fix: 'Push the images as the version of the release and name that tag in the manifest of {owners}.',
    },
    incomplete: {
      says: '{subject}: the registry lacks {blob} of {digest}, expected all that its manifest names.',
      fix: 'Push the image again: nodes that do not have it yet cannot pull it.',
    },
    damaged: {
      says: '{subject}: {blob} of {digest} is {actual} bytes in the registry, expected {expected}.',
      fix: 'Push the image again, and look for what damaged the storage of the registry.',
    },
  },
  rights: mayReadRelease,

  gather: (params, capabilities, context) =>
    readRelease(params, capabilities, context, async ({ config, layers }, where) => ({
      configuration: await heldBlobs(where, [config]),
      layers: await heldBlobs(where, layers),
    })),

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
    const blobs = seen.content.flatMap(({ image, digest, configuration, layers }) => [
      ...configuration.map((one) => ({ image, digest, blob: `configuration ${one.digest}`, ...sizes(one) })),
      ...layers.map((one) => ({ image, digest, blob: `layer ${one.digest}`, ...sizes(one) })),
    ]);
    for (const { image, digest, blob, actual, expected } of blobs)
      if (actual === null) say.fail('incomplete', subjectOf({ image }), { blob, digest });
      else if (actual !== expected) say.fail('damaged', subjectOf({ image }), { blob, digest, actual, expected });
    say.show(
      table(
        'Content in the registry',
        ['image', 'manifest', 'blob', 'bytes', 'in the registry'],
        blobs.map(({ image, digest, blob, actual, expected }) => [image, digest, blob, expected, actual]),
      ),
    );
  },
});

const sizes = ({ declared, actual }: { readonly declared: number; readonly actual: number | null }) => ({
  actual,
  expected: declared,
});
