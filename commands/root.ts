/** Which project a command works on. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InvalidInput } from '../specs/loader/problems.ts';

/**
 * The folder that GOLIVE_PROJECT names, as the gate takes it; else the nearest one upwards that holds `playwright.config.ts` or `specs/`;
 * without one, the current folder.
 */
export function projectRoot(from: string = process.cwd(), named = process.env['GOLIVE_PROJECT']): string {
  if (named) return namedRoot(resolve(from, named));
  for (let folder = from; ; folder = dirname(folder)) {
    if (isProject(folder)) return folder;
    if (dirname(folder) === folder) return from;
  }
}

function isProject(folder: string): boolean {
  return existsSync(join(folder, 'playwright.config.ts')) || existsSync(join(folder, 'specs'));
}

function namedRoot(folder: string): string {
  if (isProject(folder)) return folder;
  const message = `${folder} is no project: it holds neither specs/ nor playwright.config.ts`;
  throw new InvalidInput([
    {
      file: 'GOLIVE_PROJECT',
      line: 0,
      column: 0,
      field: '',
      message,
      fix: 'Name the folder of a project, or unset it',
    },
  ]);
}
