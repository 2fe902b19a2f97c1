/** Writes the exports that a checklist asks for, beside the page. Synchronous: it is called while the process exits. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Decision } from '../../checks/contract/decision.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import type { ExportName } from '../../checks/contract/exports.ts';
import { errorText } from '../../checks/contract/text.ts';
import { goliveVersion, writeTextAtomic } from '../record/io.ts';
import { decisionFile, runsFolder } from '../record/paths.ts';
import { runFacts } from './facts.ts';
import { EXPORT_FORMATS } from './formats.ts';
import { resultGraph } from './graph.ts';
import { envelopeKey } from './key.ts';

/** Under `reports/out`. */
export const EXPORTS_FOLDER = 'exports';

export interface ExportsInput {
  readonly root: string;
  readonly decision: Decision;
  readonly plan: Plan | null;
  readonly names: readonly ExportName[];
  readonly env: NodeJS.ProcessEnv;
}

/** What was written, and what could not be, one line each. Nothing of an earlier run stays. Never throws. */
export function writeExports({ root, decision, plan, names, env }: ExportsInput): {
  readonly written: readonly string[];
  readonly problems: readonly string[];
} {
  const folder = join(dirname(decisionFile(root)), EXPORTS_FOLDER);
  const written: string[] = [];
  const problems: string[] = [];
  try {
    rmSync(folder, { recursive: true, force: true });
    if (names.length === 0) return { written, problems };
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    return { written, problems: [`${folder}: ${errorText(error)}`] };
  }
  const graph = resultGraph(decision, plan, goliveVersion(), runFacts(runsFolder(root), decision));
  const key = envelopeKey(root, plan?.environment.rehearsal === true, env);
  for (const name of names) {
    const format = EXPORT_FORMATS[name];
    try {
      const refused = format.refuses?.(graph) ?? null;
      if (refused !== null) {
        problems.push(`${name}: ${refused}`);
        continue;
      }
      if (format.signed && 'unsigned' in key) problems.push(`${name} is not signed: ${key.unsigned}`);
      const path = join(folder, format.file);
      writeTextAtomic(path, format.write(graph, key), 0o600);
      written.push(path);
    } catch (error) {
      problems.push(`${name}: ${errorText(error)}`);
    }
  }
  return { written, problems };
}
