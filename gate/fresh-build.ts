/**
 * Keeps `dist/` as new as the sources in a checkout: the gate runs from its bundles, and an edit that is not in them would be
 * tested in name only. An installed package has no sources that change.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import bundles from '../bundles.json' with { type: 'json' };

const SOURCES = ['k8s/semantics', 'checks', 'specs', 'reports', 'fixtures', 'cutover', 'gate', 'commands', 'rehearsal'];
const FILES = ['build.mjs', 'bundles.json', 'golive.ts', 'package.json', 'package-lock.json'];
/** Among the last that a build writes. */
const BUILT = 'dist/gate-main.js';
/** Names of the programs that golive consists of: `dist/<name>.js`. */
export const BUNDLES: readonly string[] = Object.keys(bundles);

/**
 * Builds where a source is newer than the build, or a bundle is gone. Answers what is wrong when the build failed, else null.
 */
export function ensureBuilt(root: string): string | null {
  const missing = BUNDLES.map((name) => join(root, 'dist', `${name}.js`)).find((file) => !existsSync(file));
  if (!existsSync(join(root, '.git'))) return missing === undefined ? null : `${missing} is missing`;
  const built = missing === undefined ? statSync(join(root, BUILT)).mtimeMs : 0;
  if (newest(root) <= built) return null;
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? null : `building it failed:\n${stderr.trimEnd()}`;
}

function newest(root: string): number {
  const files = FILES.map((file) => join(root, file));
  for (const folder of SOURCES) collect(join(root, folder), files);
  return files.reduce((latest, file) => Math.max(latest, existsSync(file) ? statSync(file).mtimeMs : 0), 0);
}

/** The TypeScript files below a folder that can be in a bundle. */
function collect(folder: string, into: string[]): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) collect(join(folder, entry.name), into);
    else if (entry.name.endsWith('.ts') && !/\.(test|spec)\.ts$/.test(entry.name)) into.push(join(folder, entry.name));
  }
}
