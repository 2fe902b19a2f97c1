/** Compiles the project's plan for a command, or says what is wrong with the files. */
import type { Plan } from '../checks/contract/plan.ts';
import { compilePlan } from '../specs/plan.ts';
import { renderProblems } from '../specs/problems.ts';
import { projectRoot } from './root.ts';
import { hasColour, writeError } from './write.ts';

export interface Selection {
  /** Replaces GOLIVE_ENV. */
  readonly env?: string;
  /** Replaces GOLIVE_CHECKLIST. */
  readonly checklist?: string;
}

/** The plan and its project, or undefined after all problems have been printed. */
export function compileOrTell(selection: Selection): { readonly plan: Plan; readonly root: string } | undefined {
  const root = projectRoot();
  const env = {
    ...process.env,
    ...(selection.env === undefined ? {} : { GOLIVE_ENV: selection.env }),
    ...(selection.checklist === undefined ? {} : { GOLIVE_CHECKLIST: selection.checklist }),
  };
  const compiled = compilePlan({ root, env });
  if ('plan' in compiled) return { plan: compiled.plan, root };
  writeError(renderProblems(compiled.problems, { colour: hasColour(process.stderr) }));
  return undefined;
}
