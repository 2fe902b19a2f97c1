/** `golive generate`: the editor's schema, the catalogue of checks, the gate's RBAC and its CronJobs, from kinds and checklist. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT } from '../checks/contract/decision.ts';
import { generatedFiles } from '../specs/loader/generate/files.ts';
import { kinds } from '../checks/index.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { loadChecklist } from '../specs/loader/load-checklist.ts';
import { compileOrTell, compileSelected } from './compile.ts';
import { writeError, writeOut } from './write.ts';

const PRODUCTION = 'production';

export interface GenerateOptions {
  /** Write nothing; fail when a file is not as it would be generated. */
  readonly check?: boolean;
}

export async function generate(options: GenerateOptions): Promise<number> {
  const compiled = compileOrTell({ env: 'rehearsal' });
  if (!compiled) return Promise.resolve(EXIT.usage);
  const { plan, root } = compiled;
  const { schedules } = loadChecklist(root, plan.checklist.file, kinds).checklist;
  const from = { plan, production: productionPlan(root), schedules };
  let stale = 0;
  for (const [file, text] of Object.entries(generatedFiles(root, from))) {
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

/** The environment that k8s/gate verifies; its own problems are told by `golive validate --env production`. */
function productionPlan(root: string): Plan | undefined {
  const compiled = compileSelected(root, { env: PRODUCTION });
  return 'plan' in compiled ? compiled.plan : undefined;
}
