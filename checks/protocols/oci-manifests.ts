/** Manifests, image indexes and configurations (OCI image specification 1.1, Docker's schema 2), verified by their digests. */
import { ObservationError } from '../kit/kind.ts';
import { at, isRecord, listAt, parseJson, plainText, textAt } from '../contract/json.ts';
import { bodyDigest, type RegistrySession } from './oci.ts';

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ');

export interface Descriptor {
  readonly digest: string;
  /** Bytes, as the manifest says. */
  readonly size: number;
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

/** Looks a tag or digest up. Throws `unauthorized`, `forbidden`, and `protocol` when what comes is not what was asked for. */
export async function lookUp(session: RegistrySession, repository: string, reference: string): Promise<Lookup> {
  const answer = await read(session, repository, reference);
  if ('status' in answer) return { found: false, status: answer.status };
  const { digest, value, name } = answer;
  if (!isIndex(value)) return { found: true, digest, manifests: [manifestOf(value, digest, null, name)] };
  const manifests: ImageManifest[] = [];
  for (const child of listAt(value, 'manifests')) {
    const platform = platformOf(child);
    // Attestations stand beside the images they are about, for a platform that nobody has.
    if (platform === 'unknown/unknown') continue;
    const one = await read(session, repository, textAt(child, '', 'digest'));
    if ('status' in one) return { found: false, status: one.status };
    manifests.push(manifestOf(one.value, one.digest, platform, one.name));
  }
  if (manifests.length === 0) throw new ObservationError('protocol', `${name} is an index without an image`);
  return { found: true, digest, manifests };
}

type Read = { readonly status: number } | { readonly digest: string; readonly value: unknown; readonly name: string };

async function read(session: RegistrySession, repository: string, reference: string): Promise<Read> {
  const name = `${session.where}: manifest ${repository} ${reference}`;
  const path = `/v2/${repository}/manifests/${reference}`;
  const { status, body, truncated, headers } = await session.call({
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
  return { digest, value: parseJson(body), name };
}

/** Throws what 401 and 403 to a request with the declared credential mean. */
function refuseRefusal(status: number, name: string): void {
  if (status !== 401 && status !== 403) return;
  throw new ObservationError(status === 401 ? 'unauthorized' : 'forbidden', `${name}: the registry answers ${status}`, {
    detail: `http-${status}`,
    fix: 'Give the credential of the registry in the environment file the right to pull this repository',
  });
}

function answeredWith(status: number, name: string): ObservationError {
  return new ObservationError('protocol', `${name}: the registry answers ${status}`, { detail: `http-${status}` });
}

function isIndex(value: unknown): boolean {
  const mediaType = textAt(value, '', 'mediaType');
  return INDEX_TYPES.includes(mediaType) || (mediaType === '' && Array.isArray(at(value, 'manifests')));
}

function platformOf(child: unknown): string {
  const parts = ['os', 'architecture', 'variant'].map((part) => textAt(child, '', 'platform', part));
  return parts.filter((part) => part !== '').join('/');
}

function manifestOf(value: unknown, digest: string, platform: string | null, name: string): ImageManifest {
  const config = descriptorOf(at(value, 'config'));
  const layers = listAt(value, 'layers').map(descriptorOf);
  const complete = layers.flatMap((layer) => layer ?? []);
  if (config === null || complete.length === 0 || complete.length < layers.length)
    throw new ObservationError('protocol', `${name} is no image manifest: it names no configuration or no layers`);
  return { digest, platform, config, layers: complete };
}

function descriptorOf(value: unknown): Descriptor | null {
  const [digest, size] = [textAt(value, '', 'digest'), at(value, 'size')];
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(digest) && typeof size === 'number'
    ? { digest, size }
    : null;
}

/** The labels of an image's configuration, or null when the registry does not have it. Its bytes must have the digest named. */
export async function readLabels(
  session: RegistrySession,
  repository: string,
  { digest }: Descriptor,
): Promise<Readonly<Record<string, string>> | null> {
  const name = `${session.where}: configuration ${digest} of ${repository}`;
  const path = `/v2/${repository}/blobs/${digest}`;
  const { status, body, truncated } = await session.blob({ method: 'GET', path, repository, actions: 'pull' });
  refuseRefusal(status, name);
  if (status === 404) return null;
  if (status !== 200) throw answeredWith(status, name);
  if (truncated || bodyDigest(body, digest) !== digest)
    throw new ObservationError('protocol', `${name} is not what its digest says`);
  const labels = at(parseJson(body), 'config', 'Labels');
  if (!isRecord(labels)) return {};
  return Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, plainText(text)]));
}

/** A blob as the registry holds it: its size in bytes, or null when it has none of that digest. */
export async function blobSize(
  session: RegistrySession,
  repository: string,
  { digest }: Descriptor,
): Promise<number | null> {
  const name = `${session.where}: blob ${digest} of ${repository}`;
  const path = `/v2/${repository}/blobs/${digest}`;
  const { status, headers } = await session.blob({ method: 'HEAD', path, repository, actions: 'pull' });
  refuseRefusal(status, name);
  if (status === 404) return null;
  if (status !== 200) throw answeredWith(status, name);
  const size = Number(headers['content-length'] ?? Number.NaN);
  if (Number.isInteger(size)) return size;
  throw new ObservationError('protocol', `${name}: the registry does not say how large it is`);
}
