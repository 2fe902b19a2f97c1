/** `golive report`: draws the page again from a decision that was written before, and says where it is. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRecord } from '../checks/contract/json.ts';
import { EXIT, type Decision, type DecisionName } from '../checks/contract/decision.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { confinedParts } from '../reports/tell/html/evidence-path.ts';
import { writeHtmlReport } from '../reports/tell/html/write.ts';
import { decisionProblem, unsignedGo } from '../reports/record/ledger/decisions.ts';
import { surveyLedger } from '../reports/record/ledger/survey.ts';
import { decisionFile, ledgerFolder, runsFolder } from '../reports/record/paths.ts';
import { visibleLine } from '../checks/contract/visible-text.ts';
import { PLAN_FILE, readPlanFile } from '../specs/loader/plan-file.ts';
import { projectRoot } from './root.ts';
import * as terminal from './write.ts';

export interface ReportOptions {
  /** Id of an earlier run; its page goes to `reports/out/runs/<id>/`, the latest one stays. */
  readonly run?: string;
  readonly open?: boolean;
  /** The project; found from the current folder unless told. */
  readonly root?: string;
  /** The terminal unless told. */
  readonly write?: (text: string) => void;
  readonly writeError?: (text: string) => void;
}

/** Writes the page. Returns the exit code: that of the decision, 64 for an unknown run, 70 when there is no decision to draw or not the one its run wrote. */
export function report(options: ReportOptions): number {
  const { run, root = projectRoot(), write = terminal.writeOut, writeError = terminal.writeError } = options;
  if (run !== undefined && confinedParts(run)?.length !== 1) {
    writeError(`golive: ${visibleLine(run)} is no run id: take the name of a folder in .golive/runs\n`);
    return EXIT.usage;
  }
  const { file, outDir } = placesOf(root, run);
  const decision = readDecision(file);
  if (typeof decision === 'string') {
    writeError(`golive: ${relative(root, file)}: ${decision}\n`);
    return run === undefined ? EXIT.broken : EXIT.usage;
  }
  const { runs } = surveyLedger(ledgerFolder(root));
  const problem = decisionProblem(decision, runs);
  if (problem !== null) {
    writeError(`golive: ${relative(root, file)} ${problem}\n`);
    return EXIT.broken;
  }
  const page = writeHtmlReport({
    decision,
    plan: readPlan(runsFolder(root), decision),
    outDir,
    runsDir: runsFolder(root),
  });
  const unsigned = unsignedGo(root, { ...decision }, runs);
  if (unsigned !== null) writeError(`golive: ${relative(root, file)} ${unsigned}: golive doctor says what to do\n`);
  const told: DecisionName = unsigned === null ? decision.selected.decision : 'HOLD';
  write(`${told}: ${relative(process.cwd(), page) || page}\n`);
  if (options.open === true) openPage(page, writeError);
  return EXIT[told];
}

/** Of the latest decision, or of an earlier run's. */
function placesOf(root: string, run: string | undefined): { readonly file: string; readonly outDir: string } {
  const outDir = join(root, 'reports', 'out');
  return run === undefined
    ? { file: decisionFile(root), outDir }
    : { file: join(runsFolder(root), run, 'decision.json'), outDir: join(outDir, 'runs', run) };
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

/** The plan the decision was made from; null when its run is gone or holds another plan. */
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

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

function openPage(page: string, writeError: (text: string) => void): void {
  const [program, ...first] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(program, [...first, pathToFileURL(page).href], { detached: true, stdio: 'ignore' });
  opener.on('error', () => writeError(`golive: no program opens pages here (${program}); open the file by hand\n`));
  opener.unref();
}
