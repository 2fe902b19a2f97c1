/** What is wrong with the backups and the archiving of a PostgreSQL server. */
import { durationMs, formatMs } from '../../contract/units.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import { HUNG_FIX, serverName, type Down } from '../../protocols/postgres.ts';
import type { Params } from './check.ts';
import type { BackupInfo, Stanza } from './pgbackrest.ts';

export const messages = {
  podMissing: {
    says: '{subject}: does not exist, expected the pod that runs the database.',
    fix: 'See the StatefulSet and its events for why the pod was not made, or correct the name in the item.',
  },
  podNotRunning: {
    says: '{subject}: is {phase}, expected Running.',
    fix: 'See "kubectl describe pod" for why it does not run.',
  },
  noStanza: {
    says: '{subject}: pgBackRest knows no stanza, expected one with a backup.',
    fix: 'Create the stanza (pgbackrest stanza-create) and take a first backup.',
  },
  stanzaStatus: {
    says: '{subject}: its status is "{status}" (code {code}), expected ok.',
    fix: 'Run pgbackrest check in the pod and repair what it names.',
  },
  noBackup: {
    says: '{subject}: has no backup, expected one of the last {maxAge}.',
    fix: 'Take one now (pgbackrest backup), and see why the schedule did not.',
  },
  unfinished: {
    says: '{subject}: the newest backup {label} does not tell when it ended, expected a finished one.',
    fix: 'Wait until it has ended, or look in the log of pgBackRest for why it does not.',
  },
  tooOld: {
    says: '{subject}: the newest backup {label} is {age} old, expected at most {maxAge}.',
    fix: 'Take one now (pgbackrest backup), and see why the schedule did not: its CronJob, its log, its repository.',
  },
  fromTheFuture: {
    says: '{subject}: the newest backup {label} ended {ahead} from now, expected the past.',
    fix: 'Set the clocks right: of the node that takes backups, or of the machine that runs the gate.',
  },
  tooSmall: {
    says: '{subject}: the newest backup {label} is of {size} bytes, expected at least {minSize}.',
    fix: 'See what was backed up: an empty data folder, another cluster. Take a new one once it is right.',
  },
  flagged: {
    says: '{subject}: the newest backup {label} was completed with errors, expected none.',
    fix: 'Look in its manifest and in the log of pgBackRest for pages with wrong checksums; repair the database, then take a new one.',
  },
  walMissing: {
    says: '{subject}: the newest backup {label} needs the WAL {needed}, the archive holds {archived}, expected all of it.',
    fix: 'Take a new backup once archiving works: this one cannot be restored to a consistent state.',
  },
  notStored: {
    says: '{subject}: PostgreSQL says it archived {segment}, the archive ends with {archived}, expected that segment in it.',
    fix: 'Set archive_command to pgbackrest archive-push of this stanza: the one that runs reports success and stores the WAL elsewhere or nowhere.',
  },
  beforeUpgrade: {
    says: '{subject}: the newest backup {label} is of the server {actual}, expected this one ({expected}).',
    fix: 'Take a backup now (pgbackrest backup): those from before the stanza-upgrade restore the old server.',
  },
  otherServer: {
    says: '{subject}: holds backups of the servers {actual}, expected this one ({expected}).',
    fix: 'Correct the pg1 settings of the stanza, or name the pod of this server in the item.',
  },
  down: {
    says: '{subject}: does not answer ({why}), expected it to tell how archiving stands.',
    fix: 'Start PostgreSQL, or open the way to it from where the gate runs.',
  },
  hung: {
    says: '{subject}: does not answer in time ({why}), expected it to tell how archiving stands.',
    fix: HUNG_FIX,
  },
  archivingOff: {
    says: '{subject}: archive_mode is {mode}, expected on.',
    fix: 'Set archive_mode = on and an archive_command (pgbackrest archive-push), and restart the server: without WAL a backup is only good for its own moment.',
  },
  archivingFails: {
    says: '{subject}: archiving WAL fails since {segment} ({failed} failures), expected it to succeed.',
    fix: 'Read the log of the server for the message of archive_command; until it succeeds WAL piles up on the disk of the server.',
  },
  archivingLags: {
    says: '{subject}: {behind} WAL segments were written since the one archived last ({segment}), expected at most {most}.',
    fix: 'See whether archive_command hangs or the repository is too slow (pg_stat_activity shows the archiver).',
  },
};
export type Id = keyof typeof messages;

