/** Which project a command works on. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder upwards that holds `playwright.config.ts` or `specs/`; without one, the current folder. */
export function projectRoot(from: string = process.cwd()): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'playwright.config.ts')) || existsSync(join(folder, 'specs'))) return folder;
    if (dirname(folder) === folder) return from;
  }
}
