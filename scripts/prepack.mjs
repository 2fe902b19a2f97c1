// Makes dist/ fit to be packed: without chunks of earlier builds, and with types. `npm pack` runs it after the build.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageTypes } from './package-types.mjs';

const root = join(import.meta.dirname, '..');
const DIST = join(root, 'dist');

const made = JSON.parse(readFileSync(join(DIST, 'golive.chunks.json'), 'utf8'));
for (const name of readdirSync(DIST))
  if (/-[0-9A-Z]{8}\.js$/.test(name) && !made.includes(name)) rmSync(join(DIST, name));

const TYPES = join(DIST, 'types');
rmSync(TYPES, { recursive: true, force: true });
const { files, problems } = packageTypes();
if (problems.length > 0) throw new Error(problems.join('\n'));
for (const [name, text] of files) {
  const out = join(TYPES, name);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, text);
}