export interface Archiver {
  readonly up: true;
  readonly mode: string;
  readonly archived: number | null;
  /** Seconds since 1970. */
  readonly archivedAt: number | null;
  readonly lastArchived: string | null;
  readonly failed: number | null;
  readonly failedAt: number | null;
  readonly lastFailed: string | null;
  readonly segmentBytes: number | null;
  /** Bytes of WAL written since the server was made; null on a standby. */
  readonly written: number | null;
  readonly systemId: string | null;
}
export interface Gathered {
  readonly command: readonly string[];
  /** Null when there is no such pod. */
  readonly pod: { readonly phase: string; readonly deleting: boolean } | null;
  /** Null when pgbackrest was not run. */
  readonly stanzas: readonly Stanza[] | null;
  readonly archiver: Archiver | Down;
}
/** Clocks of two machines may differ by this. */
const CLOCK_MS = 300_000;
/** A WAL segment: timeline, high and low half of its number (PostgreSQL's XLogFileName). */
const SEGMENT = /^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})(\.|$)/;

export function judgeBackup(params: Params, gathered: Gathered, now: Date): Judgement<Id> {
  const pod = `Pod ${params.namespace}/${params.pod}`;
  const server = serverName(params.store);
  const { stanzas, archiver } = gathered;
  const nameOf = (stanza: Stanza): string => `Stanza ${stanza.name} of ${pod}`;
  const systemId = archiver.up ? archiver.systemId : null;
  const findings: Finding<Id>[] = [
    ...podFindings(pod, gathered),
    ...(stanzas ?? []).flatMap((stanza) => stanzaFindings(nameOf(stanza), stanza, { params, now, systemId })),
    ...(stanzas ?? []).flatMap((stanza) => storedFinding(nameOf(stanza), stanza, archiver) ?? []),
    ...archiverFindings(server, archiver, params.maxUnarchivedSegments),
  ];
  const evidence = evidenceOf(pod, server, gathered, now);
  const unknown = findings.length === 0 ? unknownOf(pod, server, gathered) : null;
  if (unknown !== null) return { outcome: 'inconclusive', reason: 'too-few-samples', why: unknown, evidence };
  return judged(findings, [...(stanzas ?? []).map(nameOf), server], evidence, '');
}

/** Why nothing can be said though nothing was found. */
function unknownOf(pod: string, server: string, { stanzas, archiver }: Gathered): string | null {
  if (stanzas === null) return `${pod}: is being deleted, so pgbackrest was not run in it. Wait for its successor.`;
  const nameless = stanzas.find(({ backups }) => typeof backups.at(-1)?.systemId !== 'string');
  if (nameless || (archiver.up && archiver.systemId === null))
    return `${nameless ? `Stanza ${nameless.name} of ${pod}` : server}: does not tell its system identifier, so nothing shows that the backup is of this server.`;
  if (archiver.up && (archiver.archived === null || archiver.archived === 0))
    return `${server}: has archived no WAL since its statistics were reset (a crash does that), so nothing shows that archiving works. Wait for the next segment, or end one: SELECT pg_switch_wal().`;
  return null;
}

function podFindings(subject: string, { pod, stanzas }: Gathered): Finding<Id>[] {
  if (pod === null) return [{ message: 'podMissing', subject }];
  if (stanzas === null) return pod.deleting ? [] : [{ message: 'podNotRunning', subject, data: { phase: pod.phase } }];
  return stanzas.length === 0 ? [{ message: 'noStanza', subject }] : [];
}

function stanzaFindings(
  subject: string,
  stanza: Stanza,
  { params, now, systemId }: { readonly params: Params; readonly now: Date; readonly systemId: string | null },
): Finding<Id>[] {
  const { code, status, backups, systemIds } = stanza;
  const newest = backups.at(-1);
  if (!newest) return [{ message: 'noBackup', subject, data: { maxAge: params.maxAge } }];
  const { label, size } = newest;
  return present<Finding<Id>>([
    code !== 0 && { message: 'stanzaStatus', subject, data: { code, status } },
    systemId !== null &&
      systemIds.length > 0 &&
      !systemIds.includes(systemId) && {
        message: 'otherServer',
        subject,
        data: { actual: systemIds.join(', '), expected: systemId },
      },
    beforeUpgrade(subject, stanza, newest, systemId),
    ageFinding(subject, newest, params.maxAge, now),
    !(size !== null && size >= params.minSize) && {
      message: 'tooSmall',
      subject,
      data: { label, size: size ?? 'unknown', minSize: params.minSize },
    },
    newest.error && { message: 'flagged', subject, data: { label } },
    walFinding(subject, newest),
  ]);
}

/** After a major upgrade the stanza knows both servers; a backup of the old one does not restore the new. */
function beforeUpgrade(
  subject: string,
  { systemIds }: Stanza,
  { label, systemId: actual }: BackupInfo,
  expected: string | null,
): Finding<Id> | null {
  if (expected === null || typeof actual !== 'string' || actual === expected) return null;
  return systemIds.includes(expected) ? { message: 'beforeUpgrade', subject, data: { label, actual, expected } } : null;
}

