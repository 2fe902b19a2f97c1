/** Compiles the project's plan for a command, or says what is wrong with the files. */
import type { Plan } from '../checks/contract/plan.ts';
import { compilePlan, type Compiled } from '../specs/loader/plan.ts';
import { renderProblems } from '../specs/loader/problems.ts';
import { projectRoot } from './root.ts';
import { hasColour, writePainted } from './write.ts';

export interface Selection {
  /** Replaces GOLIVE_ENV. */
  readonly env?: string;
  /** Replaces GOLIVE_CHECKLIST. */
  readonly checklist?: string;
}

/** The plan and its project, or undefined after all problems have been printed. */
export function compileOrTell(selection: Selection): { readonly plan: Plan; readonly root: string } | undefined {
  const root = projectRoot();
  const compiled = compileSelected(root, selection);
  if ('plan' in compiled) return { plan: compiled.plan, root };
  writePainted(renderProblems(compiled.problems, { colour: hasColour(process.stderr) }), process.stderr);
  return undefined;
}

/** The plan of a selection, or its problems. */
export function compileSelected(root: string, selection: Selection): Compiled {
  return compilePlan({ root, env: selectedEnv(selection) });
}

/** The variables a plan is compiled from, options of the command line before those of the shell. */
export function selectedEnv({ env, checklist }: Selection): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...(env === undefined ? {} : { GOLIVE_ENV: env }),
    ...(checklist === undefined ? {} : { GOLIVE_CHECKLIST: checklist }),
  };
}
