/** What a database remembers of its migrations. */
import type { PostgresClient, PostgresStore } from '../../contract/stores.ts';
import type { Row } from '../postgres.ts';

/** A name, with its schema or without. */
export const TABLE_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)?$';

/** The rows of the history; null where there is no such table. */
export async function historyOf(
  postgres: PostgresClient,
  store: PostgresStore,
  table: string,
): Promise<readonly Row[] | null> {
  const quoted = table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
  return await postgres.session(store, async (session) => {
    const { rows } = await session.query('SELECT to_regclass($1)::text AS name', [quoted]);
    return rows[0]?.['name'] === null ? null : (await session.query(`SELECT * FROM ${quoted}`)).rows;
  });
}
