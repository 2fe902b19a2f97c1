/** What is wrong with the backups and the archiving of a PostgreSQL server. */
import type { Cell } from '../../contract/outcome.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Refusal, type Say } from '../../kit/kind.ts';
import { serverName } from '../../protocols/postgres.ts';
import { awayMessages, downId, POSTGRES, type Down } from '../../protocols/stores.ts';
import { positionOf, SEGMENT, segmentsBehind, type Archiver } from './archiver.ts';
import type { Params } from './params.ts';
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
  ...awayMessages(POSTGRES, 'it to report how archiving stands'),
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
} as const;

/** A half that was refused is absent. */
interface Seen {
  /** Null when there is no such pod. */
  readonly pod?: { readonly phase: string; readonly deleting: boolean } | null;
  /** Null when pgbackrest was not run. */
  readonly stanzas?: readonly Stanza[] | null;
  readonly archiver?: Archiver | Down | undefined;
  readonly refusals?: readonly Refusal[];
}
type Voice = Say<typeof messages>;

/** Clocks of two machines may differ by this. */
const CLOCK_MS = 300_000;
export function judge(params: Params, { pod, stanzas, archiver, refusals = [] }: Seen, say: Voice, now: Date): void {
  const subject = objectSubject('Pod', { namespace: params.namespace, name: params.pod });
  const inPod = subjectText(subject);
  for (const refusal of refusals) say.refused(refusal);
  if (pod === null) say.fail('podMissing', subject);
  else if (pod && !stanzas && !pod.deleting) say.fail('podNotRunning', subject, { phase: pod.phase });
  else if (pod && !stanzas)
    say.unsure(
      'too-few-samples',
      `${inPod}: is being deleted, so pgbackrest was not run in it. Wait for its successor.`,
      { subject },
    );
  if (stanzas?.length === 0) say.fail('noStanza', subject);
  for (const stanza of wanted(stanzas ?? [], params.repositories)) {
    const { name, repository } = stanza;
    const held = Math.max(params.repositories?.length ?? 0, (stanzas ?? []).filter((one) => one.name === name).length);
    const where = repository !== undefined && held > 1 ? ` in repository ${repository}` : '';
    judgeStanza(say, `Stanza ${name}${where} of ${inPod}`, stanza, { params, archiver, now });
  }
  if (stanzas) say.show(backupTable(inPod, stanzas));
  judgeArchiver(say, serverName(params.store), archiver, params.maxUnarchivedSegments);
}

/** The declared repositories of each stanza, or those that hold a backup; where none does, the stanza still has to be judged. */
function wanted(stanzas: readonly Stanza[], declared: readonly number[] | undefined): readonly Stanza[] {
  return [...new Set(stanzas.map(({ name }) => name))].flatMap((name) => {
    const known = stanzas.filter((stanza) => stanza.name === name);
    const absent = { name, code: 0, status: '', backups: [], systemIds: [] };
    if (declared)
      return declared.map(
        (key) => known.find(({ repository = 1 }) => repository === key) ?? { ...absent, repository: key },
      );
    const holding = known.filter(({ backups }) => backups.length > 0);
    return holding.length > 0 ? holding : known;
  });
}

interface Against {
  readonly params: Params;
  readonly archiver: Archiver | Down | undefined;
  readonly now: Date;
}

function judgeStanza(say: Voice, subject: string, stanza: Stanza, { params, archiver, now }: Against): void {
  const { code, status, backups, systemIds } = stanza;
  const { maxAge, minSize } = params;
  say.judged(subject);
  const newest = backups.at(-1);
  if (!newest) return say.fail('noBackup', subject, { maxAge });
  const { label, size, error } = newest;
  if (code === null) say.unknown(subject, 'its status');
  else if (code !== 0) say.fail('stanzaStatus', subject, { code, status });
  if (size === null) say.unknown(subject, `the size of the newest backup ${label}`);
  else if (size < minSize) say.fail('tooSmall', subject, { label, size, minSize });
  if (error === null) say.unknown(subject, `whether the newest backup ${label} was completed with errors`);
  else if (error) say.fail('flagged', subject, { label });
  judgeAge(say, subject, newest, maxAge, now);
  judgeServer(say, subject, newest, systemIds, archiver?.up ? archiver.systemId : null);
  judgeWal(say, subject, newest, archiver);
}

