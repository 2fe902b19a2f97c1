/** The steps of data/restore-drill with the real pgBackRest and the real PostgreSQL of Debian, on this machine instead of in a pod. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it, describe } from 'vitest';
import { pause } from '../../checks/contract/pause.ts';
import type { ExecResult } from '../../checks/protocols/pod-command.ts';
import { parseInfo } from '../../checks/data/pgbackrest.ts';
import type { Params } from '../../checks/data/restore-drill/params.ts';
import { restore } from '../../checks/data/restore-drill/restore.ts';
import { canUnpackDebian, unpackDebian } from '../../commands/setup-debian.ts';
import { giveToServer, serverIdentity } from '../../rehearsal/stores/identity.ts';

describe.skipIf(!canUnpackDebian())('with the real pgBackRest', () => {
  const root = mkdtempSync(join(tmpdir(), 'golive-restore-'));
  const [data, restored, tools] = [join(root, 'data'), join(root, 'restored'), join(root, 'tools')];
  const config = join(root, 'pgbackrest.conf');
  let path = '';

  const run = (program: string, ...args: readonly string[]): Promise<ExecResult> =>
    new Promise((resolve) => {
      const env = { PATH: path, LC_ALL: 'C', PGBACKREST_CONFIG: config };
      const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], ...serverIdentity() });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('error', ({ message }) => resolve({ exitCode: 127, stdout, stderr: message }));
      child.once('close', (code) => resolve({ exitCode: code ?? 1, stdout, stderr }));
    });
  const must = async (program: string, ...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(program, ...args);
    if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  };
  const sql = (text: string): Promise<string> =>
    must('psql', '-XAt', '-h', root, '-U', 'owner', '-d', 'postgres', '-c', text);

  beforeAll(async () => {
    chmodSync(root, 0o755);
    await unpackDebian({
      packages: ['pgbackrest', 'postgresql-15'],
      programs: ['pgbackrest'],
      tools,
      say: () => undefined,
    });
    const bins = [join(tools, 'root/usr/lib/postgresql/15/bin'), '/usr/lib/postgresql/15/bin'].filter(existsSync);
    path = [join(tools, 'bin'), ...bins, '/usr/bin', '/bin'].join(delimiter);
    for (const folder of [data, join(root, 'repository'), join(root, 'logs')]) {
      mkdirSync(folder, { mode: 0o700 });
      giveToServer(folder);
    }
    giveToServer(root);
    const settings = [
      '[global]',
      `repo1-path=${join(root, 'repository')}`,
      `log-path=${join(root, 'logs')}`,
      `lock-path=${join(root, 'logs')}`,
      'start-fast=y',
      '[main]',
      `pg1-path=${data}`,
      `pg1-socket-path=${root}`,
      'pg1-user=owner',
    ];
    writeFileSync(config, `${settings.join('\n')}\n`);
    await must('initdb', '-D', data, '-U', 'owner', '-A', 'trust', '--no-sync');
    const own = [
      `unix_socket_directories = '${root}'`,
      `listen_addresses = ''`,
      'archive_mode = on',
      `archive_command = 'pgbackrest --config=${config} --stanza=main archive-push %p'`,
      'fsync = off',
    ];
    appendFileSync(join(data, 'postgresql.conf'), `${own.join('\n')}\n`);
    await must('pg_ctl', '-D', data, '-l', join(root, 'logs', 'server.log'), '-w', 'start');
    await must('pgbackrest', '--stanza=main', 'stanza-create');
    await sql('CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id');
    await must('pgbackrest', '--stanza=main', 'backup');
    await sql('INSERT INTO orders SELECT generate_series(1001, 1500)');
    await sql('SELECT pg_switch_wal()');
    for (let tries = 0; tries < 100; tries += 1) {
      if (Number(await sql('SELECT archived_count FROM pg_stat_archiver')) > 2) break;
      await pause(100);
    }
  });
  afterAll(async () => {
    for (const folder of [data, restored]) await run('pg_ctl', '-D', folder, '-m', 'immediate', 'stop');
    rmSync(root, { recursive: true, force: true });
  });

  const params = (folder: string): Params =>
    ({
      stanza: 'main',
      folder,
      user: 'owner',
      rto: '2m',
      store: { host: '', port: 0, database: 'postgres', user: 'owner' },
      invariants: [
        { name: 'Orders', query: 'SELECT count(*) FROM orders' },
        { name: 'Users', query: 'SELECT count(*) FROM users' },
      ],
    }) as unknown as Params;

  it('restores the newest backup and all WAL after it, and asks what it holds', async () => {
    const [stanza] = parseInfo('here', await run('pgbackrest', 'info', '--output=json', '--stanza=main'));
    const label = stanza?.backups.at(-1)?.label ?? '';
    expect(label).toMatch(/^\d{8}-\d{6}F$/);
    const from = performance.now();
    const seen = await restore(params(restored), { label, repository: stanza?.repository }, run, {
      since: () => performance.now() - from,
      wait: pause,
    });
    expect(seen.failed).toBeUndefined();
    expect(seen.asked).toEqual([
      { name: 'Orders', value: 1500 },
      { name: 'Users', value: null, why: expect.stringContaining('relation "users" does not exist') as string },
    ]);
    const systemId = await sql('SELECT system_identifier FROM pg_control_system()');
    expect(seen.server).toMatchObject({ systemId: systemId.trim(), recovering: false });
    expect(seen.server?.lastAt).toBeGreaterThan(1_700_000_000);
    // The throwaway server promoted itself; nothing of its timeline may reach the repository.
    const archived = readdirSync(join(root, 'repository/archive/main/15-1'), { recursive: true }) as string[];
    expect(archived.filter((name) => /(^|\/)00000002/.test(name))).toEqual([]);
  });

  it('says what pgBackRest says where there is no such backup', async () => {
    const seen = await restore(params(join(root, 'none')), { label: '20200101-000000F', repository: 1 }, run, {
      since: () => 1,
      wait: pause,
    });
    expect(seen.failed).toMatchObject({ step: 'restore', why: expect.stringContaining('20200101-000000F') as string });
  });
});
