/** golang-migrate: `N_name.up.sql` and `N_name.down.sql`. The database remembers one number, and whether it was reached. */
import { textOf, type Row } from '../postgres.ts';
import { doubledIn, hasStatements, type Applied, type Layout } from './types.ts';

const NAME = /^(\d+)_(.*)\.(up|down)\.(?:sql|pgsql)$/;

export const golangMigrate: Layout = {
  table: 'schema_migrations',
  strictOrder: false,
  read(files, rows) {
    const sql = files.filter(({ path }) => /\.(?:pg)?sql$/.test(path));
    const named = sql.flatMap((file) => {
      const [, number = '', , way = ''] = NAME.exec(file.path) ?? [];
      return number === '' ? [] : [{ version: String(BigInt(number)), way, file }];
    });
    const down = new Map(
      named.filter(({ way }) => way === 'down').map(({ version, file }) => [version, hasStatements(file.text)]),
    );
    const scripts = named
      .filter(({ way }) => way === 'up')
      .sort((one, other) => (BigInt(one.version) < BigInt(other.version) ? -1 : 1))
      .map(({ version, file }) => ({ version, path: file.path, reversible: down.get(version) ?? false }));
    const versions = scripts.map(({ version }) => version);
    return {
      scripts,
      applied: appliedIn(rows, versions),
      passedOver: sql.filter((file) => !named.some((one) => one.file === file)).map(({ path }) => path),
      doubled: doubledIn(versions),
    };
  },
};

/** All up to the number: there is no history. */
function appliedIn(rows: readonly Row[], versions: readonly string[]): readonly Applied[] {
  const [row] = rows;
  const value = row?.['version'];
  const current = typeof value === 'number' ? String(value) : textOf(row, 'version');
  if (current === null || !/^\d+$/.test(current)) return [];
  const before = versions.filter((version) => BigInt(version) < BigInt(current)).map((version) => ({ version }));
  return [...before, { version: String(BigInt(current)), ...(row?.['dirty'] === true ? { failed: true } : {}) }];
}
