import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { readLabels } from '../../protocols/oci-manifests.ts';
import { lookupFindings, lookupMessages, releaseEvidence, subjectOf } from '../oci-judging.ts';
import {
  foundImages,
  mayReadRelease,
  readRelease,
  releaseProperties,
  releaseRequired,
  type Release,
} from '../oci-workloads.ts';

/** Labels of the OCI image specification ("Pre-Defined Annotation Keys"). */
const REVISION = 'org.opencontainers.image.revision';
const VERSION = 'org.opencontainers.image.version';

const messages = {
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
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: [...releaseRequired, 'commit', 'version'],
  properties: {
    ...releaseProperties,
    commit: { type: 'string', minLength: 1, description: 'Git commit of the release, in full: ${release.commit}.' },
    version: { type: 'string', minLength: 1, description: 'Version of the release: ${release.version}.' },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Labelled {
  readonly image: string;
  readonly digest: string;
  readonly platform: string | null;
  /** Null when the registry has no configuration of that digest. */
  readonly labels: Readonly<Record<string, string>> | null;
}
interface Gathered {
  readonly release: Release;
  readonly labelled: readonly Labelled[];
}

export const imageProvenance = defineCheck({
  meta: {
    kind: 'supply-chain/image-provenance',
    title: 'Images say they were built from the commit of this release',
    why: 'An image of the right name from another commit passes every test of the wrong code.',
    sees: 'For every image that the Deployments of the release name, by tag and by digest and for every platform: the labels of its configuration, whose bytes have the digest that the manifest names, hold this commit and this version. Not: whether the labels are true; a signed attestation would show that.',
    needs: ['cluster', 'http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: (params: Params) => mayReadRelease(params),
  gather,
  judge,
});

async function gather(
  params: Params,
  capabilities: Pick<Capabilities, 'cluster' | 'http'>,
  context: CheckContext,
): Promise<Gathered> {
  if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(params.commit))
    throw new ObservationError(
      'misconfigured',
      `The commit of the release is "${params.commit}", expected a whole Git commit`,
      {
        fix: 'Name the commit in the release of the checklist, 40 hexadecimal digits.',
      },
    );
  const { session, release } = await readRelease(params, capabilities, context);
  const labelled: Labelled[] = [];
  for (const image of release.images) {
    for (const { digest, platform, config } of foundImages(image).flatMap(({ manifests }) => manifests)) {
      const labels = await readLabels(session, image.repository ?? '', config);
      labelled.push({ image: image.image, digest, platform, labels });
    }
  }
  return { release, labelled };
}

function judge(params: Params, { release, labelled }: Gathered): Judgement<Id> {
  const findings: Finding<Id>[] = [
    ...release.images.flatMap((image) => lookupFindings(image, params.hosts)),
    ...labelled.flatMap((one) => labelFindings(one, params)),
  ];
  // An image that leads to nothing was found missing above; one that leads somewhere must have been read.
  const unread = release.images.filter(
    (image) => foundImages(image).length > 0 && !labelled.some((one) => one.image === image.image),
  );
  const evidence = [
    table(
      'Labels',
      ['image', 'digest', 'platform', 'commit', 'version'],
      labelled.map(({ image, digest, platform, labels }) => [
        image,
        digest,
        platform,
        labels?.[REVISION] ?? null,
        labels?.[VERSION] ?? null,
      ]),
    ),
    ...releaseEvidence(release),
  ] as const;
  if (findings.length === 0 && unread.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${nameList(unread.map(subjectOf))}: no configuration was read.`,
      evidence,
    };
  return judged(findings, release.images.map(subjectOf), evidence, noImages(params));
}

const noImages = ({ namespace, selector }: Params): string =>
  `No Deployment in ${namespace} with the labels ${selector} names an image.`;

function labelFindings(one: Labelled, { commit, version }: Params): Finding<Id>[] {
  const subject = subjectOf(one);
  const { digest, labels } = one;
  if (labels === null) return [{ message: 'noConfiguration', subject, data: { digest } }];
  const judgeLabel = (label: string, expected: string, message: 'otherCommit' | 'otherVersion') => {
    const actual = labels[label] ?? '';
    if (actual === '') return { message: 'noLabels' as const, subject, data: { digest, label, expected } };
    return bare(actual) !== bare(expected) && { message, subject, data: { digest, actual, expected } };
  };
  return present<Finding<Id>>([
    judgeLabel(REVISION, commit, 'otherCommit'),
    judgeLabel(VERSION, version, 'otherVersion'),
  ]);
}

/** Tags are written with a v and labels often without: `v1.0.0` and `1.0.0` are one version. */
const bare = (version: string): string => version.replace(/^v(?=[0-9])/, '');
