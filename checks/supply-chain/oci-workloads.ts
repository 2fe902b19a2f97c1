/** The images that workloads name, held against the registry that has to have them. */
import { containersOf } from '../../k8s/semantics/pod-security.ts';
import type { CheckContext } from '../contract/capabilities.ts';
import type { ClusterReader, KubeObject } from '../contract/cluster.ts';
import type { HttpClient } from '../contract/http.ts';
import { kubernetesName, registry } from '../contract/param-schemas.ts';
import type { Permission } from '../contract/plan.ts';
import type { FromSchema, JSONSchema } from '../kit/define-check.ts';
import type { Reading } from '../kit/evidence.ts';
import { at } from '../contract/json.ts';
import { DEPLOYMENTS, mayList, mayReadSecrets, nameOf, readList } from '../protocols/kubernetes.ts';
import { registrySession, type RegistrySession } from '../protocols/oci.ts';
import { lookUp, type Lookup } from '../protocols/oci-manifests.ts';
import { parseReference, type ImageReference } from '../protocols/oci-reference.ts';

/** Hosts of image references that the declared registry stands for. */
export const hosts = {
  type: 'array',
  minItems: 1,
  uniqueItems: true,
  items: { type: 'string', minLength: 1, description: 'Host as references name it, for example ghcr.io.' },
  description: 'Hosts of image references that are looked up at this registry, for example [ghcr.io].',
} as const satisfies JSONSchema;

const releaseSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['registry', 'hosts', 'namespace', 'selector'],
  properties: {
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
  },
} as const satisfies JSONSchema;
/** Params of the kinds that judge the images of a release; a kind adds its own. */
export const releaseProperties = releaseSchema.properties;
export const releaseRequired = releaseSchema.required;
export const releaseVersion = {
  type: 'string',
  minLength: 1,
  description: 'Version of the release, which is the tag: ${release.version}.',
} as const satisfies JSONSchema;
export type ReleaseParams = FromSchema<typeof releaseSchema>;

export const mayReadRelease = ({ namespace, registry: { credential } }: ReleaseParams): Permission[] => [
  ...mayList([DEPLOYMENTS], namespace),
  ...mayReadSecrets([credential?.password]),
];

/** An image as a workload names it. */
export interface NamedImage {
  /** The reference as it is written. */
  readonly image: string;
  /** `Deployment shop/api`, sorted. */
  readonly owners: readonly string[];
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
}
export interface Release {
  readonly deployments: readonly KubeObject[];
  readonly images: readonly ReleaseImage[];
  readonly readings: readonly Reading[];
}

/** Collects images by their reference. */
export function collectImages(sources: readonly { readonly owner: string; readonly podSpec: unknown }[]): NamedImage[] {
  const owners = new Map<string, Set<string>>();
  for (const { owner, podSpec } of sources) {
    for (const { fields } of containersOf(podSpec)) {
      const { image } = fields;
      if (typeof image !== 'string') continue;
      owners.set(image, (owners.get(image) ?? new Set()).add(owner));
    }
  }
  return [...owners].map(([image, names]) => ({ image, owners: [...names].sort() }));
}

/** Reads the Deployments of the release. */
export async function readDeployments(
  cluster: ClusterReader,
  { namespace, selector }: Pick<ReleaseParams, 'namespace' | 'selector'>,
  { fresh }: Pick<CheckContext, 'fresh'>,
): Promise<{ readonly items: readonly KubeObject[]; readonly reading: Reading }> {
  return await readList(cluster, DEPLOYMENTS, { namespace, labelSelector: selector, fresh });
}

/** The images that the templates of Deployments name, but for those of third parties. */
export function namedImages(
  deployments: readonly KubeObject[],
  thirdParty: readonly string[],
): (NamedImage & { readonly reference: ImageReference | null })[] {
  return collectImages(
    deployments.map((item) => ({ owner: nameOf('Deployment', item), podSpec: at(item, 'spec', 'template', 'spec') })),
  )
    .map((named) => ({ ...named, reference: parseReference(named.image) }))
    .filter(({ reference }) => reference === null || !thirdParty.includes(`${reference.host}/${reference.repository}`));
}

/** Reads the Deployments of the release and looks up every image that their templates name. */
export async function readRelease(
  params: ReleaseParams,
  { cluster, http }: { readonly cluster: ClusterReader; readonly http: HttpClient },
  context: Pick<CheckContext, 'fresh'>,
): Promise<{ readonly release: Release; readonly session: RegistrySession }> {
  const { items, reading } = await readDeployments(cluster, params, context);
  const session = registrySession(http, params.registry);
  const images: ReleaseImage[] = [];
  for (const { image, owners } of namedImages(items, params.thirdParty))
    images.push(await lookUpImage(session, { image, owners }, params.hosts));
  return { release: { deployments: items, images, readings: [reading] }, session };
}

/** Looks an image up by its tag and by its digest, as far as its reference has them. */
export async function lookUpImage(
  session: RegistrySession,
  named: NamedImage,
  known: readonly string[],
): Promise<ReleaseImage> {
  const reference = parseReference(named.image);
  const { host = '', tag = null, digest = null } = reference ?? {};
  if (reference === null || !known.includes(host))
    return { ...named, repository: null, host, tag, digest, byTag: null, byDigest: null };
  const { repository } = reference;
  const asked = tag ?? (digest === null ? 'latest' : null);
  return {
    ...named,
    repository,
    host,
    tag,
    digest,
    byTag: asked === null ? null : await lookUp(session, repository, asked),
    byDigest: digest === null ? null : await lookUp(session, repository, digest),
  };
}

/** Each different image that a reference leads to: usually one, two after its tag was moved. */
export function foundImages({ byTag, byDigest }: ReleaseImage): readonly (Lookup & { readonly found: true })[] {
  const found = [byTag, byDigest].flatMap((one) => (one?.found === true ? [one] : []));
  return found.filter((one, index) => found.findIndex(({ digest }) => digest === one.digest) === index);
}
