/** Commits a row and rolls one back, looks from a second session and removes everything again. */
import { randomBytes } from 'node:crypto';
import type { PostgresClient, PostgresSession, PostgresStore } from '../../contract/stores.ts';
import { isHung, isLost, refusedStep, type Refused } from '../../protocols/stores.ts';

/** What the second session saw; null when it did not come to that. */
interface Read {
  readonly reader: number | null;
  readonly committedRows: number | null;
  readonly rolledBackRows: number | null;
}
export interface Tried extends Read {
  readonly up: true;
  readonly table: string;
  readonly own: boolean;
  readonly writer: number;
  /** The step that the server refused, or did not answer in time, and why. */
  readonly refused: Refused | null;
  /** What is left behind; null when all is gone. */
  readonly left: string | null;
}

const MAKE = 'create a table';
const UNREAD: Read = { reader: null, committedRows: null, rolledBackRows: null };

/** One round trip. The steps are kept in order, and cleaning up is tried whatever became of them. */
export class Trial {
  readonly #postgres: PostgresClient;
  readonly #store: PostgresStore;
  readonly #table: string;
  readonly #own: boolean;
  readonly #committed = `golive-${randomBytes(12).toString('hex')}`;
  readonly #rolledBack = `golive-${randomBytes(12).toString('hex')}`;
  #step = 'connect';
  #mayBeLeft = true;

  /** In a table of its own where none is given. */
  constructor(postgres: PostgresClient, store: PostgresStore, table: string | undefined) {
    this.#postgres = postgres;
    this.#store = store;
    this.#table = table ?? `golive_probe_${randomBytes(6).toString('hex')}`;
    this.#own = table === undefined;
  }

  async run(session: PostgresSession): Promise<Tried> {
    const writer = await backendOf(session);
    let seen = UNREAD;
    let refused: Refused | null = null;
    let left: string | null = null;
    try {
      await this.#write(session);
      seen = await this.#read();
    } catch (error) {
      // The session was open: losing the server after that, or waiting for it in vain, is judged, so that what is left is reported.
      refused = refusedStep(this.#step, error);
      // A server that refused to make the table has nothing to be cleaned up; one that was lost on the way may have.
      if (this.#step === MAKE && !isLost(error) && !isHung(error)) this.#mayBeLeft = false;
    } finally {
      if (this.#mayBeLeft) left = await this.#cleanUp();
    }
    return { up: true, table: this.#table, own: this.#own, writer, ...seen, refused, left };
  }

  async #write(session: PostgresSession): Promise<void> {
    const insert = `INSERT INTO ${this.#table} (marker) VALUES ($1)`;
    if (this.#own) {
      this.#step = MAKE;
      await session.query(`CREATE TABLE ${this.#table} (marker text NOT NULL)`);
    }
    this.#step = 'commit a row';
    await session.query('BEGIN');
    await session.query(insert, [this.#committed]);
    await session.query('COMMIT');
    this.#step = 'roll a row back';
    await session.query('BEGIN');
    await session.query(insert, [this.#rolledBack]);
    await session.query('ROLLBACK');
  }

  async #read(): Promise<Read> {
    this.#step = 'read the row in a second session';
    return await this.#postgres.session(this.#store, async (session) => ({
      reader: await backendOf(session),
      committedRows: await this.#count(session, this.#committed),
      rolledBackRows: await this.#count(session, this.#rolledBack),
    }));
  }

  /** In a session of its own: the first one may be inside a broken transaction. Says what is left, never throws a refusal. */
  async #cleanUp(): Promise<string | null> {
    try {
      return await this.#postgres.session(this.#store, async (session) => {
        if (this.#own) {
          await session.query(`DROP TABLE IF EXISTS ${this.#table}`);
          const { rows } = await session.query('SELECT to_regclass($1) IS NULL AS gone', [this.#table]);
          return rows[0]?.['gone'] === true ? null : 'is still there';
        }
        await session.query(`DELETE FROM ${this.#table} WHERE marker IN ($1, $2)`, [this.#committed, this.#rolledBack]);
        const rows = (await this.#count(session, this.#committed)) + (await this.#count(session, this.#rolledBack));
        return rows === 0 ? null : `still holds ${rows} rows of the gate`;
      });
    } catch (error) {
      return `could not be cleaned up (${error instanceof Error ? error.message : 'no reason given'})`;
    }
  }

  async #count(session: PostgresSession, marker: string): Promise<number> {
    return (await session.query(`SELECT marker FROM ${this.#table} WHERE marker = $1`, [marker])).rowCount;
  }
}

async function backendOf(session: PostgresSession): Promise<number> {
  return Number((await session.query('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid']);
}
