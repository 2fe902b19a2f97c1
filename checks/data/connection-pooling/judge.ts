/** What is wrong with a pool in front of a PostgreSQL server. */
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { attempt, Say } from '../../kit/kind.ts';
import { serverName } from '../../protocols/postgres.ts';
import { awayMessages, downId, POSTGRES, type Down } from '../../protocols/stores.ts';
import type { Params } from './params.ts';
import { poolerName, type Pool, type Pooler, type Reached, type Server } from './pooler.ts';

export const messages = {
  ...awayMessages({ ...POSTGRES, name: 'it' }, 'it to'),
  noDatabase: {
    says: '{subject}: pools {actual}, expected {expected} among them.',
    fix: 'Add the database to [databases] of pgbouncer.ini, or correct its name in the environment file.',
  },
  otherDatabase: {
    says: '{subject}: leads to the database {actual} (system identifier/oid), expected {expected}, that of {server}.',
    fix: 'Correct the host and dbname of the database in [databases] of pgbouncer.ini, or the store of the environment file.',
  },
  copy: {
    says: '{subject}: leads to a copy of the database (its server started at {actual}, in recovery: {recovery}), expected {server} itself (started at {expected}).',
    fix: 'Correct the host of the database in [databases] of pgbouncer.ini: it names a standby, a restored backup, or both the server and one of these.',
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
} as const;

interface Seen {
  readonly pooler: Pooler | Down;
  readonly through: Reached | Down;
  readonly server: Server | Down;
  /** Further connections through the pooler, where its database has several hosts. */
  readonly others?: Awaited<ReturnType<typeof attempt<readonly Omit<Reached, 'up'>[]>>>;
}
type Voice = Say<typeof messages>;

export function judge(params: Params, { pooler, through, server, others }: Seen, say: Voice): void {
  const subject = poolerName(params.console);
  const pooled = `${serverName(params.pooled)} through PgBouncer`;
  const direct = serverName(params.store);
  for (const [name, one] of [[subject, pooler] as const, [pooled, through] as const, [direct, server] as const]) {
    say.judged(name);
    if (!one.up) say.fail(downId(one), name, { why: one.why });
    if ('identity' in one && one.identity === null) say.unknown(name, 'which database of which server it is');
  }
  if (others?.refusal) say.refused(others.refusal, pooled);
  if (pooler.up) judgePooler(say, subject, params, pooler);
  if (!server.up) return;
  for (const one of [through, ...(others?.seen ?? [])]) judgeIdentity(say, pooled, one, { ...server, name: direct });
  if (pooler.up) judgeSize(say, subject, params, pooler, server);
}

function judgeIdentity(
  say: Voice,
  subject: string,
  reached: Omit<Reached, 'up'> | Down,
  server: Server & { readonly name: string },
): void {
  if (!('identity' in reached)) return;
  const { identity, started, recovery } = reached;
  if (identity && server.identity && identity !== server.identity)
    return say.fail('otherDatabase', subject, { actual: identity, expected: server.identity, server: server.name });
  if (started === null || server.started === null)
    return say.unknown(subject, 'when its server started, so nothing shows that it is no copy');
  const time = (seconds: string): string => new Date(Number(seconds) * 1000).toISOString();
  if (started !== server.started)
    say.fail('copy', subject, {
      actual: time(started),
      recovery: recovery ?? 'unknown',
      expected: time(server.started),
      server: server.name,
    });
}

function judgePooler(
  say: Voice,
  subject: string,
  { pooled, console, poolMode, maxWait }: Params,
  pooler: Pooler,
): void {
  const { databases, looks } = pooler;
  showPooler(say, subject, pooler);
  const database = databases.find(({ name }) => name === pooled.database);
  if (!database) {
    const names = databases.map(({ name }) => name).filter((name) => name !== console.database);
    return say.fail('noDatabase', subject, { actual: names.join(', ') || 'no database', expected: pooled.database });
  }
  const { name, paused, disabled } = database;
  const mode = database.poolMode ?? pooler.poolMode;
  if (mode === null) say.unknown(subject, `the pool_mode of ${name}`);
  else if (mode !== poolMode) say.fail('poolMode', subject, { database: name, actual: mode, expected: poolMode });
  if (paused === true || disabled === true)
    say.fail('closed', subject, { database: name, state: paused ? 'paused' : 'disabled' });
  else if (paused === null || disabled === null) say.unknown(subject, `whether ${name} is paused or disabled`);

  // Pools whose clients wait too long in the last look, or waited in every one: they are served, and others take their place.
  const waitsIn = (look: readonly Pool[], { database, user }: Pool): boolean =>
    look.some((pool) => pool.database === database && pool.user === user && (pool.waiting ?? 0) > 0);
  for (const pool of looks.at(-1) ?? []) {
    const { waiting: clients, maxWaitMs } = pool;
    const who = `${pool.database} as ${pool.user}`;
    if (clients === null) say.unknown(subject, `how many clients of ${who} wait`);
    else if (clients > 0 && (maxWaitMs >= durationMs(maxWait) || looks.every((look) => waitsIn(look, pool))))
      say.fail('waiting', subject, { clients, pool: who, wait: formatMs(maxWaitMs), maxWait });
  }
}

/** A pool is of one database and one user: its size and its reserve, within the limits of the database and of the user. */
function judgeSize(
  say: Voice,
  subject: string,
  params: Params,
  pooler: Pooler,
  { maxConnections, reserved }: Server,
): void {
  const server = serverName(params.store);
  if (maxConnections === null) return say.unknown(server, 'max_connections');
  const { headroom } = params;
  const home = pooler.databases.find(({ name }) => name === params.pooled.database)?.server;
  const most = pooler.databases
    .filter((database) => database.server === home)
    .map(({ name, poolSize, reserve, maxConnections, forcedUser }) => {
      const one = limited(poolSize + reserve, pooler.maxUserConnections);
      return limited(one * (forcedUser ? 1 : usersOf(name, pooler)), maxConnections);
    })
    .reduce((sum, connections) => sum + connections, 0);
  const room = maxConnections - reserved;
  const allowed = Math.floor((room * (100 - headroom)) / 100);
  if (most > allowed) say.fail('tooLarge', subject, { most, allowed, room, headroom, server });
  say.show({
    type: 'value',
    title: `Connections the pools may open, of ${maxConnections} with ${reserved} reserved`,
    value: most,
    unit: 'count',
    bound: { comparison: '<=', value: allowed },
  });
}

const limited = (value: number, limit: number): number => (limit > 0 ? Math.min(value, limit) : value);

/** Users that have a pool of a database; one will, where nobody has come yet. */
function usersOf(database: string, { looks }: Pooler): number {
  const pools = looks.flat().filter((pool) => pool.database === database);
  return Math.max(1, new Set(pools.map(({ user }) => user)).size);
}

const DATABASE_SHOWN = [
  'name',
  'server',
  'poolSize',
  'reserve',
  'poolMode',
  'maxConnections',
  'paused',
  'disabled',
] as const;
const POOL_SHOWN = ['database', 'user', 'waiting', 'maxWaitMs', 'active', 'idle'] as const;

function showPooler(say: Voice, subject: string, { version, poolMode, databases, looks }: Pooler): void {
  say.show(
    table(
      `SHOW DATABASES of ${subject} (${version}, pool_mode ${poolMode ?? 'unknown'})`,
      DATABASE_SHOWN,
      databases.map((database) => DATABASE_SHOWN.map((column) => database[column])),
    ),
    table(
      `SHOW POOLS, ${looks.length} times`,
      ['look', ...POOL_SHOWN],
      looks.flatMap((look, index) => look.map((pool) => [index + 1, ...POOL_SHOWN.map((column) => pool[column])])),
    ),
  );
}
