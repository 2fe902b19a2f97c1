/** What a PgBouncer and the server behind it report. What they do not is null. */
import type { PostgresClient, PostgresSession, PostgresStore } from '../../contract/stores.ts';
import { ObservationError, type CheckContext } from '../../kit/kind.ts';
import { numberOf, textOf, type Row } from '../../protocols/postgres.ts';
import { rowsOf } from '../../protocols/stores.ts';

/** A client that waits in each of these looks has not got a connection in between, or others take its place. */
const LOOKS = 3;
const LOOK_EVERY_MS = 300;

/** Which database answers, and of which start of a server: a standby and a restored copy have the oid and the identifier of the original. */
const IDENTITY = `SELECT oid::text AS oid, extract(epoch FROM pg_postmaster_start_time())::text AS started,
  pg_is_in_recovery()::text AS recovery FROM pg_database WHERE datname = current_database()`;
/** Asked by itself: some managed services refuse it. */
const SYSTEM = 'SELECT system_identifier::text AS system_id FROM pg_control_system()';
const ROOM = `SELECT current_setting('max_connections')::int AS max_connections,
  current_setting('superuser_reserved_connections')::int AS superuser_reserved,
  coalesce(current_setting('reserved_connections', true), '0')::int AS reserved`;

export type Pooler = Awaited<ReturnType<typeof consoleOf>>;
export type Pool = ReturnType<typeof poolOf>;
export type Reached = Awaited<ReturnType<typeof reachedOf>>;
export type Server = Awaited<ReturnType<typeof serverOf>>;

/** `PgBouncer at db.example:6432`. */
export function poolerName({ host, port }: PostgresStore): string {
  return `PgBouncer at ${host}:${port}`;
}

/** The same store at one of the addresses of its host; its certificate is still that of the host. */
export function atAddress(store: PostgresStore, address: string): PostgresStore {
  return { ...store, host: address, tls: store.tls !== false && { serverName: store.host, ...store.tls } };
}

export async function reachedOf(session: PostgresSession) {
  return { up: true as const, ...(await identityOf(session)) };
}

/** Sessions held open together, each with a server connection of its own: a database of several hosts leads to one after the other. */
export async function reachedTogether(
  client: PostgresClient,
  store: PostgresStore,
  count: number,
): Promise<readonly Identity[]> {
  if (count === 0) return [];
  return await client.session(store, async (session) => {
    await session.query('BEGIN');
    return [await identityOf(session), ...(await reachedTogether(client, store, count - 1))];
  });
}

export async function serverOf(session: PostgresSession) {
  const room = (await session.query(ROOM)).rows[0];
  return {
    up: true as const,
    maxConnections: numberOf(room, 'max_connections'),
    /** For superusers and for members of pg_use_reserved_connections. */
    reserved: (numberOf(room, 'superuser_reserved') ?? 0) + (numberOf(room, 'reserved') ?? 0),
    ...(await identityOf(session)),
  };
}

/** What is not reported is null. */
type Identity = Awaited<ReturnType<typeof identityOf>>;

async function identityOf(session: PostgresSession) {
  const [row] = await rowsOf(session, IDENTITY);
  const [system] = await rowsOf(session, SYSTEM);
  const database = textOf(row, 'oid');
  return {
    /** `<system identifier>/<oid of the database>`. A server that hides its identifier is told by its start. */
    identity: database === null ? null : `${textOf(system, 'system_id') ?? 'hidden'}/${database}`,
    /** Seconds since 1970. */
    started: textOf(row, 'started'),
    recovery: textOf(row, 'recovery'),
  };
}

export async function consoleOf(session: PostgresSession, name: string, context: CheckContext) {
  const version = (await session.query('SHOW VERSION')).rows[0];
  const config = (await session.query('SHOW CONFIG')).rows;
  const databases = (await session.query('SHOW DATABASES')).rows;
  const looks: ReturnType<typeof poolOf>[][] = [];
  for (let look = 1; look <= LOOKS; look += 1) {
    if (look > 1) await context.wait(LOOK_EVERY_MS);
    looks.push((await session.query('SHOW POOLS')).rows.map(poolOf));
  }
  const setting = (key: string) => config.find((row) => row['key'] === key);
  return {
    up: true as const,
    version: textOf(version, 'version') ?? 'of unknown version',
    poolMode: textOf(setting('pool_mode'), 'value'),
    /** Of one user in all pools; 0 is no limit, as in versions that know none. */
    maxUserConnections: numberOf(setting('max_user_connections'), 'value') ?? 0,
    databases: databases.map((row) => databaseOf(row, name)),
    looks,
  };
}

function poolOf(row: Row) {
  return {
    database: String(row['database']),
    user: String(row['user']),
    /** Clients that have asked and have no server connection yet. */
    waiting: numberOf(row, 'cl_waiting'),
    /** How long the first of them has waited. */
    maxWaitMs: (numberOf(row, 'maxwait') ?? 0) * 1000 + (numberOf(row, 'maxwait_us') ?? 0) / 1000,
    active: numberOf(row, 'sv_active'),
    idle: numberOf(row, 'sv_idle'),
  };
}

function databaseOf(row: Row, pooler: string) {
  const poolSize = numberOf(row, 'pool_size');
  // Renamed in PgBouncer 1.24.
  const reserve = numberOf(row, 'reserve_pool') ?? numberOf(row, 'reserve_pool_size');
  if (poolSize === null || reserve === null)
    throw new ObservationError('protocol', `${pooler}: SHOW DATABASES reports no pool_size and reserve_pool`, {
      detail: 'no-pool-size',
      fix: 'Check that the console of the environment file is the one of PgBouncer.',
    });
  const flag = (column: string): boolean | null => {
    const value = numberOf(row, column);
    return value === null ? null : value !== 0;
  };
  return {
    name: String(row['name']),
    server: `${textOf(row, 'host') ?? 'local'}:${String(row['port'])}`,
    poolSize,
    reserve,
    /** Null: the pooler's own. */
    poolMode: textOf(row, 'pool_mode'),
    /** Of all its pools together; 0 is no limit. */
    maxConnections: numberOf(row, 'max_connections') ?? 0,
    forcedUser: (textOf(row, 'force_user') ?? '') !== '',
    paused: flag('paused'),
    disabled: flag('disabled'),
  };
}
