/**
 * What the main process of `npx playwright test` does around Playwright: compile the plan, open the run with a HOLD on disk,
 * and decide when the process exits. The decision hangs on no reporter: `--reporter=dot` removes every reporter of the
 * config, a reporter's `onEnd` may never settle, and Playwright's exit code counts tests that happened to run.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { errorText } from '../checks/contract/text.ts';
import { visibleLine } from '../checks/contract/visible-text.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { Decision } from '../checks/contract/decision.ts';
import { PHASES, POST_DEPLOYMENT } from '../checks/contract/plan.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { beforehand } from '../fixtures/run-item.ts';
import { WORKER_ENV } from '../fixtures/worker-env.ts';
import { writeExports } from '../reports/export/write.ts';
import { writeHtmlReport } from '../reports/tell/html/write.ts';
import { renderSummary } from '../reports/tell/console/summary.ts';
import type { EndedBy } from '../reports/decide/input.ts';
import { finishRun } from '../reports/record/run-folder/finish.ts';
import { abandonRun, appendEvent, openRun } from '../reports/record/run-folder/open.ts';
import { decisionFile, runsFolder } from '../reports/record/paths.ts';
import { runsToKeep } from '../reports/record/run-folder/retention.ts';
import { PLAN_FILE } from '../specs/loader/plan-file.ts';
import { compilePlan } from '../specs/loader/plan.ts';
import { exportsOf } from '../specs/loader/report-settings.ts';
import { renderProblems } from '../specs/loader/problems.ts';
import { SPEC_KIND } from '../specs/loader/team-specs/binding.ts';
import { didYouMean } from '../specs/loader/suggest.ts';
import { watchForCutover, type CutoverControl } from '../cutover/control.ts';
import { parseGateArguments } from './arguments.ts';
import type { GateArguments } from './arguments.ts';
import { setReportsAside, type EarlierReports } from './earlier-reports.ts';
import { startNotifier } from './notify/start.ts';
import { RunSelection } from './run-selection.ts';
import { releaseRunLock, takeRunLock } from './run-lock.ts';
import { sayError, sayOut, sayPaintedError } from './say.ts';
import { withdrawDecision } from './withdraw.ts';

export { appendEvent };

export interface MainGate {
  readonly plan: Plan;
  readonly arguments: GateArguments;
}

interface OpenRun {
  readonly runDir: string;
  readonly plan: Plan;
  readonly root: string;
  readonly before: EarlierReports;
  readonly selection: RunSelection;
}

/** The run that is open in this process; UI mode opens one after another. */
let open: OpenRun | undefined;
/** The cutover of that run, where its plan has one. */
let cutover: CutoverControl | undefined;
let crashed = false;
let tell = sayOut;

/** Called once, when the config is loaded in the main process. Ends the process with 64 where a run must not start. */
export function prepareMain(root: string, argv: readonly string[]): MainGate {
  const args = parseGateArguments(argv);
  process.env[WORKER_ENV.root] = root;
  const decides = !args.list && args.command !== 'merge-reports';
  const refuse = (why: string): never => {
    if (decides) withdrawDecision(root, why);
    process.exit(EXIT.usage);
  };
  const plan = compileOrRefuse(root, refuse);
  checkArguments(args, plan);
  withholdSpecs(plan);
  if (!decides) {
    writePlan(join(root, '.golive', 'plans'), plan);
    return { plan, arguments: args };
  }
  // Whatever ends this process without a word of ours must not look like success.
  process.exitCode = EXIT.broken;
  process.env[WORKER_ENV.ordered] = args.reportersReplaced ? '0' : '1';
  // With `--reporter=json` and the like stdout belongs to that reporter.
  if (args.reportersReplaced) tell = sayPaintedError;
  lockOrExit(root);
  beginRun(root, plan, args);
  tell(opening(plan, args.phases));
  process.on('uncaughtExceptionMonitor', () => (crashed = true));
  process.on('SIGTERM', () => {
    noteEvent('SIGTERM');
    // Playwright ends a run in order on SIGINT only; before it listens, nothing has run yet.
    if (!process.emit('SIGINT')) process.exit(EXIT.interrupted);
  });
  process.on('exit', (code) => {
    process.exitCode = endRun(code);
    releaseRunLock(root);
  });
  return { plan, arguments: args };
}

