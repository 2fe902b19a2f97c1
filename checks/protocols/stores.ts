/** What checks of a store (PostgreSQL, PgBouncer, Redis) share: a store that is away is judged, it is no error of the gate. */
import type { PostgresSession, SqlAnswer } from '../contract/stores.ts';
import { ObservationError } from '../kit/kind.ts';

/** The server does not answer: what is asserted is down. */
export interface Down {
  readonly up: false;
  readonly why: string;
  /** Set where the connection or a question was not answered in time, rather than refused. */
  readonly hung?: true;
}
/** The clients of the stores, all of one shape. */
interface Client<Store, Session> {
  session<T>(store: Store, use: (session: Session) => Promise<T>): Promise<T>;
}

/**
 * A session, or `Down` when nothing answers at the store's address or what is there does not answer in time: neither takes a
 * write. A refused login and TLS trouble throw; so does a password that could not be read (code `protocol`).
 */
export async function unlessDown<Store, Session, T>(
  client: Client<Store, Session>,
  store: Store,
  use: (session: Session) => Promise<T>,
): Promise<T | Down> {
  try {
    return await client.session(store, use);
  } catch (error) {
    if (isHung(error)) return { up: false, why: error.message, hung: true };
    if (isLost(error)) return { up: false, why: error.message };
    throw error;
  }
}

/** The server took longer to connect or to answer than the capability waits. */
export function isHung(error: unknown): error is ObservationError {
  return error instanceof ObservationError && error.code === 'timeout';
}

/** Nothing answers there, or the connection is gone. */
export function isLost(error: unknown): error is ObservationError {
  return error instanceof ObservationError && error.code === 'unreachable';
}

/** Why the server refused a statement or command; losing the connection is no refusal and throws on. */
export function refusal(error: unknown): string {
  if (error instanceof ObservationError && (error.code === 'protocol' || error.code === 'forbidden'))
    return error.message;
  throw error;
}

/** The rows of an answer; none where the server refuses the question, as managed services refuse some. */
export async function rowsOf(session: PostgresSession, sql: string): Promise<SqlAnswer['rows']> {
  try {
    return (await session.query(sql)).rows;
  } catch (error) {
    refusal(error);
    return [];
  }
}

/** What one step of several came to: the server refused it, was lost, or did not answer in time. Anything else throws on. */
export interface Refused {
  readonly step: string;
  readonly why: string;
  readonly hung?: true;
}
export function refusedStep(step: string, error: unknown): Refused {
  if (isHung(error)) return { step, why: error.message, hung: true };
  return { step, why: isLost(error) ? error.message : refusal(error) };
}

/** How a store that is away is told, by `downId`: `awayMessages(POSTGRES, 'a server that takes a write')`. */
export function awayMessages<const Expected extends string>({ name, hung }: StoreFixes, expected: Expected) {
  return {
    down: {
      says: `{subject}: does not answer ({why}), expected ${expected}.`,
      fix: `Start ${name}, or open the way to it from where the gate runs.`,
    },
    hung: { says: `{subject}: does not answer in time ({why}), expected ${expected}.`, fix: hung },
  } as const;
}
/** The same of a kind that takes steps; `hung` needs the `step`. */
export function awayStepMessages<const Expected extends string>(fixes: StoreFixes, expected: Expected) {
  return {
    ...awayMessages(fixes, expected),
    hung: {
      says: `{subject}: did not answer in time when asked to {step} ({why}), expected ${expected}.`,
      fix: fixes.hung,
    },
  } as const;
}
export const downId = ({ hung }: Pick<Down, 'hung'>) => (hung ? 'hung' : 'down');

interface StoreFixes {
  readonly name: string;
  /** What to do about one that does not answer in time: which of the two ends it is cannot be told from here. */
  readonly hung: string;
}
export const POSTGRES: StoreFixes = {
  name: 'PostgreSQL',
  hung: 'Look at both ends: the server (stopped, overloaded, waiting for a lock or a full disk) and the way to it (a firewall that drops packets, a pooler without free connections).',
};
export const REDIS: StoreFixes = {
  name: 'Redis',
  hung: 'Look at both ends: the server (stopped, swapping, busy with a long command or script) and the way to it (a firewall that drops packets).',
};
