/** What checks of a PostgreSQL server share. */
import type { PostgresClient, PostgresSession, PostgresStore } from '../contract/stores.ts';
import { ObservationError } from '../kit/define-check.ts';

/** The server does not answer: what is asserted is down, so this is judged and not an error of the gate. */
export interface Down {
  readonly up: false;
  readonly why: string;
  /** Set where the connection or a question was not answered in time, rather than refused. */
  readonly hung?: true;
}

/**
 * A session, or `Down` when nothing answers at the store's address or what is there does not answer in time: neither takes a
 * write. A refused login and TLS trouble throw; so does a password that could not be read (code `protocol`).
 */
export async function sessionUnlessDown<T>(
  postgres: PostgresClient,
  store: PostgresStore,
  use: (session: PostgresSession) => Promise<T>,
): Promise<T | Down> {
  try {
    return await postgres.session(store, use);
  } catch (error) {
    if (isHung(error)) return { up: false, why: error.message, hung: true };
    if (error instanceof ObservationError && error.code === 'unreachable') return { up: false, why: error.message };
    throw error;
  }
}

/** The server took longer to connect or to answer than the capability waits. */
export function isHung(error: unknown): error is ObservationError {
  return error instanceof ObservationError && error.code === 'timeout';
}

/** What to do about a server that does not answer in time: it cannot be told from here which of the two it is. */
export const HUNG_FIX =
  'Look at both ends: the server (stopped, overloaded, waiting for a lock or a full disk) and the way to it (a firewall that drops packets, a pooler without free connections).';

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