function judgeAge(say: Voice, subject: string, { label, stoppedAt }: BackupInfo, maxAge: string, now: Date): void {
  if (stoppedAt === null) return say.unknown(subject, `when the newest backup ${label} ended`);
  const age = now.getTime() - stoppedAt * 1000;
  say.show({
    type: 'value',
    title: `Age of the newest backup, ${subject}`,
    value: Math.round(age / 1000),
    unit: 's',
    bound: { comparison: '<=', value: durationMs(maxAge) / 1000 },
  });
  if (age < -CLOCK_MS) say.fail('fromTheFuture', subject, { label, ahead: formatMs(-age) });
  else if (age > durationMs(maxAge)) say.fail('tooOld', subject, { label, age: formatMs(age), maxAge });
}

/** After a major upgrade the stanza knows both servers; a backup of the old one does not restore the new. */
function judgeServer(
  say: Voice,
  subject: string,
  { label, systemId = null }: BackupInfo,
  known: readonly string[],
  expected: string | null,
): void {
  if (systemId === null)
    say.unknown(subject, `of which server the newest backup ${label} is, so nothing shows that it is of this one`);
  if (expected === null || known.length === 0) return;
  if (!known.includes(expected)) say.fail('otherServer', subject, { actual: known.join(', '), expected });
  else if (systemId !== null && systemId !== expected)
    say.fail('beforeUpgrade', subject, { label, actual: systemId, expected });
}

function judgeWal(
  say: Voice,
  subject: string,
  { label, needs, archived, systemId }: BackupInfo,
  archiver: Archiver | Down | undefined,
): void {
  if (needs === null) say.unknown(subject, `the WAL that the newest backup ${label} needs`);
  else if (
    archived === null ||
    positionOf(needs[0]) < positionOf(archived[0]) ||
    positionOf(archived[1]) < positionOf(needs[1])
  )
    say.fail('walMissing', subject, {
      label,
      needed: needs.join(' to '),
      archived: archived?.join(' to ') ?? 'nothing',
    });
  // An archive_command that only reports success (`true`) leaves statistics without a fault and an archive that does not grow.
  if (!archiver?.up || !archived || systemId !== archiver.systemId) return;
  const segment = archiver.lastArchived ?? '';
  // A partial segment is archived under a name of its own.
  if (!SEGMENT.test(segment) || segment.endsWith('.partial')) return;
  if (positionOf(segment) > positionOf(archived[1])) say.fail('notStored', subject, { segment, archived: archived[1] });
}

function judgeArchiver(say: Voice, subject: string, archiver: Archiver | Down | undefined, most: number): void {
  say.judged(subject);
  if (!archiver) return;
  if (!archiver.up) return say.fail(downId(archiver), subject, { why: archiver.why });
  const { mode, archived, archivedAt, lastArchived, failed, failedAt, lastFailed, systemId } = archiver;
  const behind = segmentsBehind(archiver);
  say.show({
    type: 'table',
    title: `pg_stat_archiver of ${subject}`,
    columns: ['what', 'segment', 'when', 'count'],
    rows: [
      ['archived last', lastArchived, timeOf(archivedAt), archived],
      ['failed last', lastFailed, timeOf(failedAt), failed],
      ['written since', null, null, behind],
    ],
  });
  if (systemId === null) say.unknown(subject, 'its system identifier, so nothing shows that the backup is of it');
  if (mode === null) say.unknown(subject, 'archive_mode');
  else if (mode !== 'on' && mode !== 'always') return say.fail('archivingOff', subject, { mode });
  if (archived === null) say.unknown(subject, 'how many WAL segments it has archived');
  else if (archived === 0)
    say.unsure(
      'too-few-samples',
      `${subject}: has archived no WAL since its statistics were reset (a crash does that), so nothing shows that archiving works. Wait for the next segment, or end one: SELECT pg_switch_wal().`,
      { subject },
    );
  if (failedAt !== null && failedAt >= (archivedAt ?? 0))
    say.fail('archivingFails', subject, { segment: lastFailed ?? 'a segment', failed: failed ?? 'some' });
  if (behind !== null && behind > most)
    say.fail('archivingLags', subject, { behind, segment: lastArchived ?? 'none', most });
}

const timeOf = (seconds: number | null): string | null =>
  seconds === null ? null : new Date(seconds * 1000).toISOString();

function backupTable(inPod: string, stanzas: readonly Stanza[]) {
  const rows = stanzas.flatMap(({ name, repository = null, backups }): (readonly Cell[])[] =>
    backups.length === 0
      ? [[name, repository, 'none', null, null, null, null]]
      : backups
          .slice(-5)
          .map(({ label, type, stoppedAt, size, error }) => [
            name,
            repository,
            label,
            type,
            timeOf(stoppedAt),
            size,
            error,
          ]),
  );
  const columns = ['stanza', 'repository', 'backup', 'type', 'ended', 'bytes', 'with errors'];
  return table(`pgbackrest info in ${inPod}`, columns, rows);
}
