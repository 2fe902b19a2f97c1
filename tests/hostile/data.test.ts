/** Stores that look sound and are not, and sound ones that look odd: each kind, through what it asks, on a world built here. */
import { expect, it } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import type { RedisReply, SqlAnswer } from '../../checks/contract/stores.ts';
import { backup } from '../../checks/data/backup/check.ts';
import { connectionPooling } from '../../checks/data/connection-pooling/check.ts';
import { redisVersion } from '../../checks/data/redis-version/check.ts';
import { serverReadiness } from '../../checks/data/server-readiness/check.ts';
import { ObservationError, type CheckKind } from '../../checks/kit/kind.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { testContext } from '../harness/context.ts';

const NOW = new Date('2026-01-15T12:00:00Z');
const STOPPED = NOW.getTime() / 1000 - 3600;

/** The outcome with the ids of its findings, or the reasons of its doubts. */
async function outcomeOf(kind: CheckKind, params: object, capabilities: object): Promise<string> {
  const validated = validateParams(kind, params);
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const context = testContext({ now: NOW, wait: () => Promise.resolve() });
  const gathered = await kind.gather(validated.params, capabilities as Capabilities, context);
  const { outcome, findings, doubts } = kind.judge(validated.params, gathered, context);
  return [outcome, ...findings.map(({ id }) => id), ...doubts.map(({ reason }) => reason)].join(' ');
}

const sql = (...rows: readonly Record<string, unknown>[]): SqlAnswer => ({ rows, rowCount: rows.length });
const wal = (number: number, timeline = 1): string =>
  (timeline.toString(16).padStart(8, '0') + number.toString(16).padStart(16, '0')).toUpperCase();
const range = (from: number, to: number, timeline = 1): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => wal(from + index, timeline));

interface World {
  readonly repositories: Readonly<
    Record<number, { readonly wal: readonly string[]; readonly folders?: readonly string[] }>
  >;
  readonly last?: string;
  readonly backups?: readonly {
    readonly label: string;
    readonly type?: string;
    readonly reference?: readonly string[];
  }[];
}
const FULL = '20260115-110000F';
const DIFF = `${FULL}_20260115-113000D`;

/** PostgreSQL with its pod, in which pgbackrest tells of these repositories; names as it writes them. */
function backedUp({ repositories, last = wal(9), backups = [{ label: FULL }] }: World): object {
  const keys = Object.keys(repositories).map(Number);
  const of = <T>(what: (key: number) => readonly T[]): readonly T[] => keys.flatMap(what);
  const info = [
    {
      name: 'main',
      status: { code: 0, message: 'ok' },
      cipher: 'none',
      repo: keys.map((key) => ({ key, cipher: 'none', status: { code: 0, message: 'ok' } })),
      db: keys.map((key) => ({ id: 1, 'repo-key': key, 'system-id': '7711', version: '16' })),
      archive: keys.map((key) => {
        const held = repositories[key]?.wal.filter((name) => name.length === 24) ?? [];
        return { database: { id: 1, 'repo-key': key }, id: '16-1', min: held[0], max: [...held].sort().at(-1) };
      }),
      backup: of((key) =>
        backups.map(({ label, type = 'full', reference = null }, index) => ({
          label,
          type,
          reference,
          error: false,
          database: { id: 1, 'repo-key': key },
          archive: { start: wal(3), stop: wal(3) },
          info: { size: 50_000_000 },
          timestamp: { start: STOPPED, stop: STOPPED + index },
        })),
      ),
    },
  ];
  const list = (args: readonly string[]): readonly string[] => {
    const key = Number(args.find((arg) => arg.startsWith('--repo='))?.slice(7));
    if (args.at(-1) === 'backup/main')
      return ['backup.info', ...(repositories[key]?.folders ?? backups.map((one) => one.label))];
    const filter = new RegExp(args.find((arg) => arg.startsWith('--filter='))?.slice(9) ?? '');
    const stored = (name: string): string =>
      name.length === 24 ? `${name.slice(0, 16)}/${name}-${'ab'.repeat(20)}.zst` : name;
    return (repositories[key]?.wal ?? []).map(stored).filter((name) => filter.test(name));
  };
  const archiver = { archived: 9, archived_at: STOPPED + 60, last_archived_wal: last, failed: 0, mode: 'on' };
  return {
    cluster: { get: () => Promise.resolve({ metadata: { name: 'db-0' }, status: { phase: 'Running' } }) },
    exec: {
      run: (_: unknown, [, command, ...args]: readonly string[]) =>
        Promise.resolve({
          exitCode: 0,
          stdout: command === 'info' ? JSON.stringify(info) : list(args).join('\n'),
          stderr: '',
        }),
    },
    postgres: {
      session: (_: unknown, use: (session: object) => unknown) =>
        use({
          query: (text: string) =>
            Promise.resolve(
              text.includes('pg_stat_archiver')
                ? sql({ ...archiver, segment_bytes: 16_777_216, written: 10 * 16_777_216 })
                : sql({ system_id: '7711' }),
            ),
        }),
    },
  };
}
const inPod = {
  namespace: 'shop',
  pod: 'db-0',
  store: { host: 'db.shop', port: 5432, database: 'shop', user: 'gate' },
};
const without = (...numbers: readonly number[]): string[] =>
  range(1, 9).filter((name) => !numbers.some((one) => name === wal(one)));

