/** A decision that was recorded before, as commands read it back: the latest one, or an earlier run's; refused when it is not what its run wrote. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { EXIT, type Decision } from '../checks/contract/decision.ts';
import { isRecord } from '../checks/contract/json.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { visibleLine } from '../checks/contract/visible-text.ts';
import { decisionProblem, unsignedGo } from '../reports/record/ledger/decisions.ts';
import { surveyLedger } from '../reports/record/ledger/survey.ts';
import { decisionFile, ledgerFolder, runsFolder } from '../reports/record/paths.ts';
import { confinedParts } from '../reports/tell/html/evidence-path.ts';
import { PLAN_FILE, readPlanFile } from '../specs/loader/plan-file.ts';

export interface RecordedDecision {
  readonly decision: Decision;
  /** Null when its run is gone or holds another plan. */
  readonly plan: Plan | null;
  /** Why its GO is worth nothing, where nobody vouches for it; or null. */
  readonly unsigned: string | null;
}
/** One line for people, and the exit code that goes with it. */
export interface Unreadable {
  readonly problem: string;
  readonly code: number;
}

/** `run`: the name of its folder in .golive/runs; the latest decision where it is undefined. */
export function recordedDecision(root: string, run: string | undefined): RecordedDecision | Unreadable {
  if (run !== undefined && confinedParts(run)?.length !== 1) {
    const problem = `${visibleLine(run)} is no run id: take the name of a folder in .golive/runs`;
    return { problem, code: EXIT.usage };
  }
  const file = run === undefined ? decisionFile(root) : join(runsFolder(root), run, 'decision.json');
  const told = relative(root, file);
  const decision = readDecision(file);
  if (typeof decision === 'string')
    return { problem: `${told}: ${decision}`, code: run === undefined ? EXIT.broken : EXIT.usage };
  const { runs } = surveyLedger(ledgerFolder(root));
  const problem = decisionProblem(decision, runs);
  if (problem !== null) return { problem: `${told} ${problem}`, code: EXIT.broken };
  const unsigned = unsignedGo(root, { ...decision }, runs);
  return {
    decision,
    plan: readPlan(runsFolder(root), decision),
    unsigned: unsigned === null ? null : `${told} ${unsigned}`,
  };
}

/** The decision, or what is wrong with the file. */
function readDecision(file: string): Decision | string {
  const value = readJson(file);
  if (value === undefined) return 'not found; run the gate first: npx playwright test';
  if (!isRecord(value)) return 'is no JSON object; run the gate again';
  if (value['schema'] !== 'golive/decision/v2')
    return 'is no decision of this golive (expected schema golive/decision/v2); run the gate again';
  const parts = ['items', 'phases', 'reasons', 'overrides', 'warnings'];
  const broken = parts.filter((name) => !Array.isArray(value[name]));
  if (broken.length > 0) return `is damaged: ${broken.join(', ')} should be a list; run the gate again`;
  return value as unknown as Decision;
}

/** The plan the decision was made from. */
function readPlan(runs: string, decision: Decision): Plan | null {
  if (confinedParts(decision.runId)?.length !== 1) return null;
  const read = readPlanFile(join(runs, decision.runId, PLAN_FILE));
  if ('problem' in read || read.changed !== null) return null;
  return read.plan.digest === decision.planDigest ? read.plan : null;
}

/** Undefined when there is no such file, null when it is no JSON. */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