/** An archive_command that only reports success (`true`) leaves statistics without a fault and an archive that does not grow. */
function storedFinding(subject: string, { backups }: Stanza, archiver: Archiver | Down): Finding<Id> | null {
  const newest = backups.at(-1);
  if (!archiver.up || !newest?.archived || newest.systemId !== archiver.systemId) return null;
  const segment = archiver.lastArchived ?? '';
  // A partial segment is archived under a name of its own.
  if (!SEGMENT.test(segment) || segment.endsWith('.partial')) return null;
  const [, archived] = newest.archived;
  if (segment.slice(8, 24) <= archived.slice(8, 24)) return null;
  return { message: 'notStored', subject, data: { segment, archived } };
}

function ageFinding(subject: string, { label, stoppedAt }: BackupInfo, maxAge: string, now: Date): Finding<Id> | null {
  if (stoppedAt === null) return { message: 'unfinished', subject, data: { label } };
  const age = now.getTime() - stoppedAt * 1000;
  if (age < -CLOCK_MS) return { message: 'fromTheFuture', subject, data: { label, ahead: formatMs(-age) } };
  return age > durationMs(maxAge) ? { message: 'tooOld', subject, data: { label, age: formatMs(age), maxAge } } : null;
}

/** Segments of one timeline sort by name; after a failover the timelines differ and the numbers alone are compared. */
function walFinding(subject: string, { label, needs, archived }: BackupInfo): Finding<Id> | null {
  const number = (segment: string): string => segment.slice(8, 24);
  const complete =
    needs !== null &&
    archived !== null &&
    number(archived[0]) <= number(needs[0]) &&
    number(needs[1]) <= number(archived[1]);
  if (complete) return null;
  const data = { label, needed: inWords(needs), archived: inWords(archived) };
  return { message: 'walMissing', subject, data };
}

const inWords = (range: readonly [string, string] | null): string =>
  range === null ? 'that nobody tells' : `${range[0]} to ${range[1]}`;

function archiverFindings(subject: string, archiver: Archiver | Down, most: number): Finding<Id>[] {
  if (!archiver.up) return [{ message: archiver.hung ? 'hung' : 'down', subject, data: { why: archiver.why } }];
  const { mode, failed, archivedAt, failedAt, lastFailed, lastArchived } = archiver;
  if (mode !== 'on' && mode !== 'always') return [{ message: 'archivingOff', subject, data: { mode } }];
  const behind = segmentsBehind(archiver);
  return present<Finding<Id>>([
    failedAt !== null &&
      failedAt >= (archivedAt ?? 0) && {
        message: 'archivingFails',
        subject,
        data: { segment: lastFailed ?? 'a segment', failed: failed ?? 'some' },
      },
    behind !== null &&
      behind > most && {
        message: 'archivingLags',
        subject,
        data: { behind, segment: lastArchived ?? 'none', most },
      },
  ]);
}

/** Whole segments between the one archived last and where the server writes; null when one of the two is not known. */
export function segmentsBehind({ lastArchived, written, segmentBytes }: Archiver): number | null {
  const match = SEGMENT.exec(lastArchived ?? '');
  if (!match || written === null || segmentBytes === null || segmentBytes <= 0) return null;
  const perHigh = 2 ** 32 / segmentBytes;
  const next = Number.parseInt(match[1] ?? '', 16) * perHigh + Number.parseInt(match[2] ?? '', 16) + 1;
  return Math.max(0, Math.floor(written / segmentBytes) - next);
}

function evidenceOf(
  pod: string,
  server: string,
  { command, stanzas, archiver }: Gathered,
  now: Date,
): readonly [Evidence, ...Evidence[]] {
  const time = (seconds: number | null): string | null =>
    seconds === null ? null : new Date(seconds * 1000).toISOString();
  const backups = (stanzas ?? []).flatMap((stanza) =>
    stanza.backups.slice(-5).map((one) => [stanza.name, one.label, one.type, time(one.stoppedAt), one.size, one.error]),
  );
  const newest = Math.max(...(stanzas ?? []).flatMap(({ backups }) => backups.map(({ stoppedAt }) => stoppedAt ?? 0)));
  return [
    {
      type: 'table',
      title: `${command.join(' ')} in ${pod}${stanzas === null ? ' (not run)' : ''}`,
      columns: ['stanza', 'backup', 'type', 'ended', 'bytes', 'with errors'],
      rows: backups,
    },
    ...(newest > 0
      ? [
          {
            type: 'value' as const,
            title: 'Age of the newest backup',
            value: Math.round(now.getTime() / 1000 - newest),
            unit: 's' as const,
          },
        ]
      : []),
    archiver.up
      ? {
          type: 'table',
          title: `pg_stat_archiver of ${server}`,
          columns: ['what', 'segment', 'when', 'count'],
          rows: [
            ['archived last', archiver.lastArchived, time(archiver.archivedAt), archiver.archived],
            ['failed last', archiver.lastFailed, time(archiver.failedAt), archiver.failed],
            ['written since', null, null, segmentsBehind(archiver)],
          ],
        }
      : { type: 'text', title: server, text: archiver.why },
  ];
}
