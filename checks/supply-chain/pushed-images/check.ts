import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { blobSize } from '../../protocols/oci-manifests.ts';
import { lookupFindings, lookupMessages, releaseEvidence, subjectOf } from '../oci-judging.ts';
import {
  foundImages,
  mayReadRelease,
  readRelease,
  releaseProperties,
  releaseRequired,
  releaseVersion,
  type Release,
} from '../oci-workloads.ts';

const messages = {
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
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: [...releaseRequired, 'version'],
  properties: {
    ...releaseProperties,
    version: releaseVersion,
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface PushedBlob {
  readonly image: string;
  /** Of the manifest that names it. */
  readonly manifest: string;
  /** `configuration sha256:…` or `layer sha256:…`. */
  readonly blob: string;
  readonly declared: number;
  /** Bytes the registry holds; null when it does not have the blob. */
  readonly actual: number | null;
}
interface Gathered {
  readonly release: Release;
  readonly blobs: readonly PushedBlob[];
}

export const pushedImages = defineCheck({
  meta: {
    kind: 'supply-chain/pushed-images',
    title: 'The images of the release were pushed completely',
    why: 'A push that broke off leaves a tag that resolves and a layer that does not: it shows on the first node that has no copy.',
    sees: 'That every image the Deployments of the release name is tagged with its version, resolves by tag and by digest, and that the registry holds its configuration and every layer in full size. Not: the build. golive builds and pushes nothing here; supply-chain/image-provenance tells from which commit it was built.',
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
  const { session, release } = await readRelease(params, capabilities, context);
  const blobs: PushedBlob[] = [];
  for (const image of release.images) {
    for (const { digest: manifest, config, layers } of foundImages(image).flatMap(({ manifests }) => manifests)) {
      const named = [{ what: 'configuration', one: config }, ...layers.map((one) => ({ what: 'layer', one }))];
      for (const { what, one } of named) {
        const actual = await blobSize(session, image.repository ?? '', one);
        blobs.push({ image: image.image, manifest, blob: `${what} ${one.digest}`, declared: one.size, actual });
      }
    }
  }
  return { release, blobs };
}

function judge(params: Params, { release, blobs }: Gathered): Judgement<Id> {
  const { version, hosts, namespace, selector } = params;
  const tags = release.images
    .filter((image) => image.repository !== null && image.tag !== version)
    .map((image): Finding<Id> => ({
      message: 'otherTag',
      subject: subjectOf(image),
      data: { actual: image.tag ?? 'with nothing', expected: version, owners: nameList(image.owners) },
    }));
  const findings = [
    ...release.images.flatMap((image) => lookupFindings(image, hosts)),
    ...tags,
    ...blobs.flatMap(blobFindings),
  ];
  const unread = release.images.filter(
    (image) => foundImages(image).length > 0 && !blobs.some((one) => one.image === image.image),
  );
  const evidence = [
    table(
      'Content in the registry',
      ['image', 'manifest', 'blob', 'bytes', 'in the registry'],
      blobs.map(({ image, manifest, blob, declared, actual }) => [image, manifest, blob, declared, actual]),
    ),
    ...releaseEvidence(release),
  ] as const;
  if (findings.length === 0 && unread.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${nameList(unread.map(subjectOf))}: its content was not looked at.`,
      evidence,
    };
  const none = `No Deployment in ${namespace} with the labels ${selector} names an image.`;
  return judged(findings, release.images.map(subjectOf), evidence, none);
}

function blobFindings({ image, manifest: digest, blob, declared, actual }: PushedBlob): Finding<Id>[] {
  const subject = subjectOf({ image });
  if (actual === null) return [{ message: 'incomplete', subject, data: { blob, digest } }];
  if (actual === declared) return [];
  return [{ message: 'damaged', subject, data: { blob, digest, actual, expected: declared } }];
}
