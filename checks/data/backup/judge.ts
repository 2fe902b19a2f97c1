/** What is wrong with the backups and the archiving of a PostgreSQL server. */
import type { Cell } from '../../contract/outcome.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Refusal, type Say } from '../../kit/kind.ts';
import { serverName } from '../../protocols/postgres.ts';
import { downId, type Down } from '../../protocols/stores.ts';
import { segmentsBehind, type Archiver } from '../archiver.ts';
import { judgeChain } from './chain.ts';
import type { messages } from './messages.ts';
import type { Params } from './params.ts';
import type { BackupInfo, Stanza } from '../pgbackrest.ts';

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
  const { code, status, backups, systemIds, cipher = null } = stanza;
  const { maxAge, minSize, requireEncryption } = params;
  say.judged(subject);
  const newest = backups.at(-1);
  if (!newest) return say.fail('noBackup', subject, { maxAge });
  if (code === null) say.unknown(subject, 'its status');
  else if (code !== 0) say.fail('stanzaStatus', subject, { code, status });
  if (requireEncryption && cipher === null) say.unknown(subject, 'whether it is encrypted');
  else if (requireEncryption && cipher === 'none') say.fail('notEncrypted', subject);
  judgeContent(say, subject, newest, minSize);
  judgeAge(say, subject, newest, maxAge, now);
  judgeServer(say, subject, newest, systemIds, archiver?.up ? archiver.systemId : null);
  judgeChain(say, subject, stanza, archiver);
}

function judgeContent(say: Voice, subject: string, { label, size, error }: BackupInfo, minSize: number): void {
  if (size === null) say.unknown(subject, `the size of the newest backup ${label}`);
  else if (size < minSize) say.fail('tooSmall', subject, { label, size, minSize });
  if (error === null) say.unknown(subject, `whether the newest backup ${label} was completed with errors`);
  else if (error) say.fail('flagged', subject, { label });
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
