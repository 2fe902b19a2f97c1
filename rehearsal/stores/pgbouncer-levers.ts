/** Levers of PgBouncer. */
import pg from 'pg';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import { DATABASE, DATABASE_USER } from '../postgres/server.ts';
import type { PgbouncerServer } from './pgbouncer.ts';
import { freeze, kill, settingsOf } from './signals.ts';

const WAITING_LIMIT_MS = 5_000;

/**
 * `pgbouncer.kill`, `pgbouncer.stop`; `pgbouncer.config {setting: value, …}`; `pgbouncer.pause`: no client gets a server connection,
 * and one waits.
 */
export function addPgbouncerLevers(levers: Levers, pgbouncer: PgbouncerServer): void {
  levers.add('pgbouncer.kill', () => Promise.resolve().then(() => kill(pgbouncer)));
  levers.add('pgbouncer.stop', () => Promise.resolve().then(() => freeze(pgbouncer)));
  levers.add('pgbouncer.config', (args) => configure(pgbouncer, args));
  levers.add('pgbouncer.pause', () => pause(pgbouncer));
}

async function configure(pgbouncer: PgbouncerServer, args: LeverArguments): Promise<Release> {
  const settings = settingsOf(args);
  const shown = await pgbouncer.console('SHOW CONFIG');
  const before = settings.map(([name]) => {
    const value = shown.find((row) => row['key'] === name)?.['value'];
    if (typeof value !== 'string') throw new Error(`PgBouncer has no setting ${name}`);
    return [name, value] as const;
  });
  await set(pgbouncer, settings);
  return () => set(pgbouncer, before);
}

async function set(pgbouncer: PgbouncerServer, settings: readonly (readonly [string, string])[]): Promise<void> {
  for (const [name, value] of settings) await pgbouncer.console(`SET ${name} = '${value.replaceAll("'", "''")}'`);
}

async function pause(pgbouncer: PgbouncerServer): Promise<Release> {
  await pgbouncer.console(`PAUSE ${DATABASE}`);
  const client = new pg.Client({
    host: '127.0.0.1',
    port: await pgbouncer.port,
    user: DATABASE_USER,
    password: pgbouncer.clientPassword,
    database: DATABASE,
    ssl: { rejectUnauthorized: false },
  });
  client.on('error', () => undefined);
  const waiting = client
    .connect()
    .then(() => client.query('select 1'))
    .catch(() => undefined);
  const resume: Release = async () => {
    await pgbouncer.console(`RESUME ${DATABASE}`);
    await waiting;
    await client.end().catch(() => undefined);
  };
  try {
    await untilWaiting(pgbouncer);
  } catch (error) {
    await resume();
    throw error;
  }
  return resume;
}

async function untilWaiting(pgbouncer: PgbouncerServer): Promise<void> {
  const until = performance.now() + WAITING_LIMIT_MS;
  const isWaiting = (pool: Readonly<Record<string, unknown>>): boolean => Number(pool['cl_waiting']) > 0;
  while (!(await pgbouncer.console('SHOW POOLS')).some(isWaiting)) {
    if (performance.now() > until) throw new Error('no client waits though the database is paused');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
