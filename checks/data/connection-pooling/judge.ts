/** What is wrong with a pool in front of a PostgreSQL server. */
import type { PostgresStore } from '../../contract/stores.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import { HUNG_FIX, serverName, type Down } from '../../protocols/postgres.ts';
import type { Params } from './check.ts';

export const messages = {
  down: {
    says: '{subject}: does not answer ({why}), expected it to.',
    fix: 'Start it, or open the way to it from where the gate runs.',
  },
  hung: {
    says: '{subject}: does not answer in time ({why}), expected it to.',
    fix: HUNG_FIX,
  },
  noDatabase: {
    says: '{subject}: pools {actual}, expected {expected} among them.',
    fix: 'Add the database to [databases] of pgbouncer.ini, or correct its name in the environment file.',
  },
  poolMode: {
    says: '{subject}: pool_mode of {database} is {actual}, expected {expected}.',
    fix: 'Set pool_mode = {expected} in pgbouncer.ini and RELOAD. Make sure that clients keep to what that mode allows.',
  },
  closed: {
    says: '{subject}: database {database} is {state}, expected it to be open.',
    fix: 'Open it on the console: RESUME or ENABLE.',
  },
  waiting: {
    says: '{subject}: {clients} clients of {pool} wait for a server connection, for {wait}, expected none to wait longer than {maxWait}.',
    fix: 'Find what holds the connections (pg_stat_activity: idle in transaction, long queries), then enlarge default_pool_size as far as max_connections allows.',
  },
  tooLarge: {
    says: '{subject}: its pools may open {most} connections to {server}, expected at most {allowed} ({room} for clients there, {headroom} % of them kept free).',
    fix: 'Lower default_pool_size and reserve_pool_size, or cap them with max_db_connections; raising max_connections costs memory and a restart.',
  },
};
export type Id = keyof typeof messages;

export interface Pool {
  readonly database: string;
  readonly user: string;
  /** Clients that have asked and have no server connection yet. */
  readonly waiting: number;
  /** How long the first of them has waited. */
  readonly maxWaitMs: number;
  readonly active: number;
  readonly idle: number;
}
export interface PooledDatabase {
  readonly name: string;
  /** `host:port` of its server. */
  readonly server: string;
  readonly poolSize: number;
  readonly reserve: number;
  /** Null: the pooler's own. */
  readonly poolMode: string | null;
  /** Of all its pools together; 0 is no limit. */
  readonly maxConnections: number;
  readonly forcedUser: boolean;
  readonly paused: boolean;
  readonly disabled: boolean;
}
export interface Pooler {
  readonly up: true;
  readonly version: string;
  readonly poolMode: string;
  /** Of one user in all pools; 0 is no limit. */
  readonly maxUserConnections: number;
  readonly databases: readonly PooledDatabase[];
  readonly looks: readonly (readonly Pool[])[];
}
export interface Room {
  readonly up: true;
  readonly maxConnections: number;
  /** For superusers and for members of pg_use_reserved_connections. */
  readonly reserved: number;
}
export interface Gathered {
  readonly pooler: Pooler | Down;
  readonly through: { readonly up: true } | Down;
  readonly server: Room | Down;
}

