import { table } from '../../kit/evidence.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import { readLabels } from '../../protocols/oci-blobs.ts';
import {
  judgeRelease,
  lookupMessages,
  mayReadRelease,
  readRelease,
  releaseParams,
  releaseRequired,
  subjectOf,
} from '../release-images.ts';

/** Labels of the OCI image specification ("Pre-Defined Annotation Keys"). */
const REVISION = 'org.opencontainers.image.revision';
const VERSION = 'org.opencontainers.image.version';

export const imageProvenance = kind('supply-chain/image-provenance', {
  title: 'Images say they were built from the commit of this release',
  why: 'An image of the right name from another commit passes every test of the wrong code.',
  sees: [
    'Every image that the Deployments of the release name, by tag and by digest and for every platform.',
    'The labels of its configuration, whose bytes have the digest that the manifest names, hold this commit and this version.',
  ],
  not: [
    'Whether the labels are true; a signed attestation would show that.',
    'The bytes of the layers (supply-chain/pushed-images).',
  ],
  needs: ['cluster', 'http'],
  required: [...releaseRequired, 'commit', 'version'],
  params: {
    ...releaseParams,
    commit: { type: 'string', minLength: 1, description: 'Git commit of the release, in full: ${release.commit}.' },
    version: { type: 'string', minLength: 1, description: 'Version of the release: ${release.version}.' },
  },
  messages: {
    ...lookupMessages,
    noLabels: {
      says: '{subject}: {digest} has no label {label}, expected {expected}.',
      fix: 'Set the label when the image is built, from the commit and version that are built.',
    },
    otherCommit: {
      says: '{subject}: {digest} was built from commit {actual}, expected {expected}.',
      fix: 'Build and push the image from the commit of the release, or correct the release.',
    },
    otherVersion: {
      says: '{subject}: {digest} says it is version {actual}, expected {expected}.',
      fix: 'Build and push the image as the version of the release, or correct the release.',
    },
    noConfiguration: {
      says: '{subject}: the registry lost the configuration of {digest}, expected its labels.',
      fix: 'Push the image again: nobody can pull it as it is.',
    },
  },
  rights: mayReadRelease,

  gather(params, capabilities, context) {
    if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(params.commit))
      throw new ObservationError(
        'misconfigured',
        `The commit of the release is "${params.commit}", expected a whole Git commit`,
        { fix: 'Name the commit in the release of the checklist, 40 hexadecimal digits.' },
      );
    return readRelease(params, capabilities, context, async ({ config }, place) => ({
      labels: await readLabels(place, config),
    }));
  },

  judge(params, seen, say) {
    judgeRelease(say, params, seen);
    for (const { image, digest, labels } of seen.content) {
      const subject = subjectOf({ image });
      if (labels === null) {
        say.fail('noConfiguration', subject, { digest });
        continue;
      }
      const wanted = [
        { label: REVISION, expected: params.commit, other: 'otherCommit' },
        { label: VERSION, expected: params.version, other: 'otherVersion' },
      ] as const;
      for (const { label, expected, other } of wanted) {
        const actual = labels[label] ?? '';
        if (actual === '') say.fail('noLabels', subject, { digest, label, expected });
        else if (bare(actual) !== bare(expected)) say.fail(other, subject, { digest, actual, expected });
      }
    }
    say.show(
      table(
        'Labels',
        ['image', 'digest', 'platform', 'commit', 'version'],
        seen.content.map(({ image, digest, platform, labels }) => [
          image,
          digest,
          platform,
          labels?.[REVISION] ?? null,
          labels?.[VERSION] ?? null,
        ]),
      ),
    );
  },
});

/** Tags are written with a v and labels often without, and a tag has _ for the + of build metadata: `v1.0.0_a` and `1.0.0+a` are one. */
const bare = (version: string): string => version.replace(/^v(?=[0-9])/, '').replace('+', '_');
