/** Flyway: `V2_1__name.sql`, `U2_1__name.sql` back, `R__name.sql` again whenever it changes, `B…` in place of all before. */
import { flywayChecksum, FLYWAY_TABLE } from '../flyway.ts';
import { numberOf, textOf, type Row } from '../postgres.ts';
import { doubledIn, hasStatements, type Applied, type Layout, type MigrationFile, type Script } from './types.ts';

const NAME = /^([VUBR])([\d._]*)__(.+)\.sql$/;
/** Files of its own that are no migrations. */
const CALLBACK = /^(?:before|after|create|begin)\w*(?:__.*)?\.sql$/;

interface Named {
  readonly kind: string;
  readonly version: string;
  readonly file: MigrationFile;
}

export const flyway: Layout = {
  table: FLYWAY_TABLE,
  strictOrder: true,
  read(files, rows) {
    const sql = files.filter(({ path }) => path.endsWith('.sql'));
    const named = sql.flatMap((file): readonly Named[] => {
      const [, kind = '', version = '', name = ''] = NAME.exec(file.path) ?? [];
      const hasVersion = /^\d+(?:[._]\d+)*$/.test(version);
      if (kind === '' || (kind === 'R') === hasVersion) return [];
      return [{ kind, version: kind === 'R' ? `R__${name}` : plain(version), file }];
    });
    const of = (kind: string): readonly Named[] => named.filter((one) => one.kind === kind);
    const back = new Map(of('U').map(({ version, file }) => [version, hasStatements(file.text)]));
    const forwards = [...of('V')].sort((one, other) => compareVersions(one.version, other.version));
    const scripts: Script[] = [...forwards, ...of('R')].map(({ kind, version, file }) => ({
      version,
      path: file.path,
      checksum: String(flywayChecksum(file.text)),
      // What runs again whenever it changes is taken back by its older text.
      reversible: kind === 'R' ? true : (back.get(version) ?? false),
    }));
    return {
      scripts,
      applied: appliedIn(rows),
      passedOver: sql
        .filter((file) => !named.some((one) => one.file === file) && !CALLBACK.test(file.path))
        .map(({ path }) => path),
      doubled: doubledIn(scripts.map(({ version }) => version)),
    };
  },
};

/** `2_1`, `2.1` and `02.1` are one version; so are `2` and `2.0`. */
function plain(version: string): string {
  const parts = version.split(/[._]/).map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop();
  return parts.join('.');
}

export function compareVersions(one: string, other: string): number {
  const [a, b] = [one.split('.').map(BigInt), other.split('.').map(BigInt)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x, y] = [a[index] ?? 0n, b[index] ?? 0n];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** The newest row of each: a repeatable one has a row for each time it ran, one that was taken back a second. */
function appliedIn(rows: readonly Row[]): readonly Applied[] {
  const inOrder = [...rows].sort(
    (one, other) => (numberOf(one, 'installed_rank') ?? 0) - (numberOf(other, 'installed_rank') ?? 0),
  );
  const newest = new Map<string, Applied | undefined>();
  for (const row of inOrder) {
    const type = textOf(row, 'type') ?? '';
    const version = versionOf(row);
    if (version !== undefined && type !== 'SCHEMA') newest.set(version, appliedBy(row, type, version));
  }
  return [...newest.values()].filter((one) => one !== undefined);
}

/** A repeatable one has none and goes by its name. */
function versionOf(row: Row): string | undefined {
  const version = textOf(row, 'version');
  return version === null ? /^(R__.+)\.sql$/.exec(textOf(row, 'script') ?? '')?.[1] : plain(version);
}

/** Undefined where the row says that it was taken back. */
function appliedBy(row: Row, type: string, version: string): Applied | undefined {
  const failed = row['success'] === false;
  if (/^(?:UNDO_|DELETE)/.test(type) && !failed) return undefined;
  const checksum = numberOf(row, 'checksum');
  return {
    version,
    ...(checksum === null || !/^(?:SQL|SQL_BASELINE)$/.test(type) ? {} : { checksum: String(checksum) }),
    ...(failed ? { failed: true } : {}),
    ...(/BASELINE|JDBC/.test(type) ? { mayLackScript: true } : {}),
  };
}
