/**
 * What runs beside golive's own programs in the crash tests: a run as small as one can be, and what stops a cutover at a point of its
 * journal. Both are bundled into a folder of their own that looks like golive's, so that they find its `dist`.
 */
import { build } from 'esbuild';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findDist } from '../../../fixtures/rehearsal-client/start.ts';
import { HALT, type HaltPoint } from './halt-point.ts';

export interface Programs {
  readonly runner: string;
  /** golive's own command line. */
  readonly golive: string;
  /** The environment that stops a cutover at this point. */
  haltAt(point: HaltPoint): Readonly<Record<string, string>>;
  remove(): void;
}

export async function bundlePrograms(): Promise<Programs> {
  const home = mkdtempSync(join(tmpdir(), 'golive-crash-programs-'));
  writeFileSync(join(home, 'package.json'), '{ "name": "golive-gate", "version": "0.0.0", "type": "module" }');
  symlinkSync(findDist(), join(home, 'dist'));
  await build({
    entryPoints: ['runner', 'halt'].map((name) => join(import.meta.dirname, `${name}.ts`)),
    outdir: home,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    // Bundled CommonJS packages call `require`.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    external: ['@playwright/test', 'esbuild'],
  });
  return {
    runner: join(home, 'runner.js'),
    golive: join(findDist(), 'golive.js'),
    haltAt: (point) => ({
      NODE_OPTIONS: `--import ${pathToFileURL(join(home, 'halt.js')).href}`,
      [HALT]: JSON.stringify(point),
    }),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
