import { randomBytes } from 'node:crypto';
import type { PostgresClient, PostgresSession, PostgresStore } from '../../contract/stores.ts';
import { store } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { HUNG_FIX, isHung, refusal, serverName, sessionUnlessDown, type Down } from '../../protocols/postgres.ts';

const messages = {
  down: {
    says: '{subject}: does not answer ({why}), expected a server that takes a write.',
    fix: 'Start PostgreSQL, or open the way to it from where the gate runs.',
  },
  hung: {
    says: '{subject}: did not answer in time when asked to {step} ({why}), expected a server that takes a write.',
    fix: HUNG_FIX,
  },
  refused: {
    says: '{subject}: refused to {step} ({why}), expected it to be done.',
    fix: 'Repair what the server names: a grant, a full disk, a read-only primary.',
  },
  notReadBack: {
    says: '{subject}: {rows} rows with the marker were read in a second session, expected 1.',
    fix: 'Check that reads and writes go to the same database: a lagging replica or another database behind a pooler answers.',
  },
  notRolledBack: {
    says: '{subject}: {rows} rows of a rolled-back transaction remain, expected none.',
    fix: 'Look for a pooler or proxy that drops BEGIN or commits each statement.',
  },
  notCleanedUp: {
    says: '{subject}: table {table} {left}, expected nothing to be left.',
    fix: 'Remove it by hand: DROP TABLE, or DELETE of the rows whose marker starts with golive-.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['store'],
  properties: {
    store,
    table: {
      type: 'string',
      pattern: '^([a-z_][a-z0-9_]{0,62}\\.)?[a-z_][a-z0-9_]{0,62}$',
      description:
        'An existing table with a text column "marker" to write to. Absent: a table of its own, golive_probe_<random>, made and dropped.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Tried {
  readonly up: true;
  readonly table: string;
  readonly own: boolean;
  readonly writer: number;
  readonly reader: number | null;
  /** Rows a second session saw of the committed marker and of the rolled-back one; null when it did not come to that. */
  readonly committedRows: number | null;
  readonly rolledBackRows: number | null;
  /** The step that the server refused, or did not answer in time, and why. */
  readonly refused: { readonly step: string; readonly why: string; readonly hung?: true } | null;
  /** `null`: all gone. Else what is left. */
  readonly left: string | null;
}
type Gathered = Tried | Down;

export const postgresRoundTrip = defineCheck({
  meta: {
    kind: 'data/postgres-round-trip',
    title: 'PostgreSQL keeps what is committed and forgets what is rolled back',
    why: 'A server that answers pings may still lose orders: a full disk, a read-only primary, a pooler in front of another database.',
    sees: 'A committed row with a random marker read back in a second session, a rolled-back one that is not there, and everything removed again. It creates and drops a small table (class "apply"), or uses the one given. Not: that a commit survives a crash or reaches the replicas.',
    needs: ['postgres'],
    effect: 'mutating',
    mutation: 'apply',
    params,
    messages,
  },
  permissions: ({ store }: Params) => mayReadSecrets([store.password]),
  gather,
  judge,
});

async function gather({ store, table }: Params, { postgres }: Pick<Capabilities, 'postgres'>): Promise<Gathered> {
  const name = table ?? `golive_probe_${randomBytes(6).toString('hex')}`;
  const trial = new Trial(postgres, store, name, table === undefined);
  return await sessionUnlessDown(postgres, store, (session) => trial.run(session));
}

const MAKE = 'create a table';

/** One round trip. The steps are kept in order, and cleaning up is tried whatever became of them. */
class Trial {
  readonly #postgres: PostgresClient;
  readonly #store: PostgresStore;
  readonly #table: string;
  readonly #own: boolean;
  readonly #committed = `golive-${randomBytes(12).toString('hex')}`;
  readonly #rolledBack = `golive-${randomBytes(12).toString('hex')}`;
  #step = 'connect';
  #mayBeLeft = true;

  constructor(postgres: PostgresClient, store: PostgresStore, table: string, own: boolean) {
    this.#postgres = postgres;
    this.#store = store;
    this.#table = table;
    this.#own = own;
  }

  async run(session: PostgresSession): Promise<Tried> {
    const writer = await backendOf(session);
    let seen: Pick<Tried, 'reader' | 'committedRows' | 'rolledBackRows'> = {
      reader: null,
      committedRows: null,
      rolledBackRows: null,
    };
    let refused: Tried['refused'] = null;
    let left: string | null = null;
    try {
      await this.#write(session);
      seen = await this.#read();
    } catch (error) {
      refused = { step: this.#step, why: lostOrRefused(error), ...(isHung(error) ? { hung: true } : {}) };
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

  async #read(): Promise<Pick<Tried, 'reader' | 'committedRows' | 'rolledBackRows'>> {
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

/** The first session was open: losing the server after that, or waiting for it in vain, is judged here, so that what is left behind is told. */
function lostOrRefused(error: unknown): string {
  return isLost(error) || isHung(error) ? error.message : refusal(error);
}

function isLost(error: unknown): error is ObservationError {
  return error instanceof ObservationError && error.code === 'unreachable';
}

async function backendOf(session: PostgresSession): Promise<number> {
  return Number((await session.query('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid']);
}

function judge({ store }: Params, gathered: Gathered): Judgement<Id> {
  const subject = serverName(store);
  if (!gathered.up)
    return judged<Id>(
      [
        gathered.hung
          ? { message: 'hung', subject, data: { step: 'open a session', why: gathered.why } }
          : { message: 'down', subject, data: { why: gathered.why } },
      ],
      [subject],
      [{ type: 'text', title: subject, text: gathered.why }],
      '',
    );
  const { committedRows, rolledBackRows, refused, left, table, writer, reader } = gathered;
  const findings: Finding<Id>[] = present([
    refused && {
      message: refused.hung ? ('hung' as const) : ('refused' as const),
      subject,
      data: { step: refused.step, why: refused.why },
    },
    committedRows !== null &&
      committedRows !== 1 && { message: 'notReadBack' as const, subject, data: { rows: committedRows } },
    rolledBackRows !== null &&
      rolledBackRows !== 0 && { message: 'notRolledBack' as const, subject, data: { rows: rolledBackRows } },
    left !== null && { message: 'notCleanedUp' as const, subject, data: { table, left } },
  ]);
  const evidence = evidenceOf(subject, gathered);
  if (findings.length === 0 && (committedRows === null || reader === null || reader === writer))
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: `${subject}: the row was not read by another server process than the one that wrote it (${writer}): a pooler gave both sessions the same. Connect to the server itself.`,
      evidence,
    };
  return judged(findings, [subject], evidence, '');
}

function evidenceOf(subject: string, tried: Tried): readonly [Evidence, ...Evidence[]] {
  const { table, writer, reader, committedRows, rolledBackRows, left } = tried;
  return [
    {
      type: 'query',
      title: `Round trip through ${subject}`,
      language: 'sql',
      query: `BEGIN; INSERT INTO ${table} (marker) VALUES (…); COMMIT; BEGIN; INSERT …; ROLLBACK; in a second session: SELECT marker FROM ${table} WHERE marker = …`,
      answer: `committed marker: ${committedRows ?? 'not read'} rows; rolled-back marker: ${rolledBackRows ?? 'not read'} rows`,
    },
    { type: 'text', title: 'Server processes', text: `written by ${writer}, read by ${reader ?? 'nobody'}` },
    { type: 'text', title: 'Left behind', text: left === null ? 'nothing' : `table ${table} ${left}` },
  ];
}
