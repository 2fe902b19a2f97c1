import type { PostgresSession } from '../../contract/stores.ts';
import { store } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { numberOf, serverName, textOf } from '../../protocols/postgres.ts';
import { judgePlaintext, plainPostgres, takesPlaintext, tryPlaintext } from '../../protocols/tls-servers.ts';
import { awayMessages, downId, POSTGRES, refusal, rowsOf, unlessDown } from '../../protocols/stores.ts';

const FACTS = `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
  pg_is_in_recovery() AS recovery, current_setting('transaction_read_only') AS transaction_read_only,
  current_setting('default_transaction_read_only') AS default_transaction_read_only`;
const TLS = 'SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
const EXTENSIONS = 'SELECT extname AS name FROM pg_extension';
/** Without the first two a crash can damage the files, without the third it loses the last commits (PostgreSQL manual, 19.5). */
const DURABILITY = ['fsync', 'full_page_writes', 'synchronous_commit'] as const;
const SETTINGS = `SELECT name, setting FROM pg_settings WHERE name IN ('${DURABILITY.join("', '")}')`;

export const postgresVersion = kind('data/postgres-version', {
  title: 'PostgreSQL is recent enough and takes writes',
  why: 'An outdated server lacks what the platform relies on; a standby or a read-only primary refuses the first order.',
  sees: [
    'The version number, recovery and read-only settings.',
    'A row in a temporary table, rolled back.',
    'The extensions that are asked for.',
    'The settings that keep a commit through a crash, and whether this connection is encrypted.',
    'A session without TLS, refused before a password was sent, where TLS is required.',
  ],
  not: ['That the disk takes a commit; data/postgres-round-trip does that.'],
  needs: ['postgres', 'tls'],
  required: ['store'],
  params: {
    store,
    minimum: { type: 'integer', minimum: 10, maximum: 99, default: 15, description: 'Lowest major version accepted.' },
    requireDurability: {
      type: 'boolean',
      default: true,
      description: 'Whether the durabilitySettings must be on, synchronous_commit not off.',
    },
    durabilitySettings: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      default: [...DURABILITY],
      items: { enum: DURABILITY },
      description:
        'Settings that keep a commit through a crash. Leave out what a managed service turns off by design because its storage keeps pages whole: full_page_writes on Aurora, fsync too on Neon.',
    },
    extensions: {
      type: 'array',
      uniqueItems: true,
      default: [],
      items: { type: 'string', minLength: 1 },
      description: 'Extensions that must be installed in the database (CREATE EXTENSION), pgcrypto for example.',
    },
    requireTls: {
      type: 'boolean',
      default: true,
      description: 'Whether the connection must be encrypted, and one without TLS refused.',
    },
  },
  messages: {
    ...awayMessages(POSTGRES, 'a server that accepts connections and takes writes'),
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
    extensionMissing: {
      says: '{subject}: the extension {extension} is not installed in it, expected it to be.',
      fix: 'CREATE EXTENSION {extension} in that database; the package of the server may have to be installed first.',
    },
    notDurable: {
      says: '{subject}: {setting} is {actual}, so a crash can lose or damage what was committed, expected {expected}.',
      fix: 'Set {setting} to on: ALTER SYSTEM and reload, and RESET it where a database or role changes it. On a managed service that turns it off by design leave it out of durabilitySettings; a database whose loss is no harm says requireDurability: false.',
    },
    takesPlaintext,
    noTls: {
      says: '{subject}: the connection is not encrypted, expected TLS.',
      fix: 'Set ssl = on on the server and tls in the store of the environment file.',
    },
  },
  rights: ({ store }) => mayReadSecrets([store.password]),

  gather: ({ store, requireTls, extensions }, { postgres, tls: prober }) =>
    unlessDown(postgres, store, async (session) => {
      const facts = (await rowsOf(session, FACTS))[0];
      // In the middle of a session that TLS has: the server is there all the time.
      const plain = requireTls && store.tls !== false ? await tryPlaintext(prober, plainPostgres(store)) : undefined;
      const settings = await rowsOf(session, SETTINGS);
      const tls = (await rowsOf(session, TLS))[0];
      const recovery = facts?.['recovery'];
      const readOnly = textOf(facts, 'transaction_read_only');
      return {
        up: true as const,
        ...(plain && { plain }),
        number: numberOf(facts, 'number'),
        version: textOf(facts, 'version') ?? 'unknown',
        recovery: typeof recovery === 'boolean' ? recovery : null,
        transactionReadOnly: readOnly,
        defaultTransactionReadOnly: textOf(facts, 'default_transaction_read_only'),
        extensions: extensions.length === 0 ? [] : (await rowsOf(session, EXTENSIONS)).map(({ name }) => String(name)),
        durability: Object.fromEntries(settings.map(({ name, setting }) => [String(name), String(setting)])),
        /** Null when the server does not report it, as behind some poolers. */
        tls: tls ? { on: tls['ssl'] === true, protocol: textOf(tls, 'version'), cipher: textOf(tls, 'cipher') } : null,
        /** Null when the server is read-only anyway. */
        written: recovery === false && readOnly === 'off' ? await writeTemporarily(session) : null,
      };
    }),

  judge({ store, minimum, requireTls, requireDurability, durabilitySettings, extensions }, seen, say) {
    const subject = serverName(store);
    say.judged(subject);
    if (!seen.up) return say.fail(downId(seen), subject, { why: seen.why });
    const { number, version, recovery, tls, written, durability, plain } = seen;
    if (number === null) say.unknown(subject, 'server_version_num');
    else if (number < minimum * 10_000) say.fail('tooOld', subject, { actual: version, expected: minimum });

    const readOnly = {
      transaction_read_only: seen.transactionReadOnly,
      default_transaction_read_only: seen.defaultTransactionReadOnly,
    };
    if (recovery === null) say.unknown(subject, 'whether it is in recovery');
    // In recovery both are on and say nothing more.
    if (recovery === true) say.fail('inRecovery', subject);
    else
      for (const [setting, value] of Object.entries(readOnly))
        if (value === null) say.unknown(subject, setting);
        else if (value !== 'off') say.fail('readOnly', subject, { setting });
    if (written && 'refused' in written) say.fail('notWritable', subject, { why: written.refused });
    else if (written && written.rows !== 1) say.fail('notWritable', subject, { why: 'the row was not read back' });

    judgeExtensions(say, subject, extensions, seen.extensions);
    for (const setting of requireDurability ? durabilitySettings : []) {
      const actual = durability[setting];
      // synchronous_commit has more values than on and off; all but off wait for the disk.
      const expected = setting === 'synchronous_commit' ? 'anything but off' : 'on';
      if (actual === undefined) say.unknown(subject, `${setting} in pg_settings (a pooler may answer for the server)`);
      else if (actual === 'off') say.fail('notDurable', subject, { setting, actual, expected });
    }
    if (requireTls && tls === null)
      say.unknown(subject, 'in pg_stat_ssl whether this connection is encrypted (a pooler may answer for the server)');
    if (requireTls && tls?.on === false) say.fail('noTls', subject);
    else judgePlaintext(say, subject, plain);
    const encryption = tls?.on === true ? `${tls.protocol ?? ''} ${tls.cipher ?? ''}` : tls && 'none';
    const row = written && ('refused' in written ? written.refused : `${written.rows} read back`);
    say.show({
      type: 'table',
      title: `${subject}, version ${version}`,
      columns: ['what', 'value'],
      rows: [
        ['in recovery', recovery],
        ...Object.entries({ ...readOnly, ...durability }),
        ['encryption of this connection', encryption],
        ['row in a temporary table', row],
      ],
    });
  },
});

async function writeTemporarily(session: PostgresSession) {
  try {
    await session.query('BEGIN');
    await session.query('CREATE TEMPORARY TABLE golive_probe (marker text) ON COMMIT DROP');
    await session.query("INSERT INTO golive_probe VALUES ('golive')");
    const { rowCount } = await session.query("SELECT marker FROM golive_probe WHERE marker = 'golive'");
    await session.query('ROLLBACK');
    return { rows: rowCount };
  } catch (error) {
    return { refused: refusal(error) };
  }
}

function judgeExtensions(
  say: {
    fail(id: 'extensionMissing', subject: string, data: { readonly extension: string }): void;
    unknown(subject: string, what: string): void;
  },
  subject: string,
  expected: readonly string[],
  installed: readonly string[],
): void {
  // Each database has plpgsql from the start: an empty list was not reported.
  if (expected.length > 0 && installed.length === 0) return say.unknown(subject, 'its extensions');
  for (const extension of expected.filter((name) => !installed.includes(name)))
    say.fail('extensionMissing', subject, { extension });
}
