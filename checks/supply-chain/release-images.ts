/** The images that workloads name, held against the registry that has to have them: how the kinds about them look and judge alike. */
import { containersOf } from '../../k8s/semantics/pod-security.ts';
import { at, listAt } from '../contract/json.ts';
import { kubernetesName, registry } from '../contract/param-schemas.ts';
import type { KubeObject } from '../contract/cluster.ts';
import { nameList, table } from '../kit/evidence.ts';
import { attempt } from '../kit/kind.ts';
import type { Capabilities, CheckContext, ParamProperties, ParamsOf, Permission, Refusal, Say } from '../kit/kind.ts';
import { DEPLOYMENTS, mayList, mayReadSecrets, nameOf } from '../protocols/kubernetes.ts';
import { registrySession, type RegistrySession } from '../protocols/oci.ts';
import type { BlobPlace } from '../protocols/oci-blobs.ts';
import { lookUp, type ImageManifest, type Lookup } from '../protocols/oci-manifests.ts';
import { isHostOf, parseReference, repositoryName, type ImageReference } from '../protocols/oci-reference.ts';

/** Hosts of image references that the declared registry stands for. */
export const hosts = {
  type: 'array',
  minItems: 1,
  uniqueItems: true,
  items: { type: 'string', minLength: 1, description: 'Host as references name it, for example ghcr.io.' },
  description: 'Hosts of image references that are looked up at this registry, for example [ghcr.io].',
} as const;

/** Params of the kinds that judge the images of a release; a kind adds its own. */
export const releaseParams = {
  registry,
  hosts,
  namespace: kubernetesName('Namespace of the Deployments.'),
  selector: {
    type: 'string',
    minLength: 1,
    description: 'Label selector of the Deployments of this release, for example app.kubernetes.io/part-of=shop.',
  },
  thirdParty: {
    type: 'array',
    uniqueItems: true,
    default: [],
    items: { type: 'string', minLength: 1, description: 'Host and path, for example docker.io/envoyproxy/envoy.' },
    description: 'Repositories of images beside them that others built (sidecars): not judged.',
  },
} as const satisfies ParamProperties;
export const releaseRequired = ['registry', 'hosts', 'namespace', 'selector'] as const;
export const releaseVersion = {
  type: 'string',
  minLength: 1,
  description: 'Version of the release, which is the tag: ${release.version}.',
} as const;
export type ReleaseParams = ParamsOf<typeof releaseParams, (typeof releaseRequired)[number]>;

export const mayReadRelease = ({ namespace, registry: { credential } }: ReleaseParams): Permission[] => [
  ...mayList([DEPLOYMENTS], namespace),
  ...mayReadSecrets([credential?.password]),
];

/** An image as workloads name it. */
export interface NamedImage {
  /** The reference as it is written. */
  readonly image: string;
  /** `Deployment shop/api`, sorted. */
  readonly owners: readonly string[];
  /** Volumes take it, and no container runs it: it need not be an image. */
  readonly mounted?: boolean;
}
/** The same with what the registry has of it. */
export interface ReleaseImage extends NamedImage {
  /** Path at the registry; null when it is no reference, or one of another registry: then nothing was looked up. */
  readonly repository: string | null;
  readonly host: string;
  readonly tag: string | null;
  readonly digest: string | null;
  /** Null where the reference has no tag, no digest. One that has neither is looked up as `latest`. */
  readonly byTag: Lookup | null;
  readonly byDigest: Lookup | null;
  /** Why it, or what it leads to, could not be looked at. */
  readonly refused?: Refusal;
}
/** What was seen of one platform's image that a reference leads to. */
type Content<T> = T &
  Pick<ImageManifest, 'digest' | 'platform'> & { readonly image: string; readonly repository: string };
type Look<T> = (manifest: ImageManifest, at: BlobPlace) => Promise<T>;
interface LookedUp<T> {
  readonly images: readonly ReleaseImage[];
  readonly content: readonly Content<T>[];
}

interface Source {
  readonly owner: string;
  readonly podSpec: unknown;
}

/** Collects the images that containers run, by their reference. */
export const collectImages = (sources: readonly Source[]): NamedImage[] =>
  byReference(sources, (podSpec) => containersOf(podSpec).map(({ fields }) => fields['image']));

