/** What differs from main: in commits, in the work tree, and files that git does not know yet. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files that have imports: tests are found through them. */
export const SOURCE = /\.(ts|mjs|js)$/;

const git = (...args) => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const lines = (text) => text.split('\0').filter(Boolean);

/** Names, also of files that are gone. */
export function changedFiles() {
  return [
    ...new Set([
      ...lines(git('diff', '--name-only', '--no-renames', '-z', base())),
      ...lines(git('ls-files', '--others', '--exclude-standard', '-z')),
    ]),
  ].sort();
}

export const existing = (files) => files.filter((file) => existsSync(file));

/** The tests in the nearest folder above each file that has some. */
export function nearestTests(files) {
  return [...new Set(files.flatMap((file) => testsAbove(dirname(file))))];
}

function testsAbove(folder) {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.test.ts')) : [];
  if (names.length > 0) return names.map((name) => join(folder, name));
  return folder === '.' ? [] : testsAbove(dirname(folder));
}

function base() {
  for (const main of ['origin/main', 'main'])
    try {
      return git('merge-base', 'HEAD', main).trim();
    } catch {
      // A clone without that branch.
    }
  return 'HEAD';
}
