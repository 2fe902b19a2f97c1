/** What checks of a PostgreSQL server share. */
import type { PostgresClient, PostgresSession, PostgresStore } from '../contract/capabilities.ts';
import { ObservationError } from '../define-check.ts';

/** The server does not answer: what is asserted is down, so this is judged and not an error of the gate. */
export interface Down {
  readonly up: false;
  readonly why: string;
}

/** A session, or `Down` when nothing answers at the store's address. A refused login, a time-out and TLS trouble throw. */
export async function sessionUnlessDown<T>(
  postgres: PostgresClient,
  store: PostgresStore,
  use: (session: PostgresSession) => Promise<T>,
): Promise<T | Down> {
  try {
    return await postgres.session(store, use);
  } catch (error) {
    if (error instanceof ObservationError && error.code === 'unreachable') return { up: false, why: error.message };
    throw error;
  }
}

/** Why the server refused a statement; losing the connection is no refusal and throws on. */
export function refusal(error: unknown): string {
  if (error instanceof ObservationError && (error.code === 'protocol' || error.code === 'forbidden'))
    return error.message;
  throw error;
}

/** `PostgreSQL shop at db.example:5432`: how evidence names a server. Never the user or the password. */
export function serverName({ host, port, database }: PostgresStore): string {
  return `PostgreSQL ${database} at ${host}:${port}`;
}
