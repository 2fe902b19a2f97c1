/** What checks of a PostgreSQL server share. */
import type { PostgresStore } from '../contract/stores.ts';

/** `PostgreSQL shop at db.example:5432`: how evidence names a server. Never the user or the password. */
export function serverName({ host, port, database }: PostgresStore): string {
  return `PostgreSQL ${database} at ${host}:${port}`;
}

/** A row of an answer, by column. */
export type Row = Readonly<Record<string, unknown>>;
/** A column of a row; null where the server does not report it, or not as that type. */
export function textOf(row: Row | undefined, column: string): string | null {
  const value = row?.[column];
  return typeof value === 'string' ? value : null;
}
export function numberOf(row: Row | undefined, column: string): number | null {
  const value = row?.[column];
  // Numbers of 64 bits come as text.
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}
