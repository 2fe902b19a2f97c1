/** Alembic: Python files chained by `revision` and `down_revision`, whatever they are called; the database remembers the heads. */
import { textOf } from '../postgres.ts';
import { doubledIn, type Layout, type MigrationFile } from './types.ts';

interface Revision {
  readonly version: string;
  readonly before: readonly string[];
  readonly file: MigrationFile;
}

export const alembic: Layout = {
  table: 'alembic_version',
  strictOrder: false,
  read(files, rows) {
    const python = files.filter(({ path }) => path.endsWith('.py') && !path.endsWith('__init__.py'));
    const revisions = python.flatMap((file): readonly Revision[] => {
      const version = assigned(file.text, 'revision')[0];
      return version === undefined ? [] : [{ version, before: assigned(file.text, 'down_revision'), file }];
    });
    const byVersion = new Map(revisions.map((one) => [one.version, one]));
    const current = rows.flatMap((row) => textOf(row, 'version_num') ?? []);
    const applied = new Set<string>();
    const mark = (version: string): void => {
      if (applied.has(version)) return;
      applied.add(version);
      byVersion.get(version)?.before.forEach(mark);
    };
    current.forEach(mark);
    const followed = new Set(revisions.flatMap(({ before }) => before));
    return {
      scripts: inOrder(revisions).map(({ version, file }) => ({
        version,
        path: file.path,
        reversible: isReversible(file.text),
      })),
      applied: [...applied].map((version) => ({ version })),
      passedOver: python.filter((file) => !revisions.some((one) => one.file === file)).map(({ path }) => path),
      doubled: doubledIn(revisions.map(({ version }) => version)),
      heads: revisions.map(({ version }) => version).filter((version) => !followed.has(version)),
    };
  },
};

/** The texts that a module assigns to a name: one, none (`None`) or several (a tuple). */
function assigned(text: string, name: string): readonly string[] {
  const value = new RegExp(`^${name}\\s*(?::[^=\\n]+)?=\\s*(\\([^)]*\\)|[^\\n]*)`, 'm').exec(text)?.[1] ?? '';
  return [...value.replace(/#.*$/gm, '').matchAll(/["']([^"']+)["']/g)].map(([, one = '']) => one);
}

/** What comes after stands after. */
function inOrder(revisions: readonly Revision[]): readonly Revision[] {
  const done = new Set<string>();
  const ordered: Revision[] = [];
  const byVersion = new Map(revisions.map((one) => [one.version, one]));
  const visit = (one: Revision): void => {
    if (done.has(one.version)) return;
    done.add(one.version);
    for (const version of one.before) {
      const before = byVersion.get(version);
      if (before) visit(before);
    }
    ordered.push(one);
  };
  revisions.forEach(visit);
  return ordered;
}

/** The template's `downgrade` is `pass`, and takes nothing back. */
function isReversible(text: string): boolean {
  const body = /^def downgrade\([^)]*\)[^:]*:([^\n]*\n(?:(?:[ \t][^\n]*)?\n?)*)/m.exec(`${text}\n`)?.[1] ?? '';
  const statements = body
    .replace(/("""|''')[\s\S]*?\1/g, '')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '' && line !== 'pass');
  return statements.length > 0 && !statements.every((line) => /^raise\b/.test(line));
}
