import { nameList, table } from '../../kit/evidence.ts';
import { attempt, kind, type Refusal } from '../../kit/kind.ts';
import { registrySession, type RegistrySession } from '../../protocols/oci.ts';
import type { FoundImage } from '../../protocols/oci-manifests.ts';
import { attachedTo } from '../../protocols/oci-referrers.ts';
import { readScans, type ScanDocument } from '../../protocols/scans/read.ts';
import {
  judgeRelease,
  lookupMessages,
  mayReadRelease,
  readRelease,
  releaseParams,
  releaseRequired,
  subjectOf,
  type ReleaseImage,
} from '../release-images.ts';
import { ageMessages, ageParams, judgeAge, newestOf } from '../scans.ts';

/** What is attached to one content that a reference leads to. */
interface Content {
  readonly image: string;
  /** Of the index, or of the manifest where there is no index. */
  readonly digest: string;
  readonly platforms: readonly { readonly digest: string; readonly platform: string | null }[];
  readonly documents: readonly ScanDocument[];
  readonly refusal: Refusal | null;
}

export const registryScans = kind('supply-chain/registry-scans', {
  title: 'The registry holds a scan of each image of the release',
  why: 'A scan that lies beside the image says what everybody who pulls it would want to know; one in a log is gone.',
  sees: [
    'Each image that the Deployments of the release name has a scan attached in the registry: to its index or to each platform, recent enough.',
  ],
  not: [
    'What the scans found (supply-chain/vulnerabilities).',
    'Whether a signature of the scan verifies.',
    "Scans that a registry keeps behind an API of its own: Harbor's, ECR's, Artifact Registry's.",
  ],
  needs: ['cluster', 'http'],
  required: releaseRequired,
  params: { ...releaseParams, ...ageParams },
  messages: {
    ...lookupMessages,
    ...ageMessages,
    notScanned: {
      says: '{subject}: no scan of {digest} is attached in the registry, expected one. Attached and no scan: {attached}.',
      fix: 'Scan each image that is pushed, and attach the report to its digest (cosign attest --type vuln, oras attach).',
    },
  },
  rights: mayReadRelease,

  async gather(params, capabilities, context) {
    const { images } = await readRelease(params, capabilities, context);
    const session = registrySession(capabilities.http, params.registry);
    const content = await Promise.all(
      images.flatMap((image) => contentsOf(image).map((one) => look(session, image, one))),
    );
    return { images, content };
  },

  judge(params, { images, content }, say, now) {
    judgeRelease(say, params, { images });
    const rows = content.map(({ image, digest, platforms, documents, refusal }) => {
      const subject = subjectOf({ image });
      const { scans, unread } = readScans(documents);
      const whole = newestOf(scans, [digest]);
      const found = whole ? [whole] : platforms.flatMap((one) => newestOf(scans, [one.digest]) ?? []);
      const isScanned = whole !== undefined || found.length === platforms.length;
      for (const scan of found) judgeAge(say, subject, scan, params, now);
      if (refusal) say.refused(refusal, subject);
      else if (!isScanned)
        say.fail('notScanned', subject, { digest, attached: nameList(unread.map(({ source }) => source)) });
      return [image, digest, platforms.length, nameList(found.map(({ source }) => source)), found[0]?.at ?? null];
    });
    say.show(table('Scans in the registry', ['image', 'digest', 'platforms', 'scans', 'scanned at'], rows));
  },
});

/** By tag and by digest: two contents where a tag has moved. */
function contentsOf({ byTag, byDigest, refused }: ReleaseImage): readonly FoundImage[] {
  const found = refused ? [] : [byTag, byDigest].flatMap((one) => (one?.found === true ? [one] : []));
  return [...new Map(found.map((one) => [one.digest, one])).values()];
}

async function look(
  session: RegistrySession,
  { image, repository }: ReleaseImage,
  { digest, manifests }: FoundImage,
): Promise<Content> {
  const platforms = manifests.map((one) => ({ digest: one.digest, platform: one.platform }));
  const subjects = [...new Set([digest, ...platforms.map((one) => one.digest)])];
  const answer = await attempt(() =>
    Promise.all(
      subjects.map(async (subject) =>
        (await attachedTo(session, repository ?? '', subject)).map((one): ScanDocument => ({
          source: `artefact ${one.digest}`,
          value: one.value,
          subjects: [subject],
          attachedAt: one.attachedAt,
        })),
      ),
    ),
  );
  return { image, digest, platforms, documents: answer.seen?.flat() ?? [], refusal: answer.refusal ?? null };
}
