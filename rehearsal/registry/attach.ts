/** Attaches documents to images in the registry, the way clients do where the registry has no referrers API: by the tag `sha256-<hex>`. */
import { sha256 } from '../../checks/contract/canonical.ts';
import type { Blob, BuiltImage } from './image-manifests.ts';
import { MANIFEST_TYPE } from './image-manifests.ts';

export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const EMPTY = Buffer.from('{}');
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const STATEMENT_TYPE = 'application/vnd.in-toto+json';

/** What is pushed for a document to be attached. */
export interface Attachment {
  readonly blobs: readonly Blob[];
  readonly manifest: Blob;
  readonly index: Blob;
  /** Tag of the index. */
  readonly tag: string;
}

const blobOf = (bytes: Buffer): Blob => ({ digest: sha256(bytes), bytes });
const jsonBlob = (value: object): Blob => blobOf(Buffer.from(JSON.stringify(value)));
const described = (mediaType: string, { digest, bytes }: Blob) => ({ mediaType, digest, size: bytes.length });

/** The manifest that attaches a document to an image, and the index that lists it (OCI distribution specification 1.1, referrers tag schema). */
export function attachmentOf({ digest, manifest: subject }: BuiltImage, document: object, created: string): Attachment {
  const [config, layer] = [blobOf(EMPTY), jsonBlob(document)];
  const annotations = { 'org.opencontainers.image.created': created };
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: STATEMENT_TYPE,
    config: described(EMPTY_TYPE, config),
    layers: [described(STATEMENT_TYPE, layer)],
    subject: { mediaType: MANIFEST_TYPE, digest, size: subject.length },
    annotations,
  });
  const entry = { ...described(MANIFEST_TYPE, manifest), artifactType: STATEMENT_TYPE, annotations };
  const index = jsonBlob({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [entry] });
  return { blobs: [config, layer], manifest, index, tag: digest.replace(':', '-') };
}