/** UI mode: each run of the window is a run of its own, under the YAML as it is now. */
export function beginNextRun(root: string): void {
  const compiled = compilePlan({ root, env: process.env });
  if ('problems' in compiled) throw new Error(renderProblems(compiled.problems));
  if (open) endRun(0);
  withholdSpecs(compiled.plan);
  beginRun(root, compiled.plan, { phases: null, narrowed: true });
}

/** What the run that is open was narrowed to, told as Playwright learns it. */
export function selectionOfRun(): RunSelection | undefined {
  return open?.selection;
}

/** Settles when traffic is where it shall stay: before anything that it stands on is stopped. Never throws. */
export async function endCutover(): Promise<void> {
  try {
    await cutover?.end();
  } catch {
    // It was said. How traffic ended could not be recorded, so what is recorded decides nothing.
    crashed = true;
  }
  cutover = undefined;
}

/** Decides the open run and reports it; answers the exit code. Does nothing when none is open. */
export function endRun(playwrightCode: number): number {
  if (!open) return playwrightCode;
  const run = open;
  open = undefined;
  const interrupted = playwrightCode === EXIT.interrupted;
  const endedBy = interrupted ? 'interrupted' : crashed ? 'crashed' : 'finished';
  try {
    if (endedBy === 'finished' && run.selection.isEmpty()) return forget(run);
    run.before.drop();
    run.selection.noteEnd(playwrightCode);
    return decideRun(run, endedBy);
  } catch (error) {
    sayError(`No decision could be written: ${errorText(error)}`);
    return EXIT.broken;
  }
}

function decideRun({ runDir, root, plan }: OpenRun, endedBy: EndedBy): number {
  const keepRuns = runsToKeep(process.env['GOLIVE_KEEP_RUNS']);
  const { decision, exitCode } = finishRun({ runDir, root, endedBy, now: new Date(), keepRuns, env: process.env });
  if (!decision) return exitCode;
  const page = writePage(root, decision, plan);
  const names = exportsOf(root, plan.checklist.file);
  const { problems } = writeExports({ root, decision, plan, names, env: process.env });
  if (problems.length > 0) sayError(`Of the exports: ${problems.join('; ')}`);
  tell(
    renderSummary(decision, plan, {
      width: process.stdout.columns || 80,
      colour: process.stdout.isTTY && !process.env['NO_COLOR'],
      report: page === null ? null : relative(process.cwd(), page),
      exitCode,
    }),
  );
  return exitCode;
}

/** A selection that matches nothing changes nothing: looking for an item must not cost the decision that stands. */
function forget({ runDir, root, before }: OpenRun): number {
  abandonRun(root, runDir);
  before.putBack();
  sayError('Nothing was run: no test of a phase matches this selection. What was decided before stands.');
  return EXIT.usage;
}

/** The first line a person sees, before Playwright has loaded a test. */
function opening(plan: Plan, phases: readonly string[] | null): string {
  const { release, environment } = plan;
  const items = plan.items.filter(({ phase }) => phases?.includes(phase) ?? phase !== POST_DEPLOYMENT);
  const built = items.filter(({ kind }) => kind !== 'planned').length;
  const where = environment.rehearsal ? `${environment.name}, the embedded platform on this machine` : environment.name;
  const target = visibleLine(`${release.name} ${release.version} on ${where}`);
  const planned = items.length - built;
  return `${target}: ${built} items to run${planned === 0 ? '' : `, ${planned} planned`}.`;
}

/** Tells which tests of teams' specs must not run: nothing of an item that is not armed or does not apply is loaded. */
function withholdSpecs(plan: Plan): void {
  const armed = process.env['GOLIVE_ARM'];
  const withheld = plan.items.filter((item) => item.kind === SPEC_KIND && beforehand({ plan, item, armed }));
  process.env[WORKER_ENV.withheld] = withheld.map(({ id }) => id).join(' ');
}

