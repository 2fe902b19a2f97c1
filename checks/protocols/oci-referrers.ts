/**
 * What is attached to an image in its registry (OCI distribution specification 1.1, listing referrers): by the API where the registry has
 * it, by the tag `sha256-<hex>` where it has not. Signatures, lists of parts and scans look alike: who asks picks.
 */
import { isRecord, listAt, parseJson, textAt } from '../contract/json.ts';
import { ObservationError } from '../kit/kind.ts';
import { bodyDigest, type RegistrySession } from './oci.ts';
import { refuseRefusal } from './oci-manifests.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** Nobody attaches more; each costs two requests. */
const MOST = 50;
/** A scan of a large image has some megabytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A JSON document that is attached to an image. */
export interface Attached {
  /** Digest of the manifest that attaches it. */
  readonly digest: string;
  /** When it was attached, RFC 3339; empty where nobody says. */
  readonly attachedAt: string;
  readonly value: unknown;
}

/** Every JSON document attached to the digest. 404 of the API and of the tag means none; a refusal is thrown. */
export async function attachedTo(session: RegistrySession, repository: string, digest: string): Promise<Attached[]> {
  const index = await referrersOf(session, repository, digest);
  const found: Attached[] = [];
  for (const descriptor of listAt(index, 'manifests').slice(0, MOST)) {
    const own = textAt(descriptor, '', 'digest');
    const manifest = await read(session, repository, `manifests/${own}`, own, MANIFEST);
    // The index by tag is written by clients: what it lists may be about another image.
    if (manifest === null || textAt(manifest, digest, 'subject', 'digest') !== digest) continue;
    const attachedAt = textAt(descriptor, '', 'annotations', 'org.opencontainers.image.created');
    for (const layer of listAt(manifest, 'layers')) {
      if (!/json/.test(textAt(layer, '', 'mediaType'))) continue;
      const blob = textAt(layer, '', 'digest');
      const value = await read(session, repository, `blobs/${blob}`, blob);
      if (value !== null)
        found.push({
          digest: own,
          attachedAt: textAt(manifest, attachedAt, 'annotations', 'org.opencontainers.image.created'),
          value,
        });
    }
  }
  return found;
}

async function referrersOf(session: RegistrySession, repository: string, digest: string): Promise<unknown> {
  const byApi = await read(session, repository, `referrers/${digest}`, null, INDEX);
  if (byApi !== null) return byApi;
  return await read(session, repository, `manifests/${digest.replace(':', '-')}`, null, INDEX);
}

/** The document, or null when the registry has none. `digest` is what its bytes must have. */
async function read(
  session: RegistrySession,
  repository: string,
  what: string,
  digest: string | null,
  accept?: string,
): Promise<unknown> {
  const name = `${session.where}: ${what} of ${repository}`;
  const { status, body, truncated } = await session.read({
    method: 'GET',
    path: `/v2/${repository}/${what}`,
    repository,
    actions: 'pull',
    maxBytes: MAX_BYTES,
    ...(accept === undefined ? {} : { accept }),
  });
  refuseRefusal(status, name);
  if (status === 404) return null;
  const value = status === 200 && !truncated ? parseJson(body) : undefined;
  if (value === undefined || (accept !== undefined && !isRecord(value)))
    throw new ObservationError(
      'protocol',
      `${name}: the registry answers ${status}${truncated ? ' and more than can be read' : ''}, expected JSON`,
    );
  if (digest !== null && bodyDigest(body, digest) !== digest)
    throw new ObservationError('protocol', `${name} is not what its digest says`);
  return value;
}
