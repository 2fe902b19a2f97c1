/** Applies the migrations of the release that serves users, and writes down what Flyway would: those of the next one are pending. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { flywayChecksum, FLYWAY_TABLE } from '../../checks/protocols/flyway.ts';
import { DATABASE, DATABASE_USER, type PostgresServer } from '../postgres/server.ts';

/** What green needs; later ones go live with blue. */
const APPLIED = 2;
/** The service that owns the table takes this lock, too, when it looks for its table at its start. */
const SCHEMA_LOCK = 7_316_004_512;
const HISTORY = `CREATE TABLE ${FLYWAY_TABLE} (
  installed_rank int PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
  script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
  installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL, success boolean NOT NULL)`;
const ROW = `INSERT INTO ${FLYWAY_TABLE} (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
  VALUES ($1, $2, $3, 'SQL', $4, $5, current_user, $6, true)`;
const FORWARDS = /^V(\d+)__(\w+)\.sql$/;

export async function migrate(postgres: PostgresServer, folder: string): Promise<void> {
  const scripts = readdirSync(folder)
    .flatMap((script) => {
      const [, version = '', name = ''] = FORWARDS.exec(script) ?? [];
      return version === '' ? [] : [{ script, version: Number(version), description: name.replaceAll('_', ' ') }];
    })
    .filter(({ version }) => version <= APPLIED)
    .sort((one, other) => one.version - other.version);
  await postgres.asSuperuser(async (client) => {
    await client.query('BEGIN');
    await client.query(`SET LOCAL ROLE ${DATABASE_USER}`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    await client.query(HISTORY);
    for (const [index, { script, version, description }] of scripts.entries()) {
      const sql = readFileSync(join(folder, script), 'utf8');
      const begun = performance.now();
      await client.query(sql);
      const took = Math.round(performance.now() - begun);
      await client.query(ROW, [index + 1, String(version), description, script, flywayChecksum(sql), took]);
    }
    await client.query('COMMIT');
  }, DATABASE);
}
