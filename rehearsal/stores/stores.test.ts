/** Real servers on loopback: what the pods of the platform would be, started, killed and started again. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFacts } from '../postgres/backup.ts';
import { processTree, survivors } from '../../tests/harness/process-tree.ts';
import { testStores, type TestStores } from './testing.ts';

let stores: TestStores;
beforeAll(async () => {
  stores = await testStores();
}, 60_000);
afterAll(async () => {
  const left = processTree(process.pid).filter(({ command }) => /redis-server|pgbouncer|bin\/postgres/.test(command));
  await stores.close();
  expect(left.length).toBeGreaterThan(2);
  expect(await survivors(left, 5000)).toEqual([]);
});

describe('commands in the containers', () => {
  test('redis-cli asks the server of its own container', async () => {
    expect(await stores.exec('redis', ['redis-cli', 'ping'])).toEqual({ exitCode: 0, stdout: 'PONG\n', stderr: '' });
    expect((await stores.exec('redis', ['redis-cli', '-p', '6379', 'PING'])).stdout).toBe('PONG\n');
    expect((await stores.exec('redis', ['redis-cli', 'config', 'get', 'maxmemory-policy'])).stdout).toContain(
      'volatile-lru',
    );
  });

  test('pg_isready and psql do', async () => {
    const ready = await stores.exec('postgres', ['pg_isready', '-U', 'mcp_user', '-d', 'mcp_db', '-p', '5432']);
    expect(ready).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ready.stdout).toContain('accepting connections');
    expect((await stores.exec('postgres', ['psql', '-Atc', 'select 1'])).stdout).toBe('1\n');
  });

  test('what an image does not have cannot be executed', async () => {
    for (const store of ['redis', 'pgbouncer', 'postgres'] as const)
      expect((await stores.exec(store, ['bash', '-c', 'true'])).exitCode).toBe(127);
  });

  test('pgbackrest tells the backup that is there', async () => {
    await stores.postgres.backedUp;
    const { stdout } = await stores.exec('postgres', ['pgbackrest', 'info', '--output=json', '--stanza=main']);
    const [facts] = await readFacts(stores.postgres.repository);
    const [info] = JSON.parse(stdout) as [Record<string, never>];
    expect(info).toMatchObject({
      name: 'main',
      status: { code: 0, message: 'ok' },
      backup: [{ type: 'full', error: false, label: facts?.label, timestamp: { stop: facts?.stoppedAt } }],
    });
    expect(facts?.size).toBeGreaterThan(10_000_000);
    expect(stdout).toContain(`"system-id":${facts?.systemId ?? ''},`);
    expect((await stores.exec('postgres', ['pgbackrest', 'restore'])).exitCode).not.toBe(0);
    const other = await stores.exec('postgres', ['pgbackrest', 'info', '--output=json', '--stanza=other']);
    expect(other.stdout).toContain('missing stanza path');
  });
});

test('a segment is archived whole, once; the same again is no failure, another of its name is', async () => {
  const { postgres } = stores;
  const [setting] = await postgres.asSuperuser(
    async (client) => (await client.query<{ archive_command: string }>('show archive_command')).rows,
  );
  const archive = (name: string, text: string): number | null => {
    const path = join(folder, 'segment');
    writeFileSync(path, text);
    const command = (setting?.archive_command ?? '').replaceAll('%p', path).replaceAll('%f', name);
    return spawnSync('sh', ['-c', command]).status;
  };
  const folder = mkdtempSync(join(tmpdir(), 'golive-segment-'));
  try {
    expect(archive('tried', 'one')).toBe(0);
    expect(archive('tried', 'one')).toBe(0);
    expect(archive('tried', 'two')).not.toBe(0);
    expect(readFileSync(join(postgres.repository.archive, 'tried'), 'utf8')).toBe('one');
    expect(existsSync(join(postgres.repository.archive, 'tried.part'))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(join(postgres.repository.archive, 'tried'), { force: true });
  }
});

describe('a killed server', () => {
  test('takes its backup again where the crash cut it short', async () => {
    const { postgres } = stores;
    await postgres.backedUp;
    const before = await readFacts(postgres.repository);
    for (const { label } of before) rmSync(join(postgres.repository.backups, `${label}.json`));
    const server = await stores.start('postgres');
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    await stores.start('postgres');
    await expect.poll(() => readFacts(postgres.repository), { timeout: 60_000 }).toHaveLength(1);
  });

  test('takes it again and again until there is one', async () => {
    const { postgres } = stores;
    await postgres.backedUp;
    // Without archiving a backup does not end: it is caught in the act for certain.
    const archive = (how: string): Promise<void> =>
      postgres.asSuperuser(async (client) => {
        await client.query(`alter system ${how}`);
        await client.query('select pg_reload_conf()');
      });
    await archive(`set archive_command = 'false'`);
    for (const { label } of await readFacts(postgres.repository))
      rmSync(join(postgres.repository.backups, `${label}.json`));
    const server = await stores.start('postgres');
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    await stores.start('postgres');
    const cutShort = `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_backup_stop%' and pid <> pg_backend_pid()`;
    await expect
      .poll(() => postgres.asSuperuser(async (client) => (await client.query(cutShort)).rowCount), { timeout: 30_000 })
      .toBe(1);
    await archive('reset archive_command');
    await expect.poll(() => readFacts(postgres.repository), { timeout: 60_000 }).toHaveLength(1);
  });

  test.each(['redis', 'pgbouncer', 'postgres'] as const)(
    '%s comes back on the same port with its data',
    async (store) => {
      const before = await stores.start(store);
      if (store === 'redis') await stores.redis.command('SET', 'kept', 'yes');
      // It does not wait for the disk unless asked to: what was committed last may be lost.
      const keep = 'set synchronous_commit = on; create table kept ()';
      if (store === 'postgres') await stores.postgres.asSuperuser((client) => client.query(keep));
      // Appended data is written within a second (appendfsync everysec); a killed process leaves what it has handed to the kernel.
      process.kill(before.pid, 'SIGKILL');
      expect(await before.exited).toBe(137);
      const [after, again] = await Promise.all([stores.start(store), stores.start(store)]);
      expect(after.ports).toEqual(before.ports);
      expect(after.pid).not.toBe(before.pid);
      expect(again.pid).toBe(after.pid);
      if (store === 'redis') expect(await stores.redis.command('GET', 'kept')).toBe('yes');
      if (store === 'pgbouncer') expect((await stores.pgbouncer.console('SHOW VERSION')).length).toBe(1);
      if (store === 'postgres') await stores.postgres.asSuperuser((client) => client.query('drop table kept'));
    },
    30_000,
  );
});

describe('levers', () => {
  test('a replica refuses writes until it is released', async () => {
    const release = await stores.context.levers.pull('redis.replica');
    await expect(stores.redis.command('SET', 'x', '1')).rejects.toThrow(/READONLY/);
    await release();
    expect(await stores.redis.command('SET', 'x', '1')).toBe('OK');
  });

  test('settings come back as they were', async () => {
    const setting = (): Promise<unknown> => stores.redis.command('CONFIG', 'GET', 'maxmemory-policy', 'appendonly');
    const before = await setting();
    const release = await stores.context.levers.pull('redis.config', { 'maxmemory-policy': 'noeviction' });
    expect(await setting()).not.toEqual(before);
    await release();
    expect(await setting()).toEqual(before);
    await expect(stores.context.levers.pull('redis.config', { nonsense: 'x' })).rejects.toThrow('no setting nonsense');
  });

  test('archiving fails while it is broken and catches up', async () => {
    const failing = async (): Promise<unknown> =>
      stores.postgres.asSuperuser(async (client) => {
        // A crash has the figures start anew, so that one of them may be missing.
        const sql =
          'select coalesce(last_failed_time > last_archived_time, failed_count > 0) as failing from pg_stat_archiver';
        return (await client.query<{ failing: boolean }>(sql)).rows[0]?.failing;
      });
    expect(await failing()).toBe(false);
    const release = await stores.context.levers.pull('postgres.archiving');
    expect(await failing()).toBe(true);
    await release();
    expect(await failing()).toBe(false);
  }, 30_000);

  test('a paused pool has a waiting client', async () => {
    const waiting = async (): Promise<number> =>
      (await stores.pgbouncer.console('SHOW POOLS')).reduce((sum, pool) => sum + Number(pool['cl_waiting']), 0);
    const release = await stores.context.levers.pull('pgbouncer.pause');
    expect(await waiting()).toBe(1);
    await release();
    expect(await waiting()).toBe(0);
  });
});