/** The same with those that are mounted as volumes. */
export function collectMountedToo(sources: readonly Source[]): NamedImage[] {
  const run = collectImages(sources);
  const mounted = byReference(sources, (podSpec) =>
    listAt(podSpec, 'volumes').map((volume) => at(volume, 'image', 'reference')),
  );
  const alone = mounted.filter(({ image }) => !run.some((one) => one.image === image));
  return [...run, ...alone.map((one) => ({ ...one, mounted: true }))];
}

function byReference(sources: readonly Source[], imagesIn: (podSpec: unknown) => readonly unknown[]): NamedImage[] {
  const owners = new Map<string, Set<string>>();
  for (const { owner, podSpec } of sources)
    for (const image of imagesIn(podSpec))
      if (typeof image === 'string') owners.set(image, (owners.get(image) ?? new Set()).add(owner));
  return [...owners].map(([image, names]) => ({ image, owners: [...names].sort() }));
}

/** The images that the templates of Deployments name, but for those of third parties. */
export function namedImages(
  deployments: readonly KubeObject[],
  thirdParty: readonly string[],
): (NamedImage & { readonly reference: ImageReference | null })[] {
  // An entry with a tag names one image, not a repository, and leaves nothing else out.
  const others = thirdParty.flatMap((text) => {
    const reference = parseReference(text);
    return reference?.tag === null && reference.digest === null ? repositoryName(reference) : [];
  });
  return collectImages(
    deployments.map((item) => ({ owner: nameOf('Deployment', item), podSpec: at(item, 'spec', 'template', 'spec') })),
  )
    .map((named) => ({ ...named, reference: parseReference(named.image) }))
    .filter(({ reference }) => reference === null || !others.includes(repositoryName(reference)));
}

/** Reads the Deployments of the release, looks up every image that their templates name and, with `look`, into each. */
export async function readRelease<T extends object = object>(
  { namespace, selector: labelSelector, registry: where, hosts: known, thirdParty }: ReleaseParams,
  { cluster, http }: Pick<Capabilities, 'cluster' | 'http'>,
  { fresh }: Pick<CheckContext, 'fresh'>,
  look?: Look<T>,
): Promise<LookedUp<T> & { readonly deployments: readonly KubeObject[] }> {
  const { items: deployments } = await cluster.list(DEPLOYMENTS, { namespace, labelSelector, fresh });
  const named = namedImages(deployments, thirdParty);
  return { deployments, ...(await lookUpImages(registrySession(http, where), named, known, look)) };
}

/** Looks images up by tag and by digest, as far as their references have them. What one repository refuses says nothing of the others. */
export async function lookUpImages<T extends object = object>(
  session: RegistrySession,
  named: readonly NamedImage[],
  known: readonly string[],
  look?: Look<T>,
): Promise<LookedUp<T>> {
  const images: ReleaseImage[] = [];
  const content: Content<T>[] = [];
  const ask = asking();
  for (const { image, owners, mounted } of named) {
    const { host = '', repository = '', tag = null, digest = null } = parseReference(image) ?? {};
    const plain = { image, owners, host, tag, digest };
    if (!isHostOf(known, host)) {
      images.push({ ...plain, repository: null, byTag: null, byDigest: null });
      continue;
    }
    const lookups = await ask(() => lookUpBoth(plain, (one) => lookUp(session, repository, one, mounted)));
    const { byTag = null, byDigest = null } = lookups.seen ?? {};
    let refused = lookups.refusal;
    for (const manifest of look ? foundIn({ byTag, byDigest }) : []) {
      const inside = await ask(async () => await look?.(manifest, { session, repository }));
      if (inside.seen)
        content.push({ ...inside.seen, image, repository, digest: manifest.digest, platform: manifest.platform });
      refused ??= inside.refusal;
    }
    images.push({ ...plain, repository, byTag, byDigest, ...(refused ? { refused } : {}) });
  }
  return { images, content };
}

