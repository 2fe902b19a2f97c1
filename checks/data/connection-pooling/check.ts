import type { PostgresStore, SqlAnswer } from '../../contract/stores.ts';
import { duration, store } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { textAt } from '../../contract/json.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { sessionUnlessDown } from '../../protocols/postgres.ts';
import {
  judgePooling,
  messages,
  type Gathered,
  type Pool,
  type PooledDatabase,
  type Pooler,
  type Room,
} from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['console', 'pooled', 'store'],
  properties: {
    console: {
      ...store,
      description: 'The console of PgBouncer: its database is "pgbouncer", its user one of stats_users.',
    },
    pooled: { ...store, description: 'The database as clients reach it, through PgBouncer.' },
    store: { ...store, description: 'The PostgreSQL server behind it, spoken to directly.' },
    poolMode: {
      enum: ['session', 'transaction', 'statement'],
      default: 'transaction',
      description: 'When a server connection is given back.',
    },
    headroom: {
      type: 'integer',
      minimum: 0,
      maximum: 90,
      default: 20,
      description: 'Percent of the connections the server has for clients that the pools must leave free.',
    },
    maxWait: duration('How long a client may have been waiting for a server connection.', '1s'),
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

/** A client that waits in each of these looks has not got a connection in between, or others take its place. */
const LOOKS = 3;
const LOOK_EVERY_MS = 300;

const ROOM = `SELECT current_setting('max_connections')::int AS max_connections,
  current_setting('superuser_reserved_connections')::int AS superuser_reserved,
  coalesce(current_setting('reserved_connections', true), '0')::int AS reserved`;

export const connectionPooling = defineCheck({
  meta: {
    kind: 'data/connection-pooling',
    title: 'Connections are pooled, nobody waits, and the pools fit the server',
    why: 'Pools that are larger than max_connections turn a busy hour into refused connections; clients that wait for one turn it into time-outs.',
    sees: 'SHOW CONFIG, DATABASES and POOLS of the PgBouncer console, POOLS three times: the pool mode, paused or disabled databases, waiting clients; a query through the pooler; and the largest number of server connections that the pools of this server may open (of the users seen so far) against max_connections without those reserved. Not: other poolers and clients of the same server, nor how it behaves under load.',
    needs: ['postgres'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ console, pooled, store }: Params) =>
    mayReadSecrets([console.password, pooled.password, store.password]),
  gather,
  judge: (params: Params, gathered: Gathered) => judgePooling(params, gathered),
});

async function gather(
  params: Params,
  { postgres }: Pick<Capabilities, 'postgres'>,
  context: CheckContext,
): Promise<Gathered> {
  const pooler = await sessionUnlessDown(postgres, params.console, async (session): Promise<Pooler> => {
    const version = (await session.query('SHOW VERSION')).rows[0];
    const config = await session.query('SHOW CONFIG');
    const databases = await session.query('SHOW DATABASES');
    const looks: Pool[][] = [];
    for (let look = 1; look <= LOOKS; look += 1) {
      if (look > 1) await context.wait(LOOK_EVERY_MS);
      looks.push((await session.query('SHOW POOLS')).rows.map(poolOf));
    }
    const setting = (name: string): unknown => config.rows.find((row) => row['key'] === name)?.['value'];
    return {
      up: true,
      version: textAt(version, 'version not told', 'version'),
      poolMode: textAt(setting('pool_mode'), 'not told'),
      maxUserConnections: Number(setting('max_user_connections') ?? 0),
      databases: databases.rows.map(databaseOf(params.console)),
      looks,
    };
  });
  const through = await sessionUnlessDown(postgres, params.pooled, async (session) => {
    await session.query('SELECT 1');
    return { up: true } as const;
  });
  const server = await sessionUnlessDown(postgres, params.store, async (session) => roomOf(await session.query(ROOM)));
  return { pooler, through, server };
}

function poolOf(row: SqlAnswer['rows'][number]): Pool {
  return {
    database: String(row['database']),
    user: String(row['user']),
    waiting: Number(row['cl_waiting']),
    maxWaitMs: Number(row['maxwait'] ?? 0) * 1000 + Number(row['maxwait_us'] ?? 0) / 1000,
    active: Number(row['sv_active']),
    idle: Number(row['sv_idle']),
  };
}

/** Columns were renamed: reserve_pool is reserve_pool_size since PgBouncer 1.24. */
function databaseOf(console: PostgresStore): (row: SqlAnswer['rows'][number]) => PooledDatabase {
  return (row) => {
    const poolSize = Number(row['pool_size']);
    const reserve = Number(row['reserve_pool'] ?? row['reserve_pool_size']);
    if (Number.isNaN(poolSize) || Number.isNaN(reserve))
      throw new ObservationError(
        'protocol',
        `PgBouncer at ${console.host}:${console.port}: SHOW DATABASES tells no pool_size and reserve_pool`,
        { fix: 'Check that the console of the environment file is the one of PgBouncer.' },
      );
    return {
      name: String(row['name']),
      server: `${textAt(row, 'local', 'host')}:${String(row['port'])}`,
      poolSize,
      reserve,
      poolMode: typeof row['pool_mode'] === 'string' ? row['pool_mode'] : null,
      maxConnections: Number(row['max_connections'] ?? 0),
      forcedUser: typeof row['force_user'] === 'string' && row['force_user'] !== '',
      paused: Number(row['paused']) !== 0,
      disabled: Number(row['disabled']) !== 0,
    };
  };
}

function roomOf({ rows }: SqlAnswer): Room {
  const number = (name: string): number => Number(rows[0]?.[name]);
  return {
    up: true,
    maxConnections: number('max_connections'),
    reserved: number('superuser_reserved') + number('reserved'),
  };
}
