import type { PostgresSession } from '../../contract/stores.ts';
import { kind, ObservationError, type CheckContext } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { numberOf, textOf, type Row } from '../../protocols/postgres.ts';
import { unlessDown } from '../../protocols/stores.ts';
import { judge, messages, poolerName, type Pool, type PooledDatabase } from './judge.ts';
import { params } from './params.ts';

/** A client that waits in each of these looks has not got a connection in between, or others take its place. */
const LOOKS = 3;
const LOOK_EVERY_MS = 300;

/** Which database of which server answers. Every role may read it; the oid tells databases of one server apart, also of a standby. */
const IDENTITY = `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS system_id, oid::text AS oid
  FROM pg_database WHERE datname = current_database()`;
const ROOM = `SELECT current_setting('max_connections')::int AS max_connections,
  current_setting('superuser_reserved_connections')::int AS superuser_reserved,
  coalesce(current_setting('reserved_connections', true), '0')::int AS reserved`;

export const connectionPooling = kind('data/connection-pooling', {
  title: 'Connections are pooled, no client waits for a connection, and the pools fit the server',
  why: 'Pools that are larger than max_connections turn a busy hour into refused connections; clients that wait for one turn it into time-outs.',
  sees: [
    'SHOW CONFIG, DATABASES and POOLS of the PgBouncer console, POOLS three times: the pool mode, paused or disabled databases, waiting clients.',
    'That the database behind the pooler is the very one of the server.',
    'The largest number of server connections that the pools of this server may open (of the users seen so far) against max_connections without those reserved.',
  ],
  not: ['Other poolers and clients of the same server.', 'How it behaves under load.'],
  needs: ['postgres'],
  required: ['console', 'pooled', 'store'],
  params,
  messages,
  rights: ({ console, pooled, store }) => mayReadSecrets([console.password, pooled.password, store.password]),

  async gather({ console, pooled, store }, { postgres }, context) {
    // Through the pooler first: a database behind a wildcard exists on the console once a client has asked for it.
    const through = await unlessDown(postgres, pooled, async (session) => ({
      up: true as const,
      identity: await identityOf(session),
    }));
    const pooler = await unlessDown(postgres, console, (session) => consoleOf(session, poolerName(console), context));
    const server = await unlessDown(postgres, store, async (session) => {
      const room = (await session.query(ROOM)).rows[0];
      return {
        up: true as const,
        maxConnections: numberOf(room, 'max_connections'),
        reserved: (numberOf(room, 'superuser_reserved') ?? 0) + (numberOf(room, 'reserved') ?? 0),
        identity: await identityOf(session),
      };
    });
    return { pooler, through, server };
  },
  judge,
});

/** `<system identifier>/<oid of the database>`, or null when it is not reported. */
async function identityOf(session: PostgresSession): Promise<string | null> {
  const row = (await session.query(IDENTITY)).rows[0];
  const [server, database] = [textOf(row, 'system_id'), textOf(row, 'oid')];
  return server === null || database === null ? null : `${server}/${database}`;
}

async function consoleOf(session: PostgresSession, name: string, context: CheckContext) {
  const version = (await session.query('SHOW VERSION')).rows[0];
  const config = (await session.query('SHOW CONFIG')).rows;
  const databases = (await session.query('SHOW DATABASES')).rows;
  const looks: Pool[][] = [];
  for (let look = 1; look <= LOOKS; look += 1) {
    if (look > 1) await context.wait(LOOK_EVERY_MS);
    looks.push((await session.query('SHOW POOLS')).rows.map(poolOf));
  }
  const setting = (key: string) => config.find((row) => row['key'] === key);
  return {
    up: true as const,
    version: textOf(version, 'version') ?? 'of unknown version',
    poolMode: textOf(setting('pool_mode'), 'value'),
    // Older ones have no such limit.
    maxUserConnections: numberOf(setting('max_user_connections'), 'value') ?? 0,
    databases: databases.map((row) => databaseOf(row, name)),
    looks,
  };
}

function poolOf(row: Row): Pool {
  return {
    database: String(row['database']),
    user: String(row['user']),
    waiting: numberOf(row, 'cl_waiting'),
    maxWaitMs: (numberOf(row, 'maxwait') ?? 0) * 1000 + (numberOf(row, 'maxwait_us') ?? 0) / 1000,
    active: numberOf(row, 'sv_active'),
    idle: numberOf(row, 'sv_idle'),
  };
}

function databaseOf(row: Row, pooler: string): PooledDatabase {
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
    poolMode: textOf(row, 'pool_mode'),
    maxConnections: numberOf(row, 'max_connections') ?? 0,
    forcedUser: (textOf(row, 'force_user') ?? '') !== '',
    paused: flag('paused'),
    disabled: flag('disabled'),
  };
}
