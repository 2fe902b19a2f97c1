/**
 * Pods of PostgreSQL's image that do not run the server but sleep, for whoever restores a backup in them: what is run there are PostgreSQL's own
 * programs on real files; only pgBackRest's `restore` is a copy of a backup and a `restore_command` for its WAL.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asRoot, giveToServer, serverIdentity } from '../stores/identity.ts';
import { exitOf, stopChild } from '../child-process.ts';
import type { ContainerProcess, ContainerStart } from '../control-plane-types.ts';
import type { PlatformContext } from '../platform-types.ts';
import { notInImage, runProgram, type ExecAnswer } from '../stores/exec.ts';
import { readFacts, type BackupRepository } from './backup.ts';

/** Exit codes of pgBackRest: an option that is not known, a backup that is not there, a file that is missing. */
const EXITS = { optionInvalid: 31, setInvalid: 75, fileMissing: 55 } as const;
const PROGRAM_LIMIT_MS = 60_000;
const TMP = '/tmp';

export interface RestoreRoom {
  /** Whether the container is one of these. */
  isOf(container: ContainerStart): boolean;
  start(container: ContainerStart): ContainerProcess;
  /** `pgbackrest … restore`, `pg_ctl`, `mkdir`, `tail`, and `psql` at a socket; undefined for everything else. */
  exec(container: ContainerStart, command: readonly string[]): Promise<ExecAnswer> | undefined;
}

export function restoreRoom(context: PlatformContext, repository: BackupRepository): RestoreRoom {
  /** The container's `/tmp`: short, as a socket's path has a limit. */
  const roomOf = ({ podUid }: ContainerStart): string => join(context.temporary, `r-${podUid.slice(0, 8)}`);
  const native = (program: string): string => join(context.temporary, 'native/bin', program);
  const asServer = (program: string, args: readonly string[], cwd: string): Promise<ExecAnswer> =>
    new Promise((resolve) => {
      const child = spawn(program, args, {
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
        timeout: PROGRAM_LIMIT_MS,
        ...serverIdentity(),
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('error', (cause) => resolve({ exitCode: 126, stdout, stderr: `${cause.message}\n` }));
      child.once('close', (code) => resolve({ exitCode: code ?? 137, stdout, stderr }));
    });
  return {
    isOf: ({ args }) => args[0] === 'sleep',
    start(container) {
      const room = roomOf(container);
      mkdirSync(room, { mode: 0o700 });
      giveToServer(room);
      const child = spawn('sleep', container.args.slice(1), { detached: true, stdio: 'ignore' });
      context.reaper.hold(child);
      const exited = exitOf(child).finally(() => rmSync(room, { recursive: true, force: true }));
      const stop = async (graceMs: number): Promise<void> => {
        // With the pod goes every process in it.
        for (const folder of await readdir(room).catch(() => []))
          await asServer(native('pg_ctl'), ['-D', join(room, folder), '-m', 'immediate', 'stop'], room);
        await stopChild(child, exited, 'SIGTERM', graceMs);
      };
      return { pid: child.pid ?? 0, ports: {}, exited, stop };
    },
    exec(container, [program = '', ...given]) {
      const room = roomOf(container);
      const args = given.map((arg) => arg.replaceAll(`${TMP}/`, `${room}/`));
      if (program === 'pgbackrest') return args.includes('restore') ? restored(args, repository) : undefined;
      if (program === 'pg_ctl') return asServer(native(program), args, room);
      if (program === 'mkdir' || program === 'tail') return asServer(program, args, room);
      // In the image local connections are trusted, and so they are at a socket here.
      if (program === 'psql') return runProgram(program, args, { PGCONNECT_TIMEOUT: '5' });
      return Promise.resolve(notInImage(program));
    },
  };
}

async function restored(args: readonly string[], { archive, backups }: BackupRepository): Promise<ExecAnswer> {
  const failed = (exitCode: number, why: string): ExecAnswer => ({
    exitCode,
    stdout: '',
    stderr: `ERROR: [${String(exitCode).padStart(3, '0')}]: ${why}\n`,
  });
  const options = new Map(
    args.flatMap((arg) => {
      const [, name = '', value = ''] = /^--([a-z0-9-]+)=(.*)$/.exec(arg) ?? [];
      return name === '' ? [] : [[name, value] as const];
    }),
  );
  const known = ['stanza', 'repo', 'set', 'pg1-path', 'archive-mode'];
  const unknown = [...options.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) return failed(EXITS.optionInvalid, `invalid option '--${unknown}'`);
  const target = options.get('pg1-path') ?? '';
  const label = options.get('set') ?? '';
  const facts = (await readFacts({ archive, backups })).find((one) => one.label === label);
  if (!facts) return failed(EXITS.setInvalid, `backup set ${label} is not valid`);
  try {
    await cp(join(backups, label), target, { recursive: true, force: true });
  } catch {
    return failed(EXITS.fileMissing, `unable to open missing file of backup ${label} for read`);
  }
  const settings = [`restore_command = 'cp ${archive}/%f %p'`];
  if (options.get('archive-mode') === 'off') settings.push(`archive_mode = 'off'`);
  appendFileSync(join(target, 'postgresql.auto.conf'), settings.map((line) => `${line}\n`).join(''));
  appendFileSync(join(target, 'recovery.signal'), '');
  mkdirSync(join(target, 'pg_wal'), { recursive: true });
  if (asRoot()) await giveAll(target);
  return { exitCode: 0, stdout: '', stderr: '' };
}

async function giveAll(folder: string): Promise<void> {
  giveToServer(folder);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    giveToServer(join(entry.parentPath, entry.name));
}
