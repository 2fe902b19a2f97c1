/** The steps of a restore, as commands in the throwaway pod. */
import type { NonEmptyCommand } from '../../contract/cluster.ts';
import { parseJson } from '../../contract/json.ts';
import { durationMs } from '../../contract/units.ts';
import { shortened } from '../../kit/evidence.ts';
import type { ExecResult } from '../../protocols/pod-command.ts';
import { numberOf, textOf, type Row } from '../../protocols/postgres.ts';
import type { Params } from './params.ts';

/** Runs a program in the pod. */
export type Run = (...command: NonEmptyCommand) => Promise<ExecResult>;

/** A number that the restored database was asked for; `why` where it gave none. */
export interface Asked {
  readonly name: string;
  readonly value: number | null;
  readonly why?: string;
}
export interface Restored {
  /** A step that failed, after which there was none. */
  readonly failed?: { readonly step: 'restore' | 'start'; readonly why: string };
  /** From the first command of the restore until the server takes sessions. */
  readonly ms: number;
  readonly server?: ServerFacts;
  readonly asked: readonly Asked[];
}
/** What is not reported is null. */
export interface ServerFacts {
  readonly systemId: string | null;
  readonly recovering: boolean | null;
  /** The transaction it would begin next. */
  readonly next: number | null;
  /** Bytes of WAL that were replayed. */
  readonly replayed: number | null;
  /** Seconds since 1970: when the last transaction it holds was committed. */
  readonly lastAt: number | null;
}

/** Nothing listens on the network, nothing is archived, and what is thrown away need not reach the disk. */
const SETTINGS = {
  listen_addresses: "''",
  archive_mode: 'off',
  // It takes sessions once all WAL is replayed: a standby would answer in the middle of it, or pause where the server had more connections.
  hot_standby: 'off',
  fsync: 'off',
  ssl: 'off',
  shared_buffers: '64MB',
} as const;
const PORT = '5432';
const LOOK_MS = 200;

const FACTS = `SELECT json_build_object('systemId', (SELECT system_identifier::text FROM pg_control_system()),
 'recovering', pg_is_in_recovery(), 'next', txid_snapshot_xmax(txid_current_snapshot()),
 'replayed', pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 'lastAt', extract(epoch FROM pg_last_xact_replay_timestamp()))`;

export interface Clock {
  /** Milliseconds since the restore began. */
  readonly since: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/** Restores that backup and asks what it holds. */
export async function restore(
  { stanza, folder, user, store, rto, invariants }: Params,
  backup: { readonly label: string; readonly repository: number | undefined },
  run: Run,
  { since, wait }: Clock,
): Promise<Restored> {
  const key = backup.repository === undefined ? [] : [`--repo=${backup.repository}`];
  const of = [`--stanza=${stanza}`, ...key, `--set=${backup.label}`, `--pg1-path=${folder}`, '--archive-mode=off'];
  const made = await run('mkdir', '-m', '700', '-p', folder);
  const restored = made.exitCode === 0 ? await run('pgbackrest', 'restore', ...of) : made;
  if (restored.exitCode !== 0) return { failed: { step: 'restore', why: said(restored) }, ms: since(), asked: [] };
  const settings = { ...SETTINGS, unix_socket_directories: folder, port: PORT };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const seconds = String(Math.ceil(durationMs(rto) / 1000));
  const log = `${folder}/golive.log`;
  const start = await run('pg_ctl', '-D', folder, '-l', log, '-w', '-t', seconds, '-o', options.join(' '), 'start');
  const notStarted = async (answer: ExecResult): Promise<Restored> => {
    const words = await run('tail', '-n', '5', log);
    const why = said(words.stdout.trim() === '' ? answer : words);
    return { failed: { step: 'start', why }, ms: since(), asked: [] };
  };
  if (start.exitCode !== 0) return await notStarted(start);
  const one = async (sql: string): Promise<ExecResult> =>
    await run(
      'psql',
      '-X',
      '-At',
      '-v',
      'ON_ERROR_STOP=1',
      '-h',
      folder,
      '-p',
      PORT,
      '-U',
      user,
      '-d',
      store.database,
      '-c',
      sql,
    );
  // pg_ctl is content with a server that still recovers; one that ended has said why.
  let facts = await one(FACTS);
  while (facts.exitCode !== 0) {
    const { exitCode } = await run('pg_ctl', '-D', folder, 'status');
    if (exitCode !== 0 || since() > durationMs(rto)) return await notStarted(facts);
    await wait(LOOK_MS);
    facts = await one(FACTS);
  }
  const ms = since();
  const asked: Asked[] = [];
  for (const { name, query } of invariants) asked.push({ name, ...numberIn(await one(query)) });
  return { ms, server: factsIn(facts.stdout), asked };
}

function factsIn(stdout: string): ServerFacts {
  const row = parseJson(stdout) as Row;
  const recovering = row['recovering'];
  return {
    systemId: textOf(row, 'systemId'),
    recovering: typeof recovering === 'boolean' ? recovering : null,
    next: numberOf(row, 'next'),
    replayed: numberOf(row, 'replayed'),
    lastAt: numberOf(row, 'lastAt'),
  };
}

function numberIn(answer: ExecResult): Omit<Asked, 'name'> {
  if (answer.exitCode !== 0) return { value: null, why: said(answer) };
  const text = answer.stdout.trim();
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? { value } : { value: null, why: `it says ${shortened(text, 60) || 'nothing'}` };
}

const said = ({ stderr, stdout, exitCode }: ExecResult): string =>
  shortened((stderr.trim() || stdout.trim() || `exit code ${exitCode}`).replaceAll(/\s+/g, ' '), 300);