/** By tag and by digest, as far as it has them; one that has neither is `latest`. */
async function lookUpBoth(
  { tag, digest }: Pick<ImageReference, 'tag' | 'digest'>,
  look: (reference: string) => Promise<Lookup>,
): Promise<Pick<ReleaseImage, 'byTag' | 'byDigest'>> {
  const asked = tag ?? (digest === null ? 'latest' : null);
  return {
    byTag: asked === null ? null : await look(asked),
    byDigest: digest === null ? null : await look(digest),
  };
}

/** Asks and keeps refusals. What does not answer once is not asked again: every further question would wait for the same time-out. */
export function asking() {
  let down: Refusal | undefined;
  return async <A>(question: () => Promise<A>) => {
    const answer = down ? { refusal: down } : await attempt(question);
    if (answer.refusal && isDown(answer.refusal)) down = answer.refusal;
    return answer;
  };
}

/** Did nothing answer at all? */
export const isDown = ({ code }: Refusal): boolean => code === 'unreachable' || code === 'timeout';

/** Each platform's image that a reference leads to, of each different one: usually one, two after its tag was moved. */
function foundIn({ byTag, byDigest }: Pick<ReleaseImage, 'byTag' | 'byDigest'>): readonly ImageManifest[] {
  const found = [byTag, byDigest].flatMap((one) => (one?.found === true ? [one] : []));
  const different = found.filter((one, index) => found.findIndex(({ digest }) => digest === one.digest) === index);
  return different.flatMap(({ manifests }) => manifests);
}

export const lookupMessages = {
  elsewhere: {
    says: '{subject}: comes from {host}, expected an image of {hosts}.',
    fix: 'Move the image to the registry of the release; or add the host to the item if that registry stands for it, or the repository to thirdParty if others built it.',
  },
  notInRegistry: {
    says: '{subject}: the registry answers {status} for {reference}, expected its manifest.',
    fix: 'Push the image again, or correct the reference in the manifest of {owners}.',
  },
} as const;
type LookupSay = Pick<Say<typeof lookupMessages>, 'fail' | 'judged' | 'show' | 'unsure' | 'refused'>;

export const subjectOf = ({ image }: { readonly image: string }): string => `Image ${image}`;

/** Says which images are not there by a name they are called by, or were not looked for because they come from elsewhere. */
export function judgeLookups(say: LookupSay, images: readonly ReleaseImage[], known: readonly string[]): void {
  for (const image of images) {
    const subject = subjectOf(image);
    say.judged(subject);
    if (image.refused) say.refused(image.refused, subject);
    if (image.repository === null) {
      const host = image.host === '' ? 'nowhere (it is no image reference)' : image.host;
      say.fail('elsewhere', subject, { host, hosts: nameList(known) });
    }
    const lookups = [
      { lookup: image.byTag, reference: `tag ${image.tag ?? 'latest'}` },
      { lookup: image.byDigest, reference: `digest ${image.digest ?? ''}` },
    ];
    for (const { lookup, reference } of lookups)
      if (lookup?.found === false)
        say.fail('notInRegistry', subject, { status: lookup.status, reference, owners: nameList(image.owners) });
  }
  const shown = (lookup: Lookup | null): string =>
    lookup === null ? 'not named' : lookup.found ? lookup.digest : `answered ${lookup.status}`;
  say.show(
    table(
      'Images in the registry',
      ['image', 'named by', 'by tag', 'by digest'],
      images.map((image) => [image.image, nameList(image.owners), shown(image.byTag), shown(image.byDigest)]),
    ),
  );
}

/** The same for a release, which must name an image, and with what was seen inside each, where a kind looks there. */
export function judgeRelease(
  say: LookupSay,
  { namespace, selector, hosts: known }: ReleaseParams,
  { images, content }: { readonly images: readonly ReleaseImage[]; readonly content?: readonly Content<object>[] },
): void {
  judgeLookups(say, images, known);
  if (images.length === 0)
    say.unsure('no-subjects', `No Deployment in ${namespace} with the labels ${selector} names an image.`);
  if (content === undefined) return;
  for (const image of images.filter((one) => !one.refused && foundIn(one).length > 0))
    if (!content.some((one) => one.image === image.image))
      say.unsure('no-subjects', `${subjectOf(image)}: nothing of its content was read.`, { subject: subjectOf(image) });
}
