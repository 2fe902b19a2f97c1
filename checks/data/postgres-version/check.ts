import { store } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged, present } from '../../kit/judged.ts';
import { textAt } from '../../contract/json.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { HUNG_FIX, refusal, serverName, sessionUnlessDown, type Down } from '../../protocols/postgres.ts';

const messages = {
  down: {
    says: '{subject}: does not answer ({why}), expected a server that accepts connections.',
    fix: 'Start PostgreSQL, or open the way to it from where the gate runs.',
  },
  hung: {
    says: '{subject}: does not answer in time ({why}), expected a server that accepts connections and takes writes.',
    fix: HUNG_FIX,
  },
  tooOld: {
    says: '{subject}: is version {actual}, expected at least {expected}.',
    fix: 'Upgrade PostgreSQL to {expected} or later (pg_upgrade, or dump and restore), and try it on a copy first.',
  },
  inRecovery: {
    says: '{subject}: is in recovery (a standby), expected the primary.',
    fix: 'Point the store of the environment file at the primary, or promote this server.',
  },
  readOnly: {
    says: '{subject}: {setting} is on, expected off.',
    fix: 'Reset {setting} for the server, the database and the role (ALTER SYSTEM, ALTER DATABASE, ALTER ROLE … RESET).',
  },
  notWritable: {
    says: '{subject}: refused to write into a temporary table ({why}), expected the row to be written.',
    fix: 'Repair what the server names; grant TEMPORARY on the database if that is what is missing.',
  },
  notDurable: {
    says: '{subject}: {setting} is {actual}, so a crash can lose or damage what was committed, expected {expected}.',
    fix: 'Set {setting} to on: ALTER SYSTEM and reload, and RESET it where a database or role changes it. A database whose loss is no harm says requireDurability: false.',
  },
  noTls: {
    says: '{subject}: the connection is not encrypted, expected TLS.',
    fix: 'Set ssl = on on the server and tls in the store of the environment file.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['store'],
  properties: {
    store,
    minimum: { type: 'integer', minimum: 10, maximum: 99, default: 15, description: 'Lowest major version accepted.' },
    requireDurability: {
      type: 'boolean',
      default: true,
      description: 'Whether fsync and full_page_writes must be on and synchronous_commit not off.',
    },
    requireTls: { type: 'boolean', default: true, description: 'Whether the connection must be encrypted.' },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

const FACTS = `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
  pg_is_in_recovery() AS recovery, current_setting('transaction_read_only') AS transaction_read_only,
  current_setting('default_transaction_read_only') AS default_transaction_read_only`;
const TLS = 'SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
/** Without the first two a crash can damage the files, without the third it loses the last commits (PostgreSQL manual, 19.5). */
const DURABILITY_NAMES = ['fsync', 'full_page_writes', 'synchronous_commit'] as const;
const DURABILITY = `SELECT name, setting FROM pg_settings WHERE name IN ('${DURABILITY_NAMES.join("', '")}')`;
const WRITE = 'CREATE TEMPORARY TABLE golive_probe (marker text) ON COMMIT DROP';

interface Up {
  readonly up: true;
  readonly number: number;
  readonly version: string;
  readonly recovery: boolean;
  readonly transactionReadOnly: string;
  readonly defaultTransactionReadOnly: string;
  /** Settings by name, as this session sees them. */
  readonly durability: Readonly<Record<string, string>>;
  /** Null when the server does not tell, as behind some poolers. */
  readonly tls: { readonly on: boolean; readonly protocol: string; readonly cipher: string } | null;
  /** Rows read back from the temporary table, why it was refused, or null when the server is read-only anyway. */
  readonly written: { readonly rows: number } | { readonly refused: string } | null;
}
type Gathered = Up | Down;

export const postgresVersion = defineCheck({
  meta: {
    kind: 'data/postgres-version',
    title: 'PostgreSQL is recent enough and takes writes',
    why: 'An outdated server lacks what the platform relies on; a standby or a read-only primary refuses the first order.',
    sees: 'The version number, recovery and read-only settings, a row in a temporary table (rolled back), the settings that keep a commit through a crash, and whether this connection is encrypted. Not: that the disk takes a commit; data/postgres-round-trip does that.',
    needs: ['postgres'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ store }: Params) => mayReadSecrets([store.password]),
  gather,
  judge,
});

async function gather({ store }: Params, { postgres }: Pick<Capabilities, 'postgres'>): Promise<Gathered> {
  return await sessionUnlessDown(postgres, store, async (session): Promise<Up> => {
    const facts = (await session.query(FACTS)).rows[0] ?? {};
    const durability = (await session.query(DURABILITY)).rows;
    const tls = (await session.query(TLS)).rows[0];
    const takesWrites = facts['recovery'] === false && facts['transaction_read_only'] === 'off';
    return {
      up: true,
      number: Number(facts['number']),
      version: String(facts['version']),
      recovery: facts['recovery'] !== false,
      transactionReadOnly: String(facts['transaction_read_only']),
      defaultTransactionReadOnly: String(facts['default_transaction_read_only']),
      durability: Object.fromEntries(durability.map(({ name, setting }) => [String(name), String(setting)])),
      tls: tls
        ? { on: tls['ssl'] === true, protocol: textAt(tls, '', 'version'), cipher: textAt(tls, '', 'cipher') }
        : null,
      written: takesWrites ? await writeTemporarily(session) : null,
    };
  });
}

async function writeTemporarily(session: Parameters<Parameters<Capabilities['postgres']['session']>[1]>[0]) {
  try {
    await session.query('BEGIN');
    await session.query(WRITE);
    await session.query("INSERT INTO golive_probe VALUES ('golive')");
    const answer = await session.query("SELECT marker FROM golive_probe WHERE marker = 'golive'");
    await session.query('ROLLBACK');
    return { rows: answer.rowCount };
  } catch (error) {
    return { refused: refusal(error) };
  }
}

function judge({ store, minimum, requireTls, requireDurability }: Params, gathered: Gathered): Judgement<Id> {
  const subject = serverName(store);
  const evidence = evidenceOf(subject, gathered);
  if (!gathered.up)
    return judged<Id>(
      [{ message: gathered.hung ? 'hung' : 'down', subject, data: { why: gathered.why } }],
      [subject],
      evidence,
      '',
    );
  const { number, version, recovery, tls, written, durability } = gathered;
  const refused =
    written && ('refused' in written ? written.refused : written.rows !== 1 && 'the row was not read back');
  const findings: Finding<Id>[] = present([
    !(number >= minimum * 10_000) && {
      message: 'tooOld' as const,
      subject,
      data: { actual: version, expected: minimum },
    },
    recovery && { message: 'inRecovery' as const, subject },
    ...readOnlySettings(gathered).map((setting) => ({ message: 'readOnly' as const, subject, data: { setting } })),
    typeof refused === 'string' && { message: 'notWritable' as const, subject, data: { why: refused } },
    ...(requireDurability ? durabilityFindings(subject, durability) : []),
    requireTls && tls?.on === false && { message: 'noTls' as const, subject },
  ]);
  const untold = DURABILITY_NAMES.filter((name) => durability[name] === undefined);
  if (findings.length === 0 && requireDurability && untold.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${subject}: pg_settings does not tell ${untold.join(', ')}, so whether it keeps what is committed is not known. Connect to the server itself, not to a pooler.`,
      evidence,
    };
  if (findings.length === 0 && requireTls && !tls)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${subject}: pg_stat_ssl has no row for this connection, so whether it is encrypted is not known. Connect to the server itself, not to a pooler.`,
      evidence,
    };
  return judged(findings, [subject], evidence, '');
}

/** synchronous_commit has more values than on and off; all but off wait for the disk. */
function durabilityFindings(subject: string, durability: Up['durability']): Finding<Id>[] {
  return DURABILITY_NAMES.filter((name) => durability[name] === 'off').map((setting) => ({
    message: 'notDurable' as const,
    subject,
    data: { setting, actual: 'off', expected: setting === 'synchronous_commit' ? 'anything but off' : 'on' },
  }));
}

/** In recovery both are on and say nothing more. */
function readOnlySettings({ recovery, transactionReadOnly, defaultTransactionReadOnly }: Up): string[] {
  if (recovery) return [];
  return present([
    transactionReadOnly !== 'off' && 'transaction_read_only',
    defaultTransactionReadOnly !== 'off' && 'default_transaction_read_only',
  ]);
}

function evidenceOf(subject: string, gathered: Gathered): readonly [Evidence, ...Evidence[]] {
  if (!gathered.up) return [{ type: 'text', title: subject, text: gathered.why }];
  const { number, version, recovery, transactionReadOnly, defaultTransactionReadOnly, tls, written, durability } =
    gathered;
  const settings = `transaction_read_only ${transactionReadOnly}, default_transaction_read_only ${defaultTransactionReadOnly}`;
  return [
    {
      type: 'query',
      title: `Version and state of ${subject}`,
      language: 'sql',
      query: FACTS,
      answer: `version ${version} (${number}), in recovery ${recovery}, ${settings}`,
    },
    {
      type: 'query',
      title: 'Settings that keep a commit through a crash',
      language: 'sql',
      query: DURABILITY,
      answer: DURABILITY_NAMES.map((name) => `${name} ${durability[name] ?? 'not told'}`).join(', '),
    },
    {
      type: 'query',
      title: 'Encryption of this connection',
      language: 'sql',
      query: TLS,
      answer: tls ? (tls.on ? `${tls.protocol} ${tls.cipher}` : 'not encrypted') : 'no row',
    },
    {
      type: 'query',
      title: 'A row in a temporary table, rolled back',
      language: 'sql',
      query: WRITE,
      answer: written === null ? 'not tried' : 'refused' in written ? written.refused : `${written.rows} row read back`,
    },
  ];
}
