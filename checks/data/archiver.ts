/** How a PostgreSQL server archives its WAL. */
import type { PostgresSession } from '../contract/stores.ts';
import { numberOf, textOf } from '../protocols/postgres.ts';
import { rowsOf } from '../protocols/stores.ts';
import { numberOfSegment } from './wal.ts';

/** Every role may read these: the view, the settings and the position in the WAL, which a standby has none of. */
const ARCHIVER = `SELECT archived_count::float8 AS archived, last_archived_wal, extract(epoch FROM last_archived_time)::float8 AS archived_at,
  failed_count::float8 AS failed, last_failed_wal, extract(epoch FROM last_failed_time)::float8 AS failed_at,
  current_setting('archive_mode') AS mode,
  (SELECT setting::float8 * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END FROM pg_settings WHERE name = 'wal_segment_size') AS segment_bytes,
  CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 END AS written
FROM pg_stat_archiver`;
/** Asked by itself: some managed services refuse it. */
const SYSTEM = 'SELECT system_identifier::text AS system_id FROM pg_control_system()';

/** What is not reported is null. */
export type Archiver = Awaited<ReturnType<typeof archiverOf>>;

export async function archiverOf(session: PostgresSession) {
  const [row] = await rowsOf(session, ARCHIVER);
  const [system] = await rowsOf(session, SYSTEM);
  return {
    up: true as const,
    mode: textOf(row, 'mode'),
    archived: numberOf(row, 'archived'),
    /** Seconds since 1970. */
    archivedAt: numberOf(row, 'archived_at'),
    lastArchived: textOf(row, 'last_archived_wal'),
    failed: numberOf(row, 'failed'),
    failedAt: numberOf(row, 'failed_at'),
    lastFailed: textOf(row, 'last_failed_wal'),
    segmentBytes: numberOf(row, 'segment_bytes'),
    /** Bytes of WAL written since the server was made; null on a standby. */
    written: numberOf(row, 'written'),
    systemId: textOf(system, 'system_id'),
  };
}

/** Whole segments between the one archived last and where the server writes; null when one of the two is not known. */
export function segmentsBehind({ lastArchived, written, segmentBytes }: Archiver): number | null {
  if (written === null || segmentBytes === null) return null;
  const number = numberOfSegment(lastArchived ?? '', segmentBytes);
  return number === null ? null : Math.max(0, Math.floor(written / segmentBytes) - number - 1);
}