it.each<[string, World, string]>([
  ['all of it', { repositories: { 1: { wal: range(1, 9) } } }, 'pass'],
  ['expired before the backup', { repositories: { 1: { wal: range(3, 9) } } }, 'pass'],
  ['a hole after the backup', { repositories: { 1: { wal: without(6) } } }, 'fail walBroken'],
  ['a hole in what no backup needs any more', { repositories: { 1: { wal: without(2) } } }, 'pass'],
  [
    'the first segment of the backup gone, older ones left',
    { repositories: { 1: { wal: without(3) } } },
    'fail walBroken',
  ],
  [
    'whole in one repository, broken in the other',
    { repositories: { 1: { wal: range(1, 9) }, 2: { wal: without(5) } } },
    'fail walBroken',
  ],
  [
    'a failover',
    { repositories: { 1: { wal: [...range(1, 6), ...range(7, 9, 2), '00000002.history'] } }, last: wal(9, 2) },
    'pass',
  ],
  [
    'a failover whose history is gone',
    { repositories: { 1: { wal: [...range(1, 6), ...range(7, 9, 2)] } }, last: wal(9, 2) },
    'fail walBroken',
  ],
  [
    'a hole on the new timeline',
    { repositories: { 1: { wal: [...range(1, 6), wal(7, 2), wal(9, 2), '00000002.history'] } }, last: wal(9, 2) },
    'fail walBroken',
  ],
  [
    'the old primary still archives',
    { repositories: { 1: { wal: [...range(1, 8), ...range(7, 9, 2), '00000002.history'] } }, last: wal(9, 2) },
    'pass',
  ],
  ['the folder of the backup is gone', { repositories: { 1: { wal: range(1, 9), folders: [] } } }, 'fail notWhole'],
  [
    'the full backup of a differential one expired',
    { repositories: { 1: { wal: range(1, 9) } }, backups: [{ label: DIFF, type: 'diff', reference: [FULL] }] },
    'fail notWhole',
  ],
  [
    'its folder alone is gone',
    {
      repositories: { 1: { wal: range(1, 9), folders: [DIFF] } },
      backups: [{ label: FULL }, { label: DIFF, type: 'diff', reference: [FULL] }],
    },
    'fail notWhole',
  ],
  [
    'both there',
    {
      repositories: { 1: { wal: range(1, 9) } },
      backups: [{ label: FULL }, { label: DIFF, type: 'diff', reference: [FULL] }],
    },
    'pass',
  ],
  [
    'a listing that shows nothing where info shows WAL',
    { repositories: { 1: { wal: range(1, 9).map((name) => `${name}.lost`) } } },
    'fail walMissing',
  ],
])('a backup: %s', async (_, world, expected) => {
  expect(await outcomeOf(backup, inPod, backedUp(world))).toBe(expected);
});

