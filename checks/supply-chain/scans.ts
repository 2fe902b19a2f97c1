/** Scans of images for vulnerabilities: where the kinds about them look, and what they say of a scan's age and of what it was blind to. */
import type { CheckContext } from '../contract/capabilities.ts';
import type { ClusterReader, KubeObject } from '../contract/cluster.ts';
import { listAt, parseJson, textAt } from '../contract/json.ts';
import { duration } from '../contract/param-schemas.ts';
import { durationMs, formatMs } from '../contract/units.ts';
import { attempt, objectSubject } from '../kit/kind.ts';
import type {
  Capabilities,
  Messages,
  ParamProperties,
  ParamsOf,
  Permission,
  Refusal,
  Say,
  Subject,
} from '../kit/kind.ts';
import { mayList, PODS } from '../protocols/kubernetes.ts';
import { digestOfImageId } from '../protocols/oci-reference.ts';
import type { ScanDocument } from '../protocols/scans/read.ts';
import type { Scan } from '../protocols/scans/scan.ts';
import { hasEnded } from '../protocols/workloads.ts';

const VULNERABILITY_REPORTS = {
  apiVersion: 'aquasecurity.github.io/v1alpha1',
  kind: 'VulnerabilityReport',
  resource: 'vulnerabilityreports',
} as const;

export const ageParams = {
  maxAge: duration('How old a scan may be: what was found since is not in it.', '7d'),
  maxDatabaseAge: duration('How old the database may be that a scan looked into, where its report says so.', '5d'),
} as const satisfies ParamProperties;
/** Where scans are. */
export const sourceParams = {
  files: {
    type: 'array',
    uniqueItems: true,
    default: [],
    items: { type: 'string', minLength: 1, description: 'A file, or a folder whose *.json and *.sarif are read.' },
    description: 'Reports of Trivy, Grype or SARIF, and VEX documents (OpenVEX, CSAF), below the project folder.',
  },
  reports: {
    type: 'boolean',
    default: true,
    description: 'Whether the VulnerabilityReports of trivy-operator are read.',
  },
} as const satisfies ParamProperties;
type Ages = ParamsOf<typeof ageParams>;
type Sources = ParamsOf<typeof sourceParams>;

export const mayReadReports = (namespaces: readonly string[], { reports }: Pick<Sources, 'reports'>): Permission[] =>
  reports ? namespaces.flatMap((namespace) => mayList([VULNERABILITY_REPORTS], namespace)) : [];

/** What was read, and what could not be. */
export interface FoundDocuments {
  readonly documents: readonly ScanDocument[];
  readonly refusals: readonly { readonly subject: string; readonly refusal: Refusal }[];
}

/** Reads every source; what one refuses says nothing of the others. */
export async function readSources(
  { files: paths, reports }: Sources,
  namespaces: readonly string[],
  { cluster, files }: Pick<Capabilities, 'cluster' | 'files'>,
  { fresh }: Pick<CheckContext, 'fresh'>,
): Promise<FoundDocuments> {
  const looks = [
    ...paths.map((path) => ({ subject: `Scans in ${path}`, look: () => readPath(files, path) })),
    ...(reports ? namespaces : []).map((namespace) => ({
      subject: `VulnerabilityReports in ${namespace}`,
      look: async () => {
        const { items } = await cluster.list(VULNERABILITY_REPORTS, { namespace, fresh });
        return items.map((value) => ({ source: `VulnerabilityReport ${namespace}/${value.metadata.name}`, value }));
      },
    })),
  ];
  const answers = await Promise.all(
    looks.map(async ({ subject, look }) => ({ subject, ...(await attempt<readonly ScanDocument[]>(look)) })),
  );
  return {
    documents: answers.flatMap(({ seen = [] }) => seen),
    refusals: answers.flatMap(({ subject, refusal }) => (refusal === undefined ? [] : [{ subject, refusal }])),
  };
}

async function readPath(files: Capabilities['files'], path: string): Promise<readonly ScanDocument[]> {
  const isFile = /\.(json|sarif)$/.test(path);
  const names = isFile ? [path] : (await files.list(path)).filter((name) => /\.(json|sarif)$/.test(name));
  return await Promise.all(names.map(async (name) => ({ source: name, value: parseJson(await files.read(name)) })));
}

/** Says what could not be read, or is something else than a scan. */
export function sayUnread(
  say: Pick<Say<Messages>, 'refused' | 'unsure'>,
  refusals: FoundDocuments['refusals'],
  unread: readonly { readonly source: string; readonly why: string }[],
): void {
  for (const { subject, refusal } of refusals) say.refused(refusal, subject);
  for (const { source, why } of unread)
    say.unsure('protocol', `${source}: ${why}.`, { subject: source, detail: 'not-a-scan' });
}

