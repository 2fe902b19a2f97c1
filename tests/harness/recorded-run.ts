/**
 * A run of a small project as the gate's main process opens and ends it, with outcomes that the test records instead of Playwright's
 * workers: what is decided and told of them, in milliseconds. That workers record what they saw is tried by whole runs.
 */
import { join } from 'node:path';
import type { OutcomeName, OutcomeRecord } from '../../checks/contract/outcome.ts';
import { renderSummary } from '../../reports/tell/console/summary.ts';
import { recordOf } from '../../reports/decide/testing/inputs.ts';
import { writeHtmlReport } from '../../reports/tell/html/write.ts';
import { finishRun } from '../../reports/record/run-folder/finish.ts';
import { writeJsonAtomic } from '../../reports/record/io.ts';
import { appendOutcome, openRun } from '../../reports/record/run-folder/open.ts';
import { decisionFile, runsFolder } from '../../reports/record/paths.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { renderProblems } from '../../specs/loader/problems.ts';
import { CLUSTER_UID, type GateProject, type GateResult } from './gate-project.ts';

/** An attempt at an item: its id and how it ended. */
export type Attempt = readonly [item: string, outcome: OutcomeName, more?: Partial<OutcomeRecord>];

export function recordRun(
  project: GateProject,
  attempts: readonly Attempt[],
  selectedPhases: readonly string[] | null = null,
): GateResult {
  const { root } = project;
  const compiled = compilePlan({ root, env: project.env() });
  if ('problems' in compiled) throw new Error(renderProblems(compiled.problems));
  const { plan } = compiled;
  const runDir = openRun({ root, plan, selectedPhases });
  writeJsonAtomic(join(runDir, 'environment.json'), { name: plan.environment.name, uid: CLUSTER_UID });
  for (const [item, outcome, more] of attempts)
    appendOutcome(runDir, 0, recordOf(plan, item, outcome, { startedAt: new Date().toISOString(), ...more }));
  const { decision, exitCode } = finishRun({ runDir, root, endedBy: 'finished', now: new Date() });
  if (!decision) return { exitCode, signal: null, output: '', decision };
  const report = writeHtmlReport({ decision, plan, outDir: join(decisionFile(root), '..'), runsDir: runsFolder(root) });
  const output = renderSummary(decision, plan, { width: 80, colour: false, report, exitCode });
  return { exitCode, signal: null, output, decision };
}
