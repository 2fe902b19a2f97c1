/** Manifests and image indexes (OCI image specification 1.1, Docker's schema 2), verified by their digests; blobs are in oci-blobs.ts. */
import { ObservationError } from '../kit/kind.ts';
import { at, listAt, parseJson, textAt } from '../contract/json.ts';
import { bodyDigest, type RegistrySession } from './oci.ts';

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
/** `application/octet-stream` is what Docker 1.10 to 1.12 pushed. */
const CONFIG_TYPES = [
  '',
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  'application/octet-stream',
];
/** An index may name indexes; nobody nests them deeper. */
const MAX_DEPTH = 3;
const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ');

export interface Descriptor {
  readonly digest: string;
  /** Bytes, as the manifest says. */
  readonly size: number;
  /** Where it is found as well: layers that may not be distributed (Windows), and those alone, may be missing from the registry. */
  readonly urls?: readonly string[];
}
/** One platform's image. */
export interface ImageManifest {
  readonly digest: string;
  /** `linux/amd64`; null where the manifest stands alone. */
  readonly platform: string | null;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
/** What a reference leads to: a manifest, or an index with one for each platform. */
export interface FoundImage {
  readonly found: true;
  /** Of the manifest or index itself, computed from its bytes: always SHA-256, so that two can be compared. */
  readonly digest: string;
  readonly manifests: readonly ImageManifest[];
}
export interface NotFound {
  readonly found: false;
  /** 404, or what else the registry answered. */
  readonly status: number;
}
export type Lookup = FoundImage | NotFound;

/**
 * Looks a tag or digest up. Throws `unauthorized`, `forbidden`, and `protocol` when what comes is not what was asked for: an image, or,
 * `orArtifact`, whatever a volume may hold.
 */
export async function lookUp(
  session: RegistrySession,
  repository: string,
  reference: string,
  orArtifact = false,
): Promise<Lookup> {
  const answer = await read(session, repository, reference);
  if ('status' in answer) return { found: false, status: answer.status };
  const manifests = await imagesIn({ session, repository, orArtifact }, answer, null, 0);
  if ('status' in manifests) return { found: false, status: manifests.status };
  if (manifests.length === 0) throw new ObservationError('protocol', `${answer.name} is an index without an image`);
  return { found: true, digest: answer.digest, manifests };
}

/** A manifest's own image, or those of an index. */
async function imagesIn(
  where: { readonly session: RegistrySession; readonly repository: string; readonly orArtifact: boolean },
  { value, digest, name }: Found,
  platform: string | null,
  depth: number,
): Promise<readonly ImageManifest[] | Refused> {
  if (!isIndex(value)) return [manifestOf(value, digest, platform, name, where.orArtifact)];
  if (depth >= MAX_DEPTH) throw new ObservationError('protocol', `${name} is an index more than ${MAX_DEPTH} deep`);
  const images: ImageManifest[] = [];
  for (const child of listAt(value, 'manifests').filter(isOfAnImage)) {
    const one = await read(where.session, where.repository, textAt(child, '', 'digest'));
    if ('status' in one) return one;
    if (at(child, 'size') !== undefined && at(child, 'size') !== one.size)
      throw new ObservationError(
        'protocol',
        `${one.name} is ${one.size} bytes, expected ${textAt(child, 'another number', 'size')} as the index says`,
      );
    const inside = await imagesIn(where, one, platformOf(child) ?? platform, depth + 1);
    if ('status' in inside) return inside;
    images.push(...inside);
  }
  return images;
}

/** Attestations stand beside the images they are about, for a platform that nobody has; signatures and the like say what they are. */
function isOfAnImage(child: unknown): boolean {
  return (
    platformOf(child) !== 'unknown/unknown' &&
    textAt(child, '', 'annotations', 'vnd.docker.reference.type') !== 'attestation-manifest' &&
    textAt(child, '', 'artifactType') === ''
  );
}

interface Refused {
  readonly status: number;
}
interface Found {
  readonly digest: string;
  readonly value: unknown;
  readonly size: number;
  readonly name: string;
}

async function read(session: RegistrySession, repository: string, reference: string): Promise<Found | Refused> {
  const name = `${session.where}: manifest ${repository} ${reference}`;
  const path = `/v2/${repository}/manifests/${reference}`;
  const { status, body, truncated, headers } = await session.read({
    method: 'GET',
    path,
    repository,
    actions: 'pull',
    accept: ACCEPT,
  });
  refuseRefusal(status, name);
  if (status !== 200) return { status };
  if (truncated) throw new ObservationError('protocol', `${name} is larger than 1 MiB and was not read whole`);
  const digest = bodyDigest(body);
  const wanted = reference.includes(':') ? reference : (headers['docker-content-digest'] ?? digest);
  const actual = bodyDigest(body, wanted);
  if (actual !== wanted)
    throw new ObservationError('protocol', `${name} has the digest ${actual}, expected ${wanted}`, {
      fix: 'Do not use this registry or the proxy before it until it is known who changes what it serves',
    });
  return { digest, value: parseJson(body), size: Buffer.byteLength(body), name };
}

/** Throws what 401 and 403 to a request with the declared credential mean, and 429, which says nothing of the image. */
export function refuseRefusal(status: number, name: string): void {
  if (status === 429)
    throw new ObservationError('protocol', `${name}: the registry answers 429: it was asked too often`, {
      detail: 'http-429',
      fix: 'Give the registry a credential with a higher limit in the environment file, or ask again later',
    });
  if (status !== 401 && status !== 403) return;
  throw new ObservationError(status === 401 ? 'unauthorized' : 'forbidden', `${name}: the registry answers ${status}`, {
    detail: `http-${status}`,
    fix: 'Give the credential of the registry in the environment file the right to pull this repository',
  });
}

function isIndex(value: unknown): boolean {
  const mediaType = textAt(value, '', 'mediaType');
  return INDEX_TYPES.includes(mediaType) || (mediaType === '' && Array.isArray(at(value, 'manifests')));
}

/** Null where the index does not say. */
function platformOf(child: unknown): string | null {
  const parts = ['os', 'architecture', 'variant'].map((part) => textAt(child, '', 'platform', part));
  return parts.filter((part) => part !== '').join('/') || null;
}

function manifestOf(
  value: unknown,
  digest: string,
  platform: string | null,
  name: string,
  orArtifact: boolean,
): ImageManifest {
  if (at(value, 'schemaVersion') === 1)
    throw new ObservationError('protocol', `${name} is of Docker's schema 1, which nodes no longer pull`, {
      fix: 'Push the image again with a client of today',
    });
  const type = textAt(value, '', 'config', 'mediaType');
  if (!orArtifact && !CONFIG_TYPES.includes(type))
    throw new ObservationError('protocol', `${name} is an artifact (${type}), expected an image`);
  const config = descriptorOf(at(value, 'config'));
  const layers = listAt(value, 'layers').map(descriptorOf);
  const complete = layers.flatMap((layer) => layer ?? []);
  if (config === null || complete.length === 0 || complete.length < layers.length)
    throw new ObservationError('protocol', `${name} is no image manifest: it names no configuration or no layers`);
  return { digest, platform, config, layers: complete };
}

function descriptorOf(value: unknown): Descriptor | null {
  const [digest, size] = [textAt(value, '', 'digest'), at(value, 'size')];
  if (!/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(digest) || typeof size !== 'number') return null;
  const urls = listAt(value, 'urls').map(String);
  return { digest, size, ...(urls.length > 0 ? { urls } : {}) };
}