/** A container that runs, or has run, and the image it runs by its status. */
export interface RunningContainer {
  /** The pod's controller, else the pod: replicas of one are one. */
  readonly subject: Subject;
  readonly image: string;
  readonly imageId: string;
}

const STATUSES = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'];

/** Containers of the pods that have not ended; one that has never started runs no image yet. */
export async function runningContainers(
  cluster: Pick<ClusterReader, 'list'>,
  namespaces: readonly string[],
  { fresh }: Pick<CheckContext, 'fresh'>,
  labelSelector?: string,
): Promise<readonly RunningContainer[]> {
  const lists = await Promise.all(
    namespaces.map((namespace) =>
      cluster.list(PODS, { namespace, fresh, ...(labelSelector === undefined ? {} : { labelSelector }) }),
    ),
  );
  const all = lists.flatMap(({ items }) => items.filter((pod) => !hasEnded(pod)).flatMap(containersIn));
  const byKey = new Map(all.map((one) => [JSON.stringify([one.subject, one.image, one.imageId]), one]));
  return [...byKey.values()];
}

export const mayListPods = (namespaces: readonly string[]): Permission[] =>
  namespaces.flatMap((namespace) => mayList([PODS], namespace));

function containersIn({ metadata, ...pod }: KubeObject): readonly RunningContainer[] {
  const controller = metadata.ownerReferences?.find((one) => one.controller !== false);
  const { namespace } = metadata;
  const owner = { kind: controller?.kind ?? 'Pod', name: controller?.name ?? metadata.name };
  return STATUSES.flatMap((list) => listAt(pod, 'status', list)).flatMap((status) => {
    const [image, imageId] = [textAt(status, '', 'image'), textAt(status, '', 'imageID')];
    const subject = objectSubject(owner.kind, { ...owner, namespace }, { container: textAt(status, '', 'name') });
    return imageId === '' ? [] : [{ subject, image, imageId }];
  });
}

/** `sha256:…` of what a container runs, or null where its runtime names none. The cases of a test may be shorter than a real one. */
export const digestOf = ({ imageId }: RunningContainer): string | null =>
  digestOfImageId(imageId) ?? /@(sha256:[0-9a-f]+)$/.exec(imageId)?.[1] ?? null;

/** The newest scan of a content; one without a time comes last. */
export function newestOf(scans: readonly Scan[], digests: readonly string[]): Scan | undefined {
  return scans
    .filter((scan) => scan.digests.some((digest) => digests.includes(digest)))
    .toSorted((a, b) => (Date.parse(b.at) || 0) - (Date.parse(a.at) || 0))[0];
}

export const ageMessages = {
  stale: {
    says: '{subject}: was scanned {age} ago ({source}), expected {expected} ago at most.',
    fix: 'Scan the image again, and have it scanned regularly: what became known since is not in the report.',
    also: ['scannedAt'],
  },
  oldDatabase: {
    says: '{subject}: {source} looked into a database of vulnerabilities that was {age} old, expected {expected} at most.',
    fix: 'Have the scanner update its database before it scans.',
  },
} as const;

/** Clocks differ by a little. */
const AHEAD_MS = 120_000;

/** Judges how old a scan is, and its database. True where the scan may be relied on. */
export function judgeAge(
  say: Pick<Say<typeof ageMessages>, 'fail' | 'unknown' | 'unsure'>,
  subject: string | Subject,
  { source, at, databaseAt }: Scan,
  { maxAge, maxDatabaseAge }: Ages,
  now: Date,
): boolean {
  const scanned = Date.parse(at);
  if (Number.isNaN(scanned)) {
    say.unknown(subject, `when ${source} was made`);
    return false;
  }
  const age = now.getTime() - scanned;
  if (age < -AHEAD_MS) {
    say.unsure('unknown-value', `${source} says that it was made at ${at}, which is still to come.`, { subject });
    return false;
  }
  if (age > durationMs(maxAge))
    say.fail('stale', subject, { source, age: formatMs(age), expected: maxAge, scannedAt: at });
  const databaseAge = scanned - Date.parse(databaseAt);
  if (databaseAge > durationMs(maxDatabaseAge))
    say.fail('oldDatabase', subject, { source, age: formatMs(databaseAge), expected: maxDatabaseAge });
  return age <= durationMs(maxAge);
}
