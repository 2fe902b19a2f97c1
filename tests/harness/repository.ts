/** Where golive itself lies, from the sources as from the bundle in `dist/`. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export function repositoryRoot(from: string = import.meta.dirname): string {
  const file = join(from, 'package.json');
  if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'golive-gate')
    return from;
  if (dirname(from) === from) throw new Error('golive-gate is not above this file');
  return repositoryRoot(dirname(from));
}
