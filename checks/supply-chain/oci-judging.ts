/** What the kinds that judge images of a release say alike. */
import type { Evidence, Finding, NonEmpty } from '../kit/define-check.ts';
import { nameList, readingEvidence, table } from '../kit/evidence.ts';
import { nameOf } from '../protocols/kubernetes.ts';
import type { Lookup } from '../protocols/oci-manifests.ts';
import type { Release, ReleaseImage } from './oci-workloads.ts';

export const lookupMessages = {
  elsewhere: {
    says: '{subject}: comes from {host}, expected an image of {hosts}.',
    fix: 'Move the image to the registry of the release; or add the host to the item if that registry stands for it, or the repository to thirdParty if others built it.',
  },
  notInRegistry: {
    says: '{subject}: the registry answers {status} for {reference}, expected its manifest.',
    fix: 'Push the image again, or correct the reference in the manifest of {owners}.',
  },
};
export type LookupId = keyof typeof lookupMessages;

export const subjectOf = ({ image }: Pick<ReleaseImage, 'image'>): string => `Image ${image}`;

/** An image that is not there by a name it is called by, or that was not looked for because it comes from elsewhere. */
export function lookupFindings(image: ReleaseImage, hosts: readonly string[]): Finding<LookupId>[] {
  const subject = subjectOf(image);
  if (image.repository === null) {
    const host = image.host === '' ? 'nowhere (it is no image reference)' : image.host;
    return [{ message: 'elsewhere', subject, data: { host, hosts: nameList(hosts) } }];
  }
  const missing = (lookup: Lookup | null, reference: string): Finding<LookupId>[] =>
    lookup === null || lookup.found
      ? []
      : [
          {
            message: 'notInRegistry',
            subject,
            data: { status: lookup.status, reference, owners: nameList(image.owners) },
          },
        ];
  return [
    ...missing(image.byTag, `tag ${image.tag ?? 'latest'}`),
    ...missing(image.byDigest, `digest ${image.digest ?? ''}`),
  ];
}

/** What was read and what it leads to. */
export function releaseEvidence({ deployments, images, readings }: Release): NonEmpty<Evidence> {
  return [
    lookupTable(images),
    {
      type: 'text',
      title: 'Deployments of the release',
      text: nameList(
        deployments.map((item) => nameOf('Deployment', item)),
        50,
      ),
    },
    ...readings.map(readingEvidence),
  ];
}

export function lookupTable(images: readonly ReleaseImage[]): Evidence {
  const shown = (lookup: Lookup | null): string =>
    lookup === null ? 'not named' : lookup.found ? lookup.digest : `answered ${lookup.status}`;
  return table(
    'Images in the registry',
    ['image', 'named by', 'by tag', 'by digest'],
    images.map((image) => [image.image, nameList(image.owners), shown(image.byTag), shown(image.byDigest)]),
  );
}
