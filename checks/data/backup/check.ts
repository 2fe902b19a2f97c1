import { attempt, kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { mayExecIn, runInPod } from '../../protocols/pod-command.ts';
import { numberOf, textOf } from '../../protocols/postgres.ts';
import { unlessDown } from '../../protocols/stores.ts';
import { judge, messages } from './judge.ts';
import { params } from './params.ts';
import { parseInfo } from './pgbackrest.ts';

/** Every role may read these: the view, the settings and the position in the WAL, which a standby has none of. */
const ARCHIVER = `SELECT archived_count::float8 AS archived, last_archived_wal, extract(epoch FROM last_archived_time)::float8 AS archived_at,
  failed_count::float8 AS failed, last_failed_wal, extract(epoch FROM last_failed_time)::float8 AS failed_at,
  current_setting('archive_mode') AS mode,
  (SELECT setting::float8 * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END FROM pg_settings WHERE name = 'wal_segment_size') AS segment_bytes,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 END AS written,
  (SELECT system_identifier::text FROM pg_control_system()) AS system_id
FROM pg_stat_archiver`;

export const backup = kind('data/backup', {
  title: 'The database has a recent, complete backup, and its WAL is being archived',
  why: 'When a migration or a faulty release destroys data, the newest good backup and the WAL since then decide how much is lost.',
  sees: [
    'What pgbackrest info, run in the pod, reports of the newest backup in each repository: its end, size, error flag, the WAL it needs, that it is one of this very server.',
    'What pg_stat_archiver reports of archiving: whether it fails, has ever worked, lags behind, and that what it calls archived is in each of those repositories.',
  ],
  not: [
    'That the backup can be restored; only a restore shows that.',
    'WAL segments between the first and the last of an archive.',
    'A repository without any backup, unless repositories names it.',
  ],
  needs: ['cluster', 'exec', 'postgres'],
  required: ['namespace', 'pod', 'store'],
  params,
  messages,
  rights: ({ namespace, pod, store }) => [...mayExecIn(namespace, pod), ...mayReadSecrets([store.password])],

  async gather(params, can) {
    const { namespace, pod, store, stanza } = params;
    // The server first: what it says is archived must be in the archive that is looked at afterwards.
    const server = await attempt(() =>
      unlessDown(can.postgres, store, async (session) => {
        const row = (await session.query(ARCHIVER)).rows[0];
        return {
          up: true as const,
          mode: textOf(row, 'mode'),
          archived: numberOf(row, 'archived'),
          archivedAt: numberOf(row, 'archived_at'),
          lastArchived: textOf(row, 'last_archived_wal'),
          failed: numberOf(row, 'failed'),
          failedAt: numberOf(row, 'failed_at'),
          lastFailed: textOf(row, 'last_failed_wal'),
          segmentBytes: numberOf(row, 'segment_bytes'),
          written: numberOf(row, 'written'),
          systemId: textOf(row, 'system_id'),
        };
      }),
    );
    const info = await attempt(async () => {
      const only = stanza === undefined ? [] : [`--stanza=${stanza}`];
      const inPod = await runInPod(can, params, ['pgbackrest', 'info', '--output=json', ...only]);
      return {
        pod: inPod && { phase: inPod.phase, deleting: inPod.deleting },
        stanzas: inPod?.exec ? parseInfo(`Pod ${namespace}/${pod}`, inPod.exec) : null,
      };
    });
    const refusals = [server.refusal, info.refusal].filter((one) => one !== undefined);
    return { ...info.seen, archiver: server.seen, ...(refusals.length > 0 ? { refusals } : {}) };
  },
  judge,
});
