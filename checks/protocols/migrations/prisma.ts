/** Prisma: a folder each with `migration.sql`; the database remembers name and checksum. It knows no down script but `down.sql` beside it. */
import { createHash } from 'node:crypto';
import { textOf, type Row } from '../postgres.ts';
import { hasStatements, type Applied, type Layout } from './types.ts';

export const prisma: Layout = {
  table: '_prisma_migrations',
  nested: true,
  strictOrder: false,
  read(files, rows) {
    const parts = files.flatMap((file) => {
      const [folder = '', name = '', ...deeper] = file.path.split('/');
      return deeper.length > 0 || name === '' ? [] : [{ folder, name, file }];
    });
    const down = new Map(
      parts.filter(({ name }) => name === 'down.sql').map(({ folder, file }) => [folder, hasStatements(file.text)]),
    );
    const scripts = parts
      .filter(({ name }) => name === 'migration.sql')
      .sort((one, other) => (one.folder < other.folder ? -1 : 1))
      .map(({ folder, file }) => ({
        version: folder,
        path: file.path,
        checksum: createHash('sha256').update(file.text).digest('hex'),
        reversible: down.get(folder) ?? false,
      }));
    const loose = files.filter(({ path }) => !path.includes('/') && path.endsWith('.sql')).map(({ path }) => path);
    return { scripts, applied: appliedIn(rows), passedOver: loose, doubled: [] };
  },
};

/** A name may have several rows: what was rolled back by hand does not count. Folders of applied ones may be gone, once squashed. */
function appliedIn(rows: readonly Row[]): readonly Applied[] {
  const byName = new Map<string, Applied>();
  for (const row of rows) {
    const name = textOf(row, 'migration_name');
    if (name === null || isSet(row['rolled_back_at'])) continue;
    const checksum = textOf(row, 'checksum');
    const applied = { version: name, mayLackScript: true, ...(checksum === null ? {} : { checksum }) };
    byName.set(name, isSet(row['finished_at']) ? applied : { ...applied, failed: true });
  }
  return [...byName.values()];
}

const isSet = (value: unknown): boolean => value !== null && value !== undefined;
