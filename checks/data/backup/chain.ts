/** Whether everything is there that a restore of the newest backup needs: the backups below it and the WAL since. */
import { nameList } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import type { Down } from '../../protocols/stores.ts';
import type { Archiver } from '../archiver.ts';
import type { messages } from './messages.ts';
import type { BackupInfo, Listing, Stanza } from '../pgbackrest.ts';
import { missingWal, positionOf, SEGMENT } from '../wal.ts';

type Voice = Say<typeof messages>;

export function judgeChain(say: Voice, subject: string, stanza: Stanza, archiver: Archiver | Down | undefined): void {
  const newest = stanza.backups.at(-1);
  if (!newest) return;
  const { label, needs } = newest;
  const files = filesOf(say, subject, stanza, newest);
  judgeBases(say, subject, stanza.backups, files?.folders ?? null);
  if (!needs) return say.unknown(subject, `the WAL that the newest backup ${label} needs`);
  const last = lastArchived(newest, archiver);
  const isComplete = judgeEnds(say, subject, { ...newest, needs }, last);
  // That the server does not answer, or may not be asked, is said of the server.
  if (isComplete && files && archiver?.up)
    judgeSegments(say, subject, { label, needs, last, held: files.wal, bytes: archiver.segmentBytes });
}

function filesOf(
  say: Voice,
  subject: string,
  { listing }: Stanza,
  { needs, archived }: BackupInfo,
): Listing | undefined {
  if (listing && 'wal' in listing) return listing;
  if (listing) say.refused(listing.refused, subject);
  else if (needs && archived)
    say.unknown(subject, 'which files its repository holds, so nothing shows that each WAL segment is there');
  return undefined;
}

/** An incremental or differential backup is restored with those that it refers to. */
function judgeBases(
  say: Voice,
  subject: string,
  backups: readonly BackupInfo[],
  folders: readonly string[] | null,
): void {
  const { label = '', type, reference } = backups.at(-1) ?? {};
  if (type !== 'full' && !reference) say.unknown(subject, `which backups the newest one, ${label}, is restored with`);
  const stateOf = (base: string): string | null => {
    const known = backups.find((one) => one.label === base);
    if (!known) return 'is not in the repository';
    // Of the newest one itself it has been said.
    if (known.error && base !== label) return 'was completed with errors';
    return folders?.includes(base) === false ? 'has no folder in the repository' : null;
  };
  for (const base of [label, ...(reference ?? [])]) {
    const state = stateOf(base);
    if (state) say.fail('notWhole', subject, { label, base, state });
  }
}

/** The segment that the server of this backup archived last. A partial one is archived under a name of its own. */
function lastArchived({ systemId }: BackupInfo, archiver: Archiver | Down | undefined): string | null {
  if (!archiver?.up || systemId !== archiver.systemId) return null;
  const segment = archiver.lastArchived ?? '';
  return SEGMENT.test(segment) && !segment.endsWith('.partial') ? segment : null;
}

/** Holds what info says of the archive's ends against what is needed; whether they are right. */
function judgeEnds(
  say: Voice,
  subject: string,
  { label, needs, archived }: BackupInfo & { readonly needs: readonly [string, string] },
  last: string | null,
): boolean {
  // Nothing comes before `~`, and everything after the empty name.
  const [[from, to], [first, end]] = [needs.map(positionOf), archived?.map(positionOf) ?? ['~', '']];
  const isShort = String(from) < String(first) || String(end) < String(to);
  if (isShort)
    say.fail('walMissing', subject, {
      label,
      needed: needs.join(' to '),
      archived: archived?.join(' to ') ?? 'nothing',
    });
  // An archive_command that only reports success (`true`) leaves statistics without a fault and an archive that does not grow.
  const isStale = archived !== null && last !== null && positionOf(last) > positionOf(archived[1]);
  if (isStale) say.fail('notStored', subject, { segment: last, archived: archived[1] });
  return !isShort && !isStale;
}

interface Segments {
  readonly label: string;
  readonly needs: readonly [string, string];
  readonly last: string | null;
  readonly held: readonly string[];
  readonly bytes: number | null;
}
function judgeSegments(say: Voice, subject: string, { label, needs, last, held, bytes }: Segments): void {
  if (bytes === null)
    return say.unknown(subject, 'the size of its WAL segments, so nothing shows that each one is there');
  // Names that were not understood are no loss.
  if (!held.some((name) => SEGMENT.test(name)))
    return say.unknown(subject, 'any WAL segment in the listing of its repository, though info names some');
  const missing = missingWal(held, needs, last?.slice(0, 24) ?? null, bytes);
  const ends = { first: needs[0], last: last ?? needs[1] };
  if (missing.length > 0) say.fail('walBroken', subject, { label, missing: nameList(missing), ...ends });
}
