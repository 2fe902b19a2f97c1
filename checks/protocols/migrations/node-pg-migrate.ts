/** node-pg-migrate: files in the order of their names, JavaScript or SQL; the database remembers the names. */
import { textOf } from '../postgres.ts';
import { doubledIn, hasStatements, type Layout, type MigrationFile } from './types.ts';

const NAME = /^(\d+[-_].+?)\.(?:[cm]?[jt]s|sql)$/;

export const nodePgMigrate: Layout = {
  table: 'pgmigrations',
  strictOrder: true,
  read(files, rows) {
    const code = files.filter(({ path }) => /\.(?:[cm]?[jt]s|sql)$/.test(path) && !/\.d\.[cm]?ts$/.test(path));
    const named = code.flatMap((file) => {
      const name = NAME.exec(file.path)?.[1];
      return name === undefined ? [] : [{ version: name, file }];
    });
    const scripts = named
      .sort((one, other) => byTime(one.version, other.version))
      .map(({ version, file }) => ({ version, path: file.path, reversible: isReversible(file) }));
    return {
      scripts,
      applied: rows.flatMap((row) => {
        const version = textOf(row, 'name');
        return version === null ? [] : [{ version }];
      }),
      passedOver: code.filter((file) => !named.some((one) => one.file === file)).map(({ path }) => path),
      doubled: doubledIn(named.map(({ version }) => version)),
    };
  },
};

function byTime(one: string, other: string): number {
  const [a, b] = [one, other].map((name) => BigInt(/^\d+/.exec(name)?.[0] ?? '0')) as [bigint, bigint];
  return a === b ? (one < other ? -1 : 1) : a < b ? -1 : 1;
}

/** `down = false` forbids it; without `down` the tool turns `up` around where it knows how, which cannot be seen here. */
function isReversible({ path, text }: MigrationFile): boolean {
  if (path.endsWith('.sql')) return hasStatements(/^\s*--+\s*down migration\s*$([\s\S]*)/im.exec(text)?.[1] ?? '');
  const assigned = /\bdown\s*=\s*(false|undefined|null)?/.exec(text);
  if (assigned)
    return assigned[1] === undefined && !/\bdown\s*=\s*(?:async\s*)?\([^)]*\)\s*(?::[^=]+)?=>\s*\{\s*\}/.test(text);
  return /function\s+down\s*\([^)]*\)\s*(?::[^{]+)?\{\s*[^\s}]/.test(text);
}