/** Redis that answers commands by name: a reply, or the words of its refusal. */
function redisSaying(answers: Readonly<Record<string, RedisReply | Error>>, pod: object = {}): object {
  const info =
    'redis_version:7.4.0\r\nrole:master\r\naof_enabled:1\r\nmaxmemory:100\r\nmaxmemory_policy:volatile-lru\r\ntotal_system_memory:1000\r\nrdb_last_bgsave_status:ok\r\naof_last_write_status:ok\r\naof_last_bgrewrite_status:ok';
  return {
    tls: { plaintext: () => Promise.resolve({ plaintext: 'refused', why: 'the connection was closed' }) },
    cluster: { get: () => Promise.resolve(pod) },
    redis: {
      session: (_: unknown, use: (session: object) => unknown) =>
        use({
          command: (name: string) => {
            const answer =
              answers[name] ?? { INFO: info, CONFIG: ['appendfsync', 'everysec'], SET: null }[name] ?? null;
            return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
          },
        }),
    },
  };
}
const says = (text: string, code: 'protocol' | 'forbidden' = 'protocol'): Error =>
  new ObservationError(code, `Redis cache: SET: ${text}`);
const cache = { store: { host: 'cache.shop', port: 6380 } };
const limitedTo = (memory: string): object => ({
  spec: { containers: [{ name: 'redis', resources: { limits: { memory } } }] },
});

it.each<[string, Readonly<Record<string, RedisReply | Error>>, string]>([
  ['takes writes', {}, 'pass'],
  ['too few replicas', { SET: says('NOREPLICAS Not enough good replicas to write.') }, 'fail notWritable'],
  ['full', { SET: says("OOM command not allowed when used memory > 'maxmemory'.") }, 'fail notWritable'],
  [
    'cannot save',
    { SET: says('MISCONF Redis is configured to save RDB snapshots, but it is not able to persist on disk.') },
    'fail notWritable',
  ],
  ['a cluster without all of its slots', { SET: says('CLUSTERDOWN The cluster is down') }, 'fail notWritable'],
  ['the gate may not write', { SET: says('NOPERM this user has no permissions', 'forbidden') }, 'error forbidden'],
  ['a cluster that sends every key elsewhere', { SET: says('MOVED 77 10.0.0.3:6379') }, 'error protocol'],
])('a Redis: %s', async (_, answers, expected) => {
  expect(await outcomeOf(redisVersion, cache, redisSaying(answers))).toBe(expected);
});

it('holds maxmemory against the limit of the container, in any unit', async () => {
  const pod = { namespace: 'shop', name: 'redis-0' };
  expect(await outcomeOf(redisVersion, { ...cache, pod }, redisSaying({}, limitedTo('1Ki')))).toBe('pass');
  expect(await outcomeOf(redisVersion, { ...cache, pod }, redisSaying({}, limitedTo('100')))).toBe(
    'fail limitTooLarge',
  );
  expect(await outcomeOf(redisVersion, { ...cache, pod }, redisSaying({}, { spec: { containers: [{}] } }))).toBe(
    'pass',
  );
});

