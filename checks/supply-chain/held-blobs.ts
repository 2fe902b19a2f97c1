/** The configurations and layers of images, held against what the registry has of them: there, of that size, of that digest. */
import { parseQuantity, QuantityError } from '../../k8s/semantics/quantity.ts';
import { nameList, table } from '../kit/evidence.ts';
import { ObservationError, type Say } from '../kit/kind.ts';
import { blobContent, blobSize, type BlobPlace } from '../protocols/oci-blobs.ts';
import type { Descriptor, ImageManifest } from '../protocols/oci-manifests.ts';
import { subjectOf } from './release-images.ts';

/** A number of bytes as Kubernetes writes quantities. */
export const bytesParam = (description: string) =>
  ({ type: 'string', pattern: '^[1-9][0-9]*([KMG]i?|k)?$', description }) as const;

export const maxRead = bytesParam(
  'Most that is read of all images together, compressed, each layer once; what is left over is in doubt.',
);

export function bytesOf(text: string): number {
  try {
    return Number(parseQuantity(text).nanos / 1_000_000_000n);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new ObservationError('misconfigured', error.message, { fix: 'Correct the size in the item.' });
  }
}

export interface HeldBlob {
  readonly digest: string;
  readonly declared: number;
  /** Bytes at the registry; null when it has none of that digest. */
  readonly actual: number | null;
  /** Digest of those bytes; null where they were not read. */
  readonly content: string | null;
}
export interface HeldImage {
  readonly configuration: readonly HeldBlob[];
  readonly layers: readonly HeldBlob[];
}

/** Readers at once: each question is a connection of its own, and bodies come from one network. */
const READERS = 8;

/**
 * Looks at blobs, each of a repository once. With `maxBytes` they are read and their digests computed until so many bytes were read, by
 * all images together, and each digest once, wherever it is used; without it, and beyond, their size is asked for.
 */
export function blobReader(maxBytes?: number) {
  let left = maxBytes ?? 0;
  const read = new Map<string, Promise<HeldBlob>>();
  const known = new Map<string, Promise<HeldBlob>>();

  async function look(place: BlobPlace, blob: Descriptor): Promise<HeldBlob> {
    const { digest, size: declared } = blob;
    const before = read.get(digest);
    if (!before && declared <= left) {
      left -= declared;
      const reading = blobContent(place, blob).then((held) => ({
        digest,
        declared,
        actual: held?.size ?? null,
        content: held?.digest ?? null,
      }));
      read.set(digest, reading);
      return await reading;
    }
    const actual = await blobSize(place, blob);
    return { digest, declared, actual, content: (await before)?.content ?? null };
  }

  async function held(place: BlobPlace, blobs: readonly Descriptor[]): Promise<HeldBlob[]> {
    const answers: HeldBlob[] = [];
    const queue = blobs.map((blob, index) => ({ blob, index }));
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const key = `${place.repository} ${next.blob.digest} ${next.blob.size}`;
        const looking = known.get(key) ?? look(place, next.blob);
        known.set(key, looking);
        answers[next.index] = await looking;
      }
    };
    await Promise.all(Array.from({ length: READERS }, work));
    return answers;
  }

  return async ({ config, layers }: Pick<ImageManifest, 'config' | 'layers'>, place: BlobPlace): Promise<HeldImage> => {
    const blobs = await held(place, [config, ...layers]);
    return { configuration: blobs.slice(0, 1), layers: blobs.slice(1) };
  };
}

export const blobMessages = {
  incomplete: {
    says: '{subject}: the registry lacks {blob} of {digest}, expected all that its manifest names.',
    fix: 'Push the image again: nodes that do not have it yet cannot pull it.',
  },
  damaged: {
    says: '{subject}: {blob} of {digest} is {actual} bytes in the registry, expected {expected}.',
    fix: 'Push the image again, and look for what damaged the storage of the registry.',
  },
  otherContent: {
    says: '{subject}: {blob} of {digest} has the content of {actual} in the registry, expected that of its own digest.',
    fix: 'Push the image again after its blob was deleted, and look for what changed the storage of the registry: no node can pull it.',
  },
} as const;
type BlobSay = Pick<Say<typeof blobMessages>, 'fail' | 'unsure' | 'show'>;
type SeenImage = HeldImage & { readonly image: string; readonly digest: string };

/** Says which blobs are not what the manifests name; with `maxRead`, also which were not read. */
export function judgeBlobs(say: BlobSay, images: readonly SeenImage[], most?: string): void {
  const blobs = images.flatMap(({ image, digest, configuration, layers }) => [
    ...configuration.map((one) => ({ image, of: digest, blob: `configuration ${one.digest}`, ...one })),
    ...layers.map((one) => ({ image, of: digest, blob: `layer ${one.digest}`, ...one })),
  ]);
  const unread = new Map<string, string[]>();
  for (const { image, of, blob, digest, declared, actual, content } of blobs) {
    const subject = subjectOf({ image });
    if (actual === null) say.fail('incomplete', subject, { blob, digest: of });
    else if (actual !== declared) say.fail('damaged', subject, { blob, digest: of, actual, expected: declared });
    else if (content !== null && content !== digest)
      say.fail('otherContent', subject, { blob, digest: of, actual: content });
    else if (content === null) unread.set(subject, [...(unread.get(subject) ?? []), blob]);
  }
  for (const [subject, names] of most === undefined ? [] : unread)
    say.unsure(
      'unknown-value',
      `${subject}: ${nameList([...new Set(names)])} ${names.length === 1 ? 'was' : 'were'} not read: maxRead is ${most}. Raise it, and the timeout of the item with it.`,
      { subject },
    );
  say.show(
    table(
      'Content in the registry',
      ['image', 'manifest', 'blob', 'bytes', 'in the registry', 'read'],
      blobs.map(({ image, of, blob, declared, actual, content }) => [
        image,
        of,
        blob,
        declared,
        actual,
        content !== null,
      ]),
    ),
  );
}
