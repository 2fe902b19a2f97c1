import { describe, expect, it } from 'vitest';
import type { PostgresClient, PostgresStore } from '../../contract/stores.ts';
import { ObservationError } from '../../kit/kind.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { postgresRoundTrip } from './check.ts';

const store: PostgresStore = { host: 'db.shop', port: 5432, database: 'shop', user: 'gate' };

/** A server that keeps rows per table; `refuses` makes the first statement that matches it fail. */
function fakeServer(refuses?: RegExp, error = new ObservationError('protocol', 'No space left on device')) {
  const statements: string[] = [];
  const tables = new Map<string, string[]>();
  let pid = 0;
  const client: PostgresClient = {
    async session(_store, use) {
      pid += 1;
      const own = pid;
      let before: string[] | null = null;
      return await use({
        query(sql, values = []) {
          statements.push(sql);
          if (refuses?.test(sql)) return Promise.reject(error);
          const table = /golive_probe_\w+/.exec(sql)?.[0] ?? String(values[0]);
          const rows = tables.get(table) ?? [];
          const marker = String(values[0]);
          if (sql.startsWith('CREATE')) tables.set(table, []);
          if (sql === 'BEGIN') before = structuredClone([...tables.values()][0] ?? []);
          if (sql === 'ROLLBACK') tables.set([...tables.keys()][0] ?? '', before ?? []);
          if (sql.startsWith('INSERT')) tables.set(table, [...rows, marker]);
          if (sql.startsWith('DROP')) tables.delete(table);
          if (sql.includes('to_regclass')) return answer([{ gone: !tables.has(marker) }]);
          if (sql.includes('pg_backend_pid')) return answer([{ pid: own }]);
          return answer(sql.startsWith('SELECT') ? rows.filter((row) => row === marker).map((row) => ({ row })) : []);
        },
      });
    },
  };
  return { client, statements, tables };
}

function answer(rows: readonly Record<string, unknown>[]) {
  return Promise.resolve({ rows, rowCount: rows.length });
}

async function judgedWith(client: PostgresClient) {
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await postgresRoundTrip.gather({ store }, { postgres: client } as never, context);
  return postgresRoundTrip.judge({ store }, gathered, context);
}

describe('gathering', () => {
  it('writes, reads in a second session, rolls back and leaves nothing', async () => {
    const { client, tables } = fakeServer();
    expect(await judgedWith(client)).toMatchObject({ outcome: 'pass' });
    expect(tables.size).toBe(0);
  });

  it('drops its table also when a step is refused', async () => {
    const { client, tables, statements } = fakeServer(/^INSERT/);
    const judgement = await judgedWith(client);
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'refused' }] });
    expect(statements.some((sql) => sql.startsWith('DROP TABLE'))).toBe(true);
    expect(tables.size).toBe(0);
  });

  it('fails when a step is not answered in time, and drops its table', async () => {
    const { client, tables } = fakeServer(/^COMMIT/, new ObservationError('timeout', 'no answer within 10 s'));
    expect(await judgedWith(client)).toMatchObject({
      outcome: 'fail',
      findings: [{ id: 'hung', data: { step: 'commit a row', why: 'no answer within 10 s' } }],
    });
    expect(tables.size).toBe(0);
  });

  it('names no table where none could be made', async () => {
    const judgement = await judgedWith(fakeServer(/^(CREATE|DROP)/).client);
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'refused' }] });
    expect(judgement).toHaveProperty('findings.length', 1);
  });

  it('names the table when it cannot be dropped', async () => {
    const judgement = await judgedWith(fakeServer(/^DROP/).client);
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'notCleanedUp' }] });
  });
});
