/** What differs from main: in commits, in the work tree, and files that git does not know yet. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';

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

/** The nearest folder above each file that has tests of its own; nothing for files of the root. */
export function foldersWithTests(files) {
  const folders = files.map((file) => {
    let folder = dirname(file);
    while (folder !== '.' && !hasTests(folder)) folder = dirname(folder);
    return folder;
  });
  // With the slash `specs/` is not also taken for a part of another name.
  return [...new Set(folders)].filter((folder) => folder !== '.').map((folder) => `${folder}/`);
}

function hasTests(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.test.ts'));
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
