import { namespaceList } from '../../contract/param-schemas.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { kind, type ParamProperties, type ParamsOf, type Say } from '../../kit/kind.ts';
import { parseReference, repositoryName } from '../../protocols/oci-reference.ts';
import { readScans } from '../../protocols/scans/read.ts';
import { distinct, type Scan, type Vulnerability } from '../../protocols/scans/scan.ts';
import { withVex } from '../../protocols/scans/vex.ts';
import { subjectOf } from '../release-images.ts';
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

const params = {
  namespaces: namespaceList,
  selector: {
    type: 'string',
    minLength: 1,
    description: 'Label selector of the pods, for example app.kubernetes.io/part-of=shop; all pods where it is absent.',
  },
  ...sourceParams,
  ...ageParams,
  maxHigh: { type: 'integer', minimum: 0, default: 2, description: 'How many of severity high an image may have.' },
  exceptions: {
    type: 'array',
    default: [],
    description:
      'Vulnerabilities that are accepted for a while. A VEX statement is better: it says why none is affected.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['id', 'reason', 'until'],
      properties: {
        id: { type: 'string', minLength: 1, description: 'CVE-…, GHSA-…, as the scanner names it.' },
        package: { type: 'string', minLength: 1, description: 'Name of the package; every one where it is absent.' },
        reason: { type: 'string', minLength: 10, description: 'Why it is accepted, in a sentence.' },
        until: { type: 'string', format: 'date', description: 'Last day on which it is.' },
      },
    },
  },
  withoutSystem: {
    type: 'array',
    uniqueItems: true,
    default: [],
    items: { type: 'string', minLength: 1, description: 'Host and path, for example ghcr.io/org/agent.' },
    description: 'Repositories of images that hold no operating system (FROM scratch), so that no scanner finds one.',
  },
} as const satisfies ParamProperties;
type Params = ParamsOf<typeof params, 'namespaces'>;

const messages = {
  ...ageMessages,
  critical: {
    says: '{subject}: {vulnerability} in {package} is critical{silenced}, expected none. Fixed in: {fixedIn}.',
    fix: 'Build the image with a version that has the fix, and release that. Where the product is not affected, say so in a VEX document with its reason.',
    also: ['source'],
  },
  tooManyHigh: {
    says: '{subject}: has {actual} vulnerabilities of severity high ({vulnerabilities}), expected {expected} at most.',
    fix: 'Build the image with versions that have the fixes, and release that.',
    also: ['source'],
  },
} as const;

export const vulnerabilities = kind('supply-chain/vulnerabilities', {
  title: 'Scans of the images show no critical and few high vulnerabilities',
  why: 'Holes that everybody knows are the first that are tried, within hours of the day a service is public.',
  sees: [
    'The newest scan of each image that the pods run, by its digest, counts none of severity critical and at most so many of severity high.',
    'What an ignore file hides is counted; what a VEX statement on this image judges and explains is not.',
  ],
  not: [
    'Vulnerabilities that became known after the scan, or that its database did not hold.',
    'What a scanner was told to leave out: filters leave no trace in reports.',
    'Whether each image that runs has a scan, beyond a doubt (supply-chain/running-scans).',
  ],
  needs: ['cluster', 'files'],
  required: ['namespaces'],
  params,
  messages,
  rights: (given) => [...mayListPods(given.namespaces), ...mayReadReports(given.namespaces, given)],

  async gather(given, can, context) {
    const containers = await runningContainers(can.cluster, given.namespaces, context, given.selector);
    return { containers, ...(await readSources(given, given.namespaces, can, context)) };
  },

  judge(given, { containers, documents, refusals }, say, now) {
    const { scans, statements, unread } = readScans(documents);
    sayUnread(say, refusals, unread);
    const images = new Map(
      containers.map((one) => [`${one.image} ${digestOf(one) ?? one.imageId}`, { ...one, digest: digestOf(one) }]),
    );
    const rows = [...images.values()].map(({ image, digest, imageId }) => {
      const subject = subjectOf({ image });
      say.judged(subject);
      const scan = digest === null ? undefined : newestOf(scans, [digest]);
      if (scan === undefined) {
        say.unsure('no-subjects', `${subject}: there is no scan of ${digest ?? imageId}.`, {
          subject,
          detail: 'no-scan',
        });
        return [image, digest, null, null, null, null];
      }
      judgeAge(say, subject, scan, given, now);
      const counts = judgeScan(say, subject, withVex(scan, statements), given, now);
      return [image, digest, scan.source, counts.critical, counts.high, counts.judged];
    });
    say.show(table('Vulnerabilities', ['image', 'digest', 'scan', 'critical', 'high', 'taken out by VEX'], rows));
    say.boundTo(...containers.flatMap((one) => digestOf(one) ?? []).sort());
  },
});

function judgeScan(
  say: Say<typeof messages>,
  subject: string,
  scan: Scan,
  { maxHigh, exceptions, withoutSystem }: Params,
  now: Date,
): { readonly critical: number; readonly high: number; readonly judged: number } {
  const { source } = scan;
  sayBlind(say, subject, scan, withoutSystem);
  const isAccepted = (one: Vulnerability): boolean =>
    exceptions.some(
      ({ id, package: name, until }) =>
        id === one.id &&
        (name === undefined || name === one.package) &&
        now.getTime() < Date.parse(`${until}T00:00:00Z`) + 86_400_000,
    );
  const all = distinct(scan.vulnerabilities);
  const counted = all.filter((one) => one.silenced?.isJudgement !== true && !isAccepted(one));
  const of = (severity: Vulnerability['severity']) => counted.filter((one) => one.severity === severity);
  for (const one of of('critical'))
    say.fail('critical', subject, {
      vulnerability: one.id,
      package: nameOf(one),
      silenced: one.silenced === undefined ? '' : ` (and silenced by ${one.silenced.by})`,
      fixedIn: one.fixedIn === '' ? 'no version yet' : one.fixedIn,
      source,
    });
  const high = of('high');
  if (high.length > maxHigh)
    say.fail('tooManyHigh', subject, {
      actual: high.length,
      expected: maxHigh,
      vulnerabilities: nameList(high.map((one) => `${one.id} in ${nameOf(one)}`)),
      source,
    });
  for (const one of of('unknown'))
    say.unsure('unknown-value', `${subject}: ${one.id} in ${nameOf(one)} has no severity in ${source}.`, {
      subject,
      detail: 'no-severity',
    });
  return {
    critical: of('critical').length,
    high: high.length,
    judged: all.filter((one) => one.silenced?.isJudgement).length,
  };
}

const nameOf = ({ package: name, version }: Vulnerability): string => `${name} ${version}`.trim();

/** No finding is how a clean image looks, and a scanner that could not see. */
function sayBlind(
  say: Say<typeof messages>,
  subject: string,
  { source, system, isEndOfLife, image }: Scan,
  withoutSystem: readonly string[],
): void {
  if (isEndOfLife)
    say.unsure(
      'unknown-value',
      `${subject}: ${system ?? 'its distribution'} gets no advisories any more; what ${source} counts of its packages says nothing.`,
      { subject, detail: 'end-of-life' },
    );
  if (system !== '') return;
  const reference = parseReference(image);
  if (reference && withoutSystem.includes(repositoryName(reference))) return;
  say.unsure(
    'unknown-value',
    `${subject}: ${source} found no operating system in it, and so looked at no package of one.`,
    {
      subject,
      detail: 'no-system',
    },
  );
}
