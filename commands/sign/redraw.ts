/** Draws the page and writes the exports of a decision that people have just changed: what lies on the disk must not say HOLD beside a GO. */
import { dirname } from 'node:path';
import type { Decision } from '../../checks/contract/decision.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { errorText } from '../../checks/contract/text.ts';
import { writeExports } from '../../reports/export/write.ts';
import { decisionFile, runsFolder } from '../../reports/record/paths.ts';
import { writeHtmlReport } from '../../reports/tell/html/write.ts';
import { exportsOf } from '../../specs/loader/report-settings.ts';

/** What could not be written, one line each: the decision stands all the same. Never throws. */
export function redraw(root: string, decision: Decision, plan: Plan, env: NodeJS.ProcessEnv): readonly string[] {
  return [...page(root, decision, plan), ...exportProblems(root, decision, plan, env)];
}

function page(root: string, decision: Decision, plan: Plan): readonly string[] {
  try {
    writeHtmlReport({ decision, plan, outDir: dirname(decisionFile(root)), runsDir: runsFolder(root), root });
    return [];
  } catch (error) {
    return [`the HTML report still shows the decision before (${errorText(error)}): golive report draws it again`];
  }
}

function exportProblems(root: string, decision: Decision, plan: Plan, env: NodeJS.ProcessEnv): readonly string[] {
  try {
    const { problems } = writeExports({ root, decision, plan, names: exportsOf(root, plan.checklist.file), env });
    return problems.map((problem) => `of the exports: ${problem}`);
  } catch (error) {
    return [`of the exports: ${errorText(error)}`];
  }
}
