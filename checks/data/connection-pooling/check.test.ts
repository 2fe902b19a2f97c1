import { expect, it } from 'vitest';
import type { PostgresClient, SqlAnswer } from '../../contract/stores.ts';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { connectionPooling } from './check.ts';

const answer = (...rows: readonly Record<string, unknown>[]): SqlAnswer => ({ rows, rowCount: rows.length });
const POOL = { pool_size: 20, reserve_pool_size: 0, max_connections: 0, paused: 0, disabled: 0 };

/** PgBouncer with `* = host=…` alone: a database is there once a client has asked for it. */
function wildcard(): PostgresClient {
  const asked = new Set<string>();
  return {
    session({ port, database }, use) {
      if (port === 6432) asked.add(database);
      const pools = [...asked].filter((name) => name !== 'pgbouncer');
      const answers: Readonly<Record<string, SqlAnswer>> = {
        'SHOW VERSION': answer({ version: 'PgBouncer 1.24.0' }),
        'SHOW CONFIG': answer({ key: 'pool_mode', value: 'transaction' }),
        'SHOW DATABASES': answer(...pools.map((name) => ({ ...POOL, name, host: '127.0.0.1', port: 5432 }))),
        'SHOW POOLS': answer(...pools.map((name) => ({ database: name, user: 'gate', cl_waiting: '0' }))),
      };
      const server = answer({
        system_id: '7711',
        oid: '16384',
        started: '1768400000.1',
        recovery: 'false',
        max_connections: 100,
        superuser_reserved: 3,
      });
      return use({ query: (sql) => Promise.resolve(answers[sql] ?? server) });
    },
  };
}

it('passes a wildcard at the first run', async () => {
  const to = (port: number, database: string) => ({ host: 'db.shop', port, database, user: 'gate' });
  const validated = validateParams(connectionPooling, {
    console: to(6432, 'pgbouncer'),
    pooled: to(6432, 'shop'),
    store: to(5432, 'shop'),
  });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const tls = { addresses: (host: string) => Promise.resolve([host]) };
  const context = testContext('2026-01-15T12:00:00Z');
  const seen = await connectionPooling.gather(validated.params, { postgres: wildcard(), tls } as never, context);
  expect(connectionPooling.judge(validated.params, seen, context)).toMatchObject({ outcome: 'pass', doubts: [] });
});