function beginRun(root: string, plan: Plan, { phases, narrowed }: Pick<GateArguments, 'phases' | 'narrowed'>): void {
  let runDir: string;
  let before: EarlierReports;
  try {
    before = setReportsAside(root);
    runDir = openRun({ root, plan, selectedPhases: phases });
  } catch (error) {
    sayError(
      `The run cannot be recorded: ${errorText(error)}\nFix: make .golive and reports/out writable, with space left.`,
    );
    process.exit(EXIT.broken);
  }
  process.env[WORKER_ENV.run] = runDir;
  process.env[WORKER_ENV.plan] = join(runDir, PLAN_FILE);
  const selection = new RunSelection({ runDir, root, plan, phases, narrowed });
  open = { runDir, plan, root, before, selection };
  cutover = watchForCutover({ runDir, root, plan, say: (text) => tell(text) });
  startNotifier({ runDir, root, plan });
  // Should this run be killed, the page must say so as decision.json does, and not show yesterday's decision.
  const incomplete = JSON.parse(readFileSync(decisionFile(root), 'utf8')) as Decision;
  writePage(root, incomplete, plan);
}

/** The page's path, or null when it could not be written: the decision stands without it. */
function writePage(root: string, decision: Decision, plan: Plan): string | null {
  try {
    return writeHtmlReport({ decision, plan, outDir: dirname(decisionFile(root)), runsDir: runsFolder(root), root });
  } catch (error) {
    sayError(
      `The HTML report could not be written: ${errorText(error)}. The decision stands in reports/out/decision.json.`,
    );
    return null;
  }
}

function compileOrRefuse(root: string, refuse: (why: string) => never): Plan {
  const compiled = compilePlan({ root, env: process.env });
  if ('plan' in compiled) return compiled.plan;
  sayError(renderProblems(compiled.problems));
  return refuse('checklist, environment or params are invalid (golive validate)');
}

function lockOrExit(root: string): void {
  let holder: number | null;
  try {
    holder = takeRunLock(root);
  } catch {
    // Nothing can be written there: opening the run says so.
    return;
  }
  if (holder === null) return;
  sayError(
    `Another run is under way in ${root} (process ${holder}).\n` +
      'Fix: wait for it, or end it; a run beside it needs a project folder of its own (GOLIVE_PROJECT).',
  );
  process.exit(EXIT.usage);
}

function unknownProject(name: string): string {
  const meant = didYouMean(name, PHASES);
  return `--project=${name}: no phase is named so.${meant === undefined ? '' : ` Did you mean ${meant}?`} There are: ${PHASES.join(', ')}`;
}

/**
 * Command lines under which order, locks or the count of mutations would not hold. Nothing was looked at, and nothing has changed that was:
 * what was decided before stands, as after a selection that matches nothing.
 */
function checkArguments(args: GateArguments, plan: Plan): void {
  const refused = [...args.refused, ...args.unknownProjects.map(unknownProject)];
  if (args.reportersReplaced && args.workers !== null && args.workers > 1) {
    refused.push(
      '--reporter with --workers over 1: phases could overlap. Use --add-reporter, which keeps the order, or --workers=1',
    );
  }
  if (args.shard !== null) {
    const mutating = plan.items.filter(
      (item) => item.effect === 'mutating' && item.kind !== 'planned' && (args.phases?.includes(item.phase) ?? true),
    );
    if (mutating.length > 0) {
      refused.push(
        `--shard: ${mutating.map((item) => item.id).join(', ')} change or load the platform, and shards would do so side by side. ` +
          'Shard read-only phases only, for example --project=phase1 --shard=1/2',
      );
    }
  }
  if (refused.length === 0) return;
  sayError(
    `This run is refused:\n${refused.map((why) => `  ${why}`).join('\n')}\nWhat was decided before, if anything was, stands.`,
  );
  process.exit(EXIT.usage);
}

function writePlan(dir: string, plan: Plan): void {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'list.json');
  writeFileSync(file, JSON.stringify(plan));
  process.env[WORKER_ENV.plan] = file;
}

function noteEvent(signal: string): void {
  if (open) appendEvent(open.runDir, { at: new Date().toISOString(), event: 'interrupted', signal });
}