export function judgePooling(params: Params, { pooler, through, server }: Gathered): Judgement<Id> {
  const subject = poolerName(params.console);
  const pooled = `${serverName(params.pooled)} through PgBouncer`;
  const direct = serverName(params.store);
  const down = (name: string, one: { readonly up: true } | Down): Finding<Id> | null =>
    one.up ? null : { message: one.hung ? 'hung' : 'down', subject: name, data: { why: one.why } };
  const findings: Finding<Id>[] = present([
    down(subject, pooler),
    down(pooled, through),
    down(direct, server),
    ...(pooler.up ? poolerFindings(subject, params, pooler) : []),
    pooler.up && server.up && sizeFinding(subject, params, pooler, server),
  ]);
  const evidence = evidenceOf(subject, params, pooler, server);
  if (findings.length === 0 && server.up && !(server.maxConnections > 0))
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${direct}: does not tell max_connections. Connect to the server itself, not to a pooler.`,
      evidence,
    };
  return judged(findings, [subject, pooled, direct], evidence, '');
}

/** `PgBouncer at db.example:6432`. */
function poolerName({ host, port }: PostgresStore): string {
  return `PgBouncer at ${host}:${port}`;
}

function poolerFindings(subject: string, params: Params, pooler: Pooler): Finding<Id>[] {
  const database = pooler.databases.find(({ name }) => name === params.pooled.database);
  if (!database) {
    const names = pooler.databases.map(({ name }) => name).filter((name) => name !== params.console.database);
    const actual = names.length === 0 ? 'no database' : names.join(', ');
    return [{ message: 'noDatabase', subject, data: { actual, expected: params.pooled.database } }];
  }
  const mode = database.poolMode ?? pooler.poolMode;
  const state = database.paused ? 'paused' : database.disabled ? 'disabled' : null;
  return present<Finding<Id>>([
    mode !== params.poolMode && {
      message: 'poolMode',
      subject,
      data: { database: database.name, actual: mode, expected: params.poolMode },
    },
    state !== null && { message: 'closed', subject, data: { database: database.name, state } },
    ...waitingFindings(subject, params.maxWait, pooler.looks),
  ]);
}

/** Pools whose clients wait too long in the last look, or waited in every one: they are served, and others take their place. */
function waitingFindings(subject: string, maxWait: string, looks: Pooler['looks']): Finding<Id>[] {
  const last = looks.at(-1) ?? [];
  const waitsIn = (look: readonly Pool[], { database, user }: Pool): boolean =>
    look.some((pool) => pool.database === database && pool.user === user && pool.waiting > 0);
  return last
    .filter((pool) => pool.waiting > 0)
    .filter((pool) => pool.maxWaitMs >= durationMs(maxWait) || looks.every((look) => waitsIn(look, pool)))
    .map(({ database, user, waiting, maxWaitMs }) => ({
      message: 'waiting',
      subject,
      data: { clients: waiting, pool: `${database} as ${user}`, wait: formatMs(maxWaitMs), maxWait },
    }));
}

function sizeFinding(subject: string, params: Params, pooler: Pooler, server: Room): Finding<Id> | null {
  const { most, allowed, room } = sizes(params, pooler, server);
  if (most <= allowed) return null;
  const data = { most, allowed, room, headroom: params.headroom, server: serverName(params.store) };
  return { message: 'tooLarge', subject, data };
}

interface Sizes {
  /** Connections that the pools of this server may open at most. */
  readonly most: number;
  /** Connections that the server has for clients. */
  readonly room: number;
  readonly allowed: number;
}

/** A pool is of one database and one user: its size and its reserve, within the limits of the database and of the user. */
export function sizes(params: Params, pooler: Pooler, { maxConnections, reserved }: Room): Sizes {
  const home = pooler.databases.find(({ name }) => name === params.pooled.database)?.server;
  const most = pooler.databases
    .filter(({ server }) => server === home)
    .map((database) => {
      const one = limited(database.poolSize + database.reserve, pooler.maxUserConnections);
      const all = one * (database.forcedUser ? 1 : usersOf(database.name, pooler));
      return limited(all, database.maxConnections);
    })
    .reduce((sum, connections) => sum + connections, 0);
  const room = maxConnections - reserved;
  return { most, room, allowed: Math.floor((room * (100 - params.headroom)) / 100) };
}

const limited = (value: number, limit: number): number => (limit > 0 ? Math.min(value, limit) : value);

/** Users that have a pool of a database; one will, where nobody has come yet. */
function usersOf(database: string, { looks }: Pooler): number {
  const users = new Set(
    looks.flatMap((look) => look.filter((pool) => pool.database === database).map(({ user }) => user)),
  );
  return Math.max(1, users.size);
}

function evidenceOf(
  subject: string,
  params: Params,
  pooler: Pooler | Down,
  server: Room | Down,
): readonly [Evidence, ...Evidence[]] {
  if (!pooler.up) return [{ type: 'text', title: subject, text: pooler.why }];
  const databases: Evidence = {
    type: 'table',
    title: `SHOW DATABASES of ${subject} (${pooler.version}, pool_mode ${pooler.poolMode})`,
    columns: ['database', 'server', 'pool_size', 'reserve', 'pool_mode', 'max_connections', 'paused', 'disabled'],
    rows: pooler.databases.map((one) => [
      one.name,
      one.server,
      one.poolSize,
      one.reserve,
      one.poolMode,
      one.maxConnections,
      one.paused,
      one.disabled,
    ]),
  };
  const pools: Evidence = {
    type: 'table',
    title: `SHOW POOLS, ${pooler.looks.length} times`,
    columns: ['look', 'database', 'user', 'waiting', 'longest wait in ms', 'active', 'idle'],
    rows: pooler.looks.flatMap((look, index) =>
      look.map((pool) => [
        index + 1,
        pool.database,
        pool.user,
        pool.waiting,
        Math.round(pool.maxWaitMs),
        pool.active,
        pool.idle,
      ]),
    ),
  };
  if (!server.up) return [databases, pools, { type: 'text', title: serverName(params.store), text: server.why }];
  const { most, allowed } = sizes(params, pooler, server);
  return [
    databases,
    pools,
    {
      type: 'value',
      title: `Connections the pools may open, of ${server.maxConnections} with ${server.reserved} reserved`,
      value: most,
      unit: 'count',
      bound: { comparison: '<=', value: allowed },
    },
  ];
}
