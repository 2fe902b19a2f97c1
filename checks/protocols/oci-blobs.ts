/** What manifests name: configurations and layers, as the registry holds them. */
import { at, isRecord, parseJson, plainText } from '../contract/json.ts';
import { ObservationError } from '../kit/kind.ts';
import { bodyDigest, type RegistryCall, type RegistrySession } from './oci.ts';
import { refuseRefusal, type Descriptor } from './oci-manifests.ts';

/** Where a blob is asked for. */
export interface BlobPlace {
  readonly session: RegistrySession;
  readonly repository: string;
}
/** What the registry holds of a blob. */
export interface BlobContent {
  readonly size: number;
  /** Of its bytes; null where there are more than were to be read. */
  readonly digest: string | null;
}

/** At the registry; layers that may not be distributed are where their manifest says, for everybody and never without TLS. */
async function ask<A extends { readonly status: number }>(
  { repository }: BlobPlace,
  { digest, urls = [] }: Descriptor,
  one: (call: Pick<RegistryCall, 'path' | 'repository' | 'actions'>) => Promise<A>,
): Promise<A> {
  let answer = await one({ path: `/v2/${repository}/blobs/${digest}`, repository, actions: 'pull' });
  for (const path of urls.filter((url) => url.startsWith('https://')))
    if (answer.status === 404) answer = await one({ path, repository, actions: 'pull' });
  return answer;
}
const nameOf = ({ session, repository }: BlobPlace, what: string, { digest }: Descriptor): string =>
  `${session.where}: ${what} ${digest} of ${repository}`;

/** Is it there? Throws where the answer says neither. */
function isThere(status: number, name: string): boolean {
  refuseRefusal(status, name);
  if (status === 404) return false;
  if (status === 200) return true;
  throw new ObservationError('protocol', `${name}: the registry answers ${status}`, { detail: `http-${status}` });
}

/** The labels of an image's configuration, or null when the registry does not have it. Its bytes must have the digest named. */
export async function readLabels(
  place: BlobPlace,
  config: Descriptor,
): Promise<Readonly<Record<string, string>> | null> {
  const name = nameOf(place, 'configuration', config);
  const { status, body, truncated } = await ask(place, config, (call) =>
    place.session.read({ method: 'GET', ...call }),
  );
  if (!isThere(status, name)) return null;
  if (truncated || bodyDigest(body, config.digest) !== config.digest)
    throw new ObservationError('protocol', `${name} is not what its digest says`);
  const labels = at(parseJson(body), 'config', 'Labels');
  if (!isRecord(labels)) return {};
  return Object.fromEntries(Object.entries(labels).map(([label, text]) => [label, plainText(text)]));
}

/** The bytes of a blob by the registry's word, or null when it has none of that digest. */
export async function blobSize(place: BlobPlace, blob: Descriptor): Promise<number | null> {
  const name = nameOf(place, 'blob', blob);
  const { status, headers } = await ask(place, blob, (call) => place.session.read({ method: 'HEAD', ...call }));
  if (!isThere(status, name)) return null;
  const size = Number(headers['content-length'] ?? Number.NaN);
  if (Number.isInteger(size)) return size;
  throw new ObservationError('protocol', `${name}: the registry does not say how large it is`);
}

/** Reads a blob whole, as a node that pulls it does; null when the registry has none of that digest. */
export async function blobContent(place: BlobPlace, blob: Descriptor): Promise<BlobContent | null> {
  const algorithm = blob.digest.startsWith('sha512:') ? 'sha512' : 'sha256';
  const asked = { algorithm, maxBytes: blob.size } as const;
  const { status, headers, bytes, digest } = await ask(place, blob, (call) =>
    place.session.digest({ method: 'GET', ...call }, asked),
  );
  if (!isThere(status, nameOf(place, 'blob', blob))) return null;
  return { size: digest === null ? Number(headers['content-length'] ?? bytes) : bytes, digest };
}
