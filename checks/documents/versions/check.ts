import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import { textAt } from '../../contract/json.ts';
import { namespaceList } from '../../contract/param-schemas.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, type Say } from '../../kit/kind.ts';
import { parseReference, repositoryName } from '../../protocols/oci-reference.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { DocumentReader, type ReadDocument } from '../documents.ts';
import { judgeRelease, releaseMessages, releaseParams } from '../release.ts';
import { documentPath, judgeDocument, reviewMessages, reviewParams, showDocuments } from '../review.ts';

const messages = {
  ...reviewMessages,
  ...releaseMessages,
  unnamed: {
    says: '{subject}: runs ({owners}) and the document does not name it, expected its image with tag or digest.',
    fix: 'Write the image as the workload names it into the document, with its tag.',
  },
  notRunning: {
    says: '{subject}: names {image}, which no workload runs, expected what runs now.',
    fix: 'Correct the version, or remove the line.',
  },
} as const;

export const versions = kind('documents/versions', {
  title: 'The version information names what runs',
  why: 'A wrong version sends whoever reads it to the source, the notes and the advisories of another program.',
  sees: [
    'The front matter names this version, and this commit where the item says which.',
    'The image of every container of every workload, by repository with tag or digest; Docker Hub’s short names count as the long ones.',
    'No image that nothing runs.',
    'A reviewer, not its author, and a date within the bound; its links resolve.',
  ],
  not: ['What is in the images.'],
  needs: ['cluster', 'files'],
  params: { document: documentPath, namespaces: namespaceList, ...releaseParams, ...reviewParams },
  required: ['document', 'namespaces', 'version'],
  messages,
  rights: ({ namespaces }) => mayReadWorkloads(namespaces),

  async gather({ document, namespaces, sites }, { cluster, files }, context) {
    const [{ sources }, read] = await Promise.all([
      readWorkloads(cluster, namespaces, context),
      new DocumentReader(files, sites).read(document),
    ]);
    const owners = new Map<string, string[]>();
    for (const { podSpec, workload } of sources)
      for (const { fields: container } of containersOf(podSpec)) {
        const image = textAt(container, '', 'image');
        owners.set(image, [...new Set([...(owners.get(image) ?? []), workload])]);
      }
    return { read, images: [...owners].map(([image, of]) => ({ image, owners: of })) };
  },

  judge(params, { read, images }, say, now) {
    if (images.length === 0)
      say.unsure('no-subjects', `No workload runs in ${params.namespaces.join(', ')}: whose versions are these?`);
    if (!judgeDocument(read, params, say, now)) return;
    judgeRelease(read, params, say);
    judgeImages(read, images, say);
    showDocuments([read], say);
  },
});

interface Running {
  readonly image: string;
  readonly owners: readonly string[];
}

function judgeImages({ path, document }: ReadDocument, images: readonly Running[], say: Say<typeof messages>): void {
  const named = (document?.passages ?? []).flatMap(({ text, line }) =>
    referencesIn(text).map((image) => ({ image, line })),
  );
  for (const { image, owners } of images) {
    say.judged(`Image ${image}`);
    if (!named.some((one) => agrees(one.image, image)))
      say.fail('unnamed', `Image ${image}`, { owners: nameList(owners) });
  }
  for (const { image, line } of named)
    if (images.length > 0 && !images.some((one) => agrees(image, one.image)))
      say.fail('notRunning', path, { image }, { at: `${path}:${line}:1` });
  const rows = images.map(({ image, owners }) => [
    image,
    owners.join(', '),
    named.some((one) => agrees(one.image, image)),
  ]);
  say.show(table('Images', ['image', 'run by', 'named'], rows));
}

/** Words that are images: with a tag or a digest, and a path or a place in a code span. */
function referencesIn(text: string): readonly string[] {
  const spans = [...text.matchAll(/`([^`\s]+)`/g)].map(([, span = '']) => span);
  const words = text.replace(/`[^`]*`/g, ' ').split(/[\s|,;()]+/);
  const candidates = [...spans, ...words.filter((word) => word.includes('/'))];
  return candidates.filter(
    (one) => /^[\w.-]+(:\d+)?(\/[\w./-]+)?(:[\w.-]+|@sha256:[0-9a-f]{64})+$/.test(one) && !isAddress(one),
  );
}

/** `localhost:8080`, `redis:6379`: a port is no tag. */
const isAddress = (text: string): boolean => /^[^/]+:\d{2,5}$/.test(text) && !/\./.test(text.split(':')[1] ?? '');

/** Whether a document's reference is true of an image: what it says of tag and digest holds, and it says one of them. */
function agrees(written: string, image: string): boolean {
  const [one, other] = [parseReference(written), parseReference(image)];
  if (!one || !other || repositoryName(one) !== repositoryName(other)) return false;
  if (one.digest !== null && other.digest !== null && one.digest !== other.digest) return false;
  if (one.tag !== null && other.tag !== null) return one.tag === other.tag;
  return one.digest !== null && one.digest === other.digest;
}
