import { namespaceList } from '../../contract/param-schemas.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, subjectText } from '../../kit/kind.ts';
import { parseReference, repositoryName } from '../../protocols/oci-reference.ts';
import { readScans } from '../../protocols/scans/read.ts';
import type { Scan } from '../../protocols/scans/scan.ts';
import {
  ageMessages,
  ageParams,
  digestOf,
  judgeAge,
  mayListPods,
  mayReadReports,
  newestOf,
  readSources,
  runningContainers,
  sayUnread,
  sourceParams,
} from '../scans.ts';

export const runningScans = kind('supply-chain/running-scans', {
  title: 'Every image that runs has been scanned for vulnerabilities',
  why: 'What nobody has scanned may hold a hole that everybody else knows, and no list of affected systems will name it.',
  sees: [
    'Every container of the pods, by the digest that it runs, has a scan of this very digest that is recent enough.',
  ],
  not: [
    'What the scans found (supply-chain/vulnerabilities).',
    'How old the database of a scanner was that does not say so: Trivy and its operator do not.',
    'What a scanner was told to leave out: filters leave no trace in reports.',
  ],
  needs: ['cluster', 'files'],
  required: ['namespaces'],
  params: { namespaces: namespaceList, ...sourceParams, ...ageParams },
  messages: {
    ...ageMessages,
    noScan: {
      says: '{subject}: runs {image} ({digest}), and there is no scan of it; expected one. Scanned: {scanned}.',
      fix: 'Have the image scanned by the digest that runs. A scan of the tag says nothing when the tag has moved since.',
    },
  },
  rights: (params) => [...mayListPods(params.namespaces), ...mayReadReports(params.namespaces, params)],

  async gather(params, can, context) {
    const containers = await runningContainers(can.cluster, params.namespaces, context);
    return { containers, ...(await readSources(params, params.namespaces, can, context)) };
  },

  judge(params, { containers, documents, refusals }, say, now) {
    const { scans, unread } = readScans(documents);
    sayUnread(say, refusals, unread);
    const rows = containers.map((container) => {
      const { subject, image, imageId } = container;
      const digest = digestOf(container);
      say.judged(`${subjectText(subject)}, container ${subject.container ?? ''}`);
      if (digest === null) {
        say.unknown(subject, `the digest of the image that it runs (its imageID is ${imageId})`);
        return [subjectText(subject), image, imageId, null, null];
      }
      const scan = newestOf(scans, [digest]);
      if (scan !== undefined) judgeAge(say, subject, scan, params, now);
      // It may be where nobody could look.
      else if (refusals.length === 0) say.fail('noScan', subject, { image, digest, scanned: scannedOf(scans, image) });
      return [subjectText(subject), image, digest, scan?.source ?? null, scan?.at ?? null];
    });
    for (const namespace of params.namespaces)
      if (!containers.some(({ subject }) => subject.namespace === namespace))
        say.unsure('no-subjects', `No container runs in ${namespace}.`);
    say.show(table('Scans of what runs', ['container', 'image', 'digest', 'scan', 'scanned at'], rows));
    say.boundTo(...containers.flatMap((one) => digestOf(one) ?? []).sort());
  },
});

/** What was scanned of the same repository instead. */
function scannedOf(scans: readonly Scan[], image: string): string {
  const wanted = parseReference(image);
  const alike = scans.filter((scan) => {
    const other = parseReference(scan.image);
    return wanted && other && repositoryName(wanted) === repositoryName(other);
  });
  return nameList([...new Set(alike.flatMap(({ digests }) => (digests.length === 0 ? ['no digest'] : digests)))]);
}