/** Two ports: PgBouncer at 6432 with these servers behind it, in turn, and PostgreSQL itself at 5432. */
function pooled(
  host: string,
  behind: readonly Readonly<Record<string, unknown>>[],
  direct: Readonly<Record<string, unknown>>,
): object {
  let turn = 0;
  const entry = {
    name: 'shop',
    host,
    port: 5432,
    pool_size: 20,
    reserve_pool_size: 0,
    max_connections: 0,
    paused: 0,
    disabled: 0,
  };
  return {
    tls: { addresses: (name: string) => Promise.resolve(name.split(' ')) },
    postgres: {
      session: ({ port, database }: { port: number; database: string }, use: (session: object) => unknown) => {
        const server = port === 5432 ? direct : (behind[turn++ % behind.length] ?? {});
        if (database === 'pgbouncer') turn -= 1;
        const answers: Readonly<Record<string, SqlAnswer>> = {
          'SHOW VERSION': sql({ version: 'PgBouncer 1.24.0' }),
          'SHOW CONFIG': sql({ key: 'pool_mode', value: 'transaction' }),
          'SHOW DATABASES': sql(entry),
          'SHOW POOLS': sql({ database: 'shop', user: 'gate', cl_waiting: 0 }),
        };
        return use({
          query: (text: string) =>
            server['system_id'] === undefined && text.includes('pg_control_system')
              ? Promise.reject(new ObservationError('protocol', 'not supported'))
              : Promise.resolve(answers[text] ?? sql({ max_connections: 100, ...server })),
        });
      },
    },
  };
}
const ORIGINAL = { system_id: '7711', oid: '16384', started: '1768400000.1', recovery: 'false' };
const through = (port: number, database = 'shop') => ({ host: 'db.shop', port, database, user: 'gate' });
const pooling = { console: through(6432, 'pgbouncer'), pooled: through(6432), store: through(5432) };

it.each([
  ['the server itself', 'db', [ORIGINAL], 'pass'],
  ['another database of it', 'db', [{ ...ORIGINAL, oid: '16999' }], 'fail otherDatabase'],
  ['another server', 'db', [{ ...ORIGINAL, system_id: '7999' }], 'fail otherDatabase'],
  ['its standby', 'db', [{ ...ORIGINAL, started: '1768300000.2', recovery: 'true' }], 'fail copy'],
  ['a copy restored from its backup', 'db', [{ ...ORIGINAL, started: '1768300000.2' }], 'fail copy'],
  ['one of two hosts is a standby', 'db,standby', [ORIGINAL, { ...ORIGINAL, started: '1768300000.2' }], 'fail copy'],
  ['two names of the same server', 'db,db2', [ORIGINAL], 'pass'],
])('a pool that leads to: %s', async (_, host, behind, expected) => {
  expect(await outcomeOf(connectionPooling, pooling, pooled(host, behind, ORIGINAL))).toBe(expected);
});

it('a managed server that hides its identifier is told by its start', async () => {
  const hidden = { ...ORIGINAL, system_id: undefined };
  expect(await outcomeOf(connectionPooling, pooling, pooled('db', [hidden], hidden))).toBe('pass');
  const copy = { ...hidden, started: '1768300000.2' };
  expect(await outcomeOf(connectionPooling, pooling, pooled('db', [copy], hidden))).toBe('fail copy');
});

it('asks at each address of the pooler: one of two leads elsewhere', async () => {
  const elsewhere = { ...ORIGINAL, started: '1768300000.2' };
  const two = { ...pooling, pooled: { ...pooling.pooled, host: '10.0.0.1 10.0.0.2' } };
  expect(await outcomeOf(connectionPooling, two, pooled('db', [ORIGINAL, ORIGINAL], ORIGINAL))).toBe('pass');
  expect(await outcomeOf(connectionPooling, two, pooled('db', [ORIGINAL, elsewhere], ORIGINAL))).toBe('fail copy');
});

it('asks a Redis that speaks TLS alone in its pod', async () => {
  const asked: string[] = [];
  const run = (_: unknown, command: readonly string[]) => {
    asked.push(command.join(' '));
    const stdout = command[0] === 'redis-cli' ? 'PONG' : 'accepting connections';
    return Promise.resolve({ exitCode: 0, stdout, stderr: '' });
  };
  const world = { ...backedUp({ repositories: {} }), ...redisSaying({ PING: 'PONG' }) };
  const running = { metadata: { name: 'db-0' }, status: { phase: 'Running' } };
  const capabilities = { ...world, exec: { run }, cluster: { get: () => Promise.resolve(running) } };
  const redis = { pod: 'redis-0', store: cache.store, caFile: '/tls/ca.crt', port: 6380 };
  expect(await outcomeOf(serverReadiness, { ...inPod, redis }, capabilities)).toBe('pass');
  expect(asked).toContain('redis-cli --tls --cacert /tls/ca.crt -p 6380 ping');
});
