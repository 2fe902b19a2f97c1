/** Whether what was restored is the database, whole, recent and soon enough. */
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, type Refusal, type Say } from '../../kit/kind.ts';
import { podMessages } from '../../protocols/pod-command.ts';
import type { Archiver } from '../archiver.ts';
import { numberOfSegment } from '../wal.ts';
import type { Params } from './params.ts';
import type { Asked, Restored, ServerFacts } from './restore.ts';

export const messages = {
  ...podMessages,
  noBackup: {
    says: '{subject}: holds no backup, expected one to restore.',
    fix: 'Take a backup (pgbackrest backup), and schedule it.',
  },
  notRestored: {
    says: '{subject}: could not be restored ({why}), expected all of its files.',
    fix: 'Run "pgbackrest verify" on the stanza, repair the repository or its credentials, and take a new full backup.',
  },
  notStarted: {
    says: '{subject}: was restored, and PostgreSQL does not start on it ({why}), expected a database that takes sessions.',
    fix: 'Read the server’s words: WAL that is missing, a version that differs, no room. Take a new full backup if its files are damaged.',
  },
  stillRecovering: {
    says: '{subject}: is in recovery after its start, expected it to have ended.',
    fix: 'Look in the stanza’s recovery options for a standby or a pause: a restore must end with a database that takes writes.',
  },
  otherServer: {
    says: '{subject}: is of the server {actual}, expected the one in use ({expected}).',
    fix: 'Correct the stanza of the item, or take a backup of the server in use.',
  },
  tooSlow: {
    says: '{subject}: took {actual} until it took sessions, expected {expected} at most.',
    fix: 'Take backups more often or incrementally, raise process-max of the restore, or agree on a longer recovery time.',
  },
  stoppedEarly: {
    says: '{subject}: recovery ended before the segment {segment}, which the server had archived, expected all of the archive in it.',
    fix: 'Look for the segment that is missing (pgbackrest verify), and take a new backup now: nothing later can be restored.',
  },
  tooMuchLost: {
    says: '{subject}: lacks {transactions} transactions, and the last one it holds is {age} old, expected {expected} at most.',
    fix: 'See why WAL reaches the archive so late: archive_timeout, a repository that is slow, an archiver that fails.',
  },
  invariant: {
    says: '{subject}: {name} is {actual}, expected {expected}.',
    fix: 'Compare with the server in use: what is missing in the restored database would be lost. Take a new backup.',
  },
  cannotSay: {
    says: '{subject}: does not say {name} ({why}), expected one number.',
    fix: 'Look whether the table is in the backup, and correct the query of the item if it is.',
  },
} as const;

export interface Live {
  readonly archiver: Archiver;
  /** The transaction that would come next, before the restore began, and when that was (seconds since 1970). */
  readonly next: number | null;
  readonly at: number | null;
  readonly asked: readonly Asked[];
}
export interface Seen {
  /** Null when there is no such pod. */
  readonly pod?: { readonly phase: string } | null;
  readonly live?: Live | undefined;
  /** Null when the stanza holds none. */
  readonly backup?: { readonly label: string; readonly stoppedAt: number | null } | null;
  readonly restored?: Restored | undefined;
  readonly refusals?: readonly Refusal[];
}
type Voice = Say<typeof messages>;

export function judge(params: Params, { pod, live, backup, restored, refusals = [] }: Seen, say: Voice): void {
  const { namespace, stanza } = params;
  const subject = objectSubject('Pod', { namespace, name: params.pod });
  for (const refusal of refusals) say.refused(refusal);
  if (pod === null) return say.fail('podMissing', subject);
  if (pod && pod.phase !== 'Running') return say.fail('podNotRunning', subject, { phase: pod.phase });
  if (backup === null) return say.fail('noBackup', `Stanza ${stanza}`);
  if (!restored) return;
  const name = `Backup ${backup?.label ?? ''} of stanza ${stanza}`;
  say.judged(name);
  judgeSteps(name, restored, params, say);
  if (restored.server && live) judgeServer(name, restored.server, live, params, say);
  if (restored.server) judgeInvariants(name, restored.asked, live, params, say);
}

