import { duration, kubernetesName, store } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { mayExecIn, runInPod } from '../../protocols/pod-command.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { sessionUnlessDown } from '../../protocols/postgres.ts';
import { judgeBackup, messages, type Archiver, type Gathered } from './judge.ts';
import { parseInfo } from './pgbackrest.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'pod', 'store'],
  properties: {
    namespace: kubernetesName('Namespace of the pod.'),
    pod: kubernetesName('Name of the pod in which pgbackrest is run, for example postgres-primary-0.'),
    container: kubernetesName('Name of the container, when the pod has several.'),
    stanza: {
      type: 'string',
      pattern: '^[A-Za-z0-9_.-]+$',
      description: 'The stanza to judge. Absent: every stanza of the repository.',
    },
    store,
    maxAge: duration('How long ago the newest backup may have ended.', '26h'),
    minSize: {
      type: 'integer',
      minimum: 1,
      default: 1_000_000,
      description: 'Size in bytes that the database of the newest backup must have at least.',
    },
    maxUnarchivedSegments: {
      type: 'integer',
      minimum: 1,
      default: 64,
      description: 'How many WAL segments may have been written since the one archived last.',
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

/** Every role may read these: the view, the settings and the position in the WAL, which a standby has none of. */
const ARCHIVER = `SELECT archived_count::float8 AS archived, last_archived_wal, extract(epoch FROM last_archived_time)::float8 AS archived_at,
  failed_count::float8 AS failed, last_failed_wal, extract(epoch FROM last_failed_time)::float8 AS failed_at,
  current_setting('archive_mode') AS mode,
  (SELECT setting::float8 * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END FROM pg_settings WHERE name = 'wal_segment_size') AS segment_bytes,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 END AS written,
  (SELECT system_identifier::text FROM pg_control_system()) AS system_id
FROM pg_stat_archiver`;

export const backup = defineCheck({
  meta: {
    kind: 'data/backup',
    title: 'The database has a recent, complete backup, and its WAL is being archived',
    why: 'When a migration or a faulty release destroys data, the newest good backup and the WAL since then decide how much is lost.',
    sees: 'What pgbackrest info, run in the pod, tells of the newest backup (its end, size, error flag, the WAL it needs, that it is one of this very server) and what pg_stat_archiver tells of archiving: whether it fails, has ever worked, lags behind, and that what it calls archived is in that repository. Not: that the backup can be restored; only a restore shows that.',
    needs: ['cluster', 'exec', 'postgres'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespace, pod, store }: Params) => [
    ...mayExecIn(namespace, pod),
    ...mayReadSecrets([store.password]),
  ],
  gather,
  judge: (params: Params, gathered: Gathered, { now }: Pick<CheckContext, 'now'>) => judgeBackup(params, gathered, now),
});

async function gather(
  params: Params,
  capabilities: Pick<Capabilities, 'cluster' | 'exec' | 'postgres'>,
): Promise<Gathered> {
  const stanza = params.stanza === undefined ? [] : [`--stanza=${params.stanza}`];
  const command = ['pgbackrest', 'info', '--output=json', ...stanza] as const;
  // The server first: what it says is archived must be in the archive that is looked at afterwards.
  const archiver = await sessionUnlessDown(capabilities.postgres, params.store, async (session): Promise<Archiver> => {
    const row = (await session.query(ARCHIVER)).rows[0] ?? {};
    const text = (name: string): string | null => (typeof row[name] === 'string' ? row[name] : null);
    const number = (name: string): number | null => (typeof row[name] === 'number' ? row[name] : null);
    return {
      up: true,
      mode: text('mode') ?? 'not told',
      archived: number('archived'),
      archivedAt: number('archived_at'),
      lastArchived: text('last_archived_wal'),
      failed: number('failed'),
      failedAt: number('failed_at'),
      lastFailed: text('last_failed_wal'),
      segmentBytes: number('segment_bytes'),
      written: number('written'),
      systemId: text('system_id'),
    };
  });
  const inPod = await runInPod(capabilities, params, command);
  const stanzas = inPod?.exec ? parseInfo(`Pod ${params.namespace}/${params.pod}`, inPod.exec) : null;
  return { command, pod: inPod && { phase: inPod.phase, deleting: inPod.deleting }, stanzas, archiver };
}
