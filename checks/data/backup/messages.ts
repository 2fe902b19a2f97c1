/** What data/backup finds, and what to do about it. */
import { podMessages } from '../../protocols/pod-command.ts';
import { awayMessages, POSTGRES } from '../../protocols/stores.ts';

export const messages = {
  ...podMessages,
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
  walBroken: {
    says: '{subject}: the archive lacks {missing} of the WAL from {first}, where the newest backup {label} begins, to {last}, expected every segment and history.',
    fix: 'Take a new backup now: a restore from this one ends where the WAL does. Then find what removed it (a cleaning job, a lifecycle rule of the bucket, archive-push-queue-max).',
  },
  notWhole: {
    says: '{subject}: restoring the newest backup {label} needs {base}, which {state}, expected it to be there without errors.',
    fix: 'Take a new full backup (pgbackrest --type=full backup), and find what removed or damaged this one.',
  },
  notEncrypted: {
    says: '{subject}: is not encrypted (cipher none), expected a cipher.',
    fix: 'Make the repository anew with repo-cipher-type and repo-cipher-pass: an existing one cannot be encrypted afterwards.',
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