function judgeSteps(name: string, { failed, ms }: Restored, { rto }: Params, say: Voice): void {
  say.show({
    type: 'value',
    title: `Restore and recovery of ${name}`,
    value: Math.round(ms / 100) / 10,
    unit: 's',
    bound: { comparison: '<=', value: durationMs(rto) / 1000 },
  });
  if (failed) return say.fail(failed.step === 'restore' ? 'notRestored' : 'notStarted', name, { why: failed.why });
  if (ms > durationMs(rto)) say.fail('tooSlow', name, { actual: formatMs(ms), expected: rto });
}

function judgeServer(name: string, server: ServerFacts, live: Live, { rpo }: Params, say: Voice): void {
  const { systemId, recovering } = server;
  if (recovering === null) say.unknown(name, 'whether its recovery has ended');
  else if (recovering) say.fail('stillRecovering', name);
  const expected = live.archiver.systemId;
  if (systemId === null || expected === null) say.unknown(name, 'its system identifier, or the server in use its own');
  else if (systemId !== expected) return say.fail('otherServer', name, { actual: systemId, expected });
  judgeWal(name, server.replayed, live.archiver, say);
  judgeLoss(name, server, live, rpo, say);
}

/** What the server had archived before the restore began must have been replayed. */
function judgeWal(name: string, replayed: number | null, { lastArchived, segmentBytes }: Archiver, say: Voice): void {
  if (replayed === null || segmentBytes === null) return say.unknown(name, 'how far its WAL was replayed');
  const last = numberOfSegment(lastArchived ?? '', segmentBytes);
  // The end of a segment's last record is the first byte of the next one.
  if (last !== null && Math.floor((replayed - 1) / segmentBytes) < last)
    say.fail('stoppedEarly', name, { segment: lastArchived ?? '' });
}

/** A quiet database loses nothing, however old its last transaction is. */
function judgeLoss(name: string, { next, lastAt }: ServerFacts, live: Live, rpo: string, say: Voice): void {
  if (next === null || live.next === null || live.at === null)
    return say.unknown(name, 'how many transactions it lacks');
  const transactions = Math.max(0, live.next - next);
  const age = lastAt === null ? null : (live.at - lastAt) * 1000;
  say.show(
    table(
      'Compared with the server in use',
      ['transactions it lacks', 'age of the last one, s'],
      [[transactions, age === null ? null : Math.round(age / 1000)]],
    ),
  );
  if (transactions === 0) return;
  if (age === null) return say.unknown(name, 'when its last transaction was');
  if (age > durationMs(rpo)) say.fail('tooMuchLost', name, { transactions, age: formatMs(age), expected: rpo });
}

function judgeInvariants(
  subject: string,
  asked: readonly Asked[],
  live: Live | undefined,
  { invariants }: Params,
  say: Voice,
): void {
  const rows = invariants.map(({ name, atLeast, atMost, ofLive }) => {
    const { value = null, why } = asked.find((one) => one.name === name) ?? {};
    const there = live?.asked.find((one) => one.name === name)?.value ?? null;
    if (value === null) {
      say.fail('cannotSay', subject, { name, why: why ?? 'it was not asked' });
      return [name, null, there];
    }
    const bad = (isBad: boolean, expected: string): void => {
      if (isBad) say.fail('invariant', subject, { name, actual: value, expected });
    };
    if (atLeast !== undefined) bad(value < atLeast, `at least ${atLeast}`);
    if (atMost !== undefined) bad(value > atMost, `at most ${atMost}`);
    if (ofLive !== undefined && there === null) say.unknown(subject, `${name} of the server in use`);
    else if (ofLive !== undefined) bad(value < ofLive * (there ?? 0), `${ofLive * 100} % of the ${there ?? 0} in use`);
    return [name, value, there];
  });
  say.show(table('What it holds', ['number', 'restored', 'in use'], rows));
}
