/** `golive generate`: the editor's schema, the catalogue of checks and the gate's RBAC, from kinds and checklist. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT } from '../checks/contract/decision.ts';
import { generatedFiles } from '../specs/loader/generate/files.ts';
import { compileOrTell } from './compile.ts';
import { writeError, writeOut } from './write.ts';

export interface GenerateOptions {
  /** Write nothing; fail when a file is not as it would be generated. */
  readonly check?: boolean;
}

export async function generate(options: GenerateOptions): Promise<number> {
  const compiled = compileOrTell({ env: 'rehearsal' });
  if (!compiled) return Promise.resolve(EXIT.usage);
  const { plan, root } = compiled;
  let stale = 0;
  for (const [file, text] of Object.entries(generatedFiles(root, plan))) {
    const path = join(root, file);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    stale++;
    if (options.check) {
      writeError(`${file} is out of date. Fix: run npm run generate.`);
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      writeOut(`wrote ${file}`);
    }
  }
  if (stale === 0) writeOut('Everything generated is up to date.');
  return Promise.resolve(options.check && stale > 0 ? 1 : EXIT.GO);
}
