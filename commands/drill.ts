/** `golive drill`: shows that each item of the checklist can turn red, for the right reason, and that nothing else moves then. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { DURATION_PATTERN, durationMs, formatMs } from '../checks/contract/units.ts';
import {
  type BoundFault,
  faults as allFaults,
  shortened,
  coverageOf,
  coveringFaults,
  isGreen,
  type Coverage,
  summaryOf,
  type DrillSummary,
  runDrill,
  type DrillResult,
  renderFault,
  renderMatrix,
} from '../rehearsal/door.ts';
import { startRehearsal, waitForRehearsal } from '../fixtures/rehearsal-client/start.ts';
import { DEFAULT_DIR } from '../fixtures/rehearsal-client/state-file.ts';
import { releaseRunLock, takeRunLock } from '../gate/run-lock.ts';
import { addProofs } from '../reports/record/proofs.ts';
import { DRILLS_FOLDER } from '../specs/loader/drills/load.ts';
import { compileOrTell } from './compile.ts';
import { drilledFaults } from './drills.ts';
import { hasColour, writeError, writeOut, writePainted } from './write.ts';

const READY_LIMIT_MS = 90_000;

export interface DrillCommand {
  /** Names of faults; empty: all. */
  readonly faults: readonly string[];
  /** Only faults that change one of these items. */
  readonly items: readonly string[];
  /** Every declared fault, not only as many as are needed to turn each item red once. */
  readonly all: boolean;
  /** File for the result as JSON. */
  readonly json?: string;
  /** What could not be judged because this machine was busy is told, and fails nothing. */
  readonly ci?: boolean;
  /** A duration after which no further fault is tried. */
  readonly within?: string;
}

/** 0 all is as declared, 1 something is not (in CI: is wrong, and the machine does not explain it), 64 wrong use, 70 the rehearsal does not start, 130 interrupted. */
export async function drill(command: DrillCommand): Promise<number> {
  const selected = compileOrTell({ env: 'rehearsal' });
  if (!selected) return EXIT.usage;
  const { root } = selected;
  const plan = shortened(selected.plan);
  const built = plan.items.filter(({ kind }) => kind !== 'planned').map(({ id }) => id);
  const drilled = drilledFaults(root, plan);
  if (!drilled) return EXIT.usage;
  const unknown =
    drilled.length === 0
      ? [`${plan.checklist.file} has no drills: write in ${DRILLS_FOLDER}/ beside it what each fault must turn red`]
      : unknownNames(command, built);
  if (unknown.length > 0) {
    writeError(unknown.join('\n'));
    return EXIT.usage;
  }
  const holder = takeRunLock(root);
  if (holder !== null) {
    writeError(`A run is under way in ${root} (process ${holder}). Wait for it, or end it.`);
    return EXIT.usage;
  }
  try {
    return await withRehearsal(root, command, plan, chosen(command, drilled));
  } finally {
    releaseRunLock(root);
  }
}

function unknownNames(command: DrillCommand, built: readonly string[]): string[] {
  const names = new Set(allFaults.map(({ name }) => name));
  const { within } = command;
  return [
    ...(within === undefined || new RegExp(DURATION_PATTERN).test(within)
      ? []
      : [`--within ${within} is no duration: write it as 90s, 12m or 1h`]),
    ...command.faults.filter((name) => !names.has(name)).map((name) => `there is no fault ${name}`),
    ...command.items.filter((id) => !built.includes(id)).map((id) => `${id} is no built item`),
  ];
}

/** Whether nothing was selected: then the drill shows something of every item. */
function isWhole({ faults, items }: DrillCommand): boolean {
  return faults.length === 0 && items.length === 0;
}

function chosen(command: DrillCommand, drilled: readonly BoundFault[]): readonly BoundFault[] {
  const { faults, items, all } = command;
  if (isWhole(command)) return all ? drilled : coveringFaults(drilled);
  return drilled.filter(
    (fault) =>
      (faults.length === 0 || faults.includes(fault.name)) &&
      (items.length === 0 || fault.changes.some(({ item }) => items.includes(item))),
  );
}

async function withRehearsal(
  root: string,
  command: DrillCommand,
  plan: Plan,
  faults: readonly BoundFault[],
): Promise<number> {
  const dir = resolve(root, DEFAULT_DIR);
  const folder = join(root, '.golive', 'drill');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onInterrupt);
  const rehearsal = startRehearsal({ dir, kept: false });
  try {
    writeOut(
      `Drill of ${faults.length} faults over ${plan.items.length} items. ${rehearsal.reused ? 'It breaks the rehearsal that runs here.' : 'Starting a rehearsal …'}`,
    );
    const values = await waitForRehearsal({ dir, signal: interrupt.signal, timeoutMs: READY_LIMIT_MS });
    const style = { colour: hasColour() };
    const result = await runDrill({
      plan,
      faults,
      rehearsalDir: dir,
      folder,
      values,
      signal: interrupt.signal,
      patient: command.ci === true,
      together: isWhole(command) && !command.all,
      ...(command.within === undefined ? {} : { withinMs: durationMs(command.within) }),
      baseline: (records) => writeOut(`${records.length} items looked at while nothing is broken.`),
      result: (one) => writePainted(renderFault(one, style)),
    });
    return interrupt.signal.aborted ? EXIT.interrupted : conclude(root, command, plan, faults, result);
  } catch (cause) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    if (!(cause instanceof ObservationError)) throw cause;
    writeError(`${cause.message}.${cause.fix === undefined ? '' : `\nFix: ${cause.fix}.`}`);
    return EXIT.broken;
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onInterrupt);
    await rehearsal.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function conclude(
  root: string,
  command: DrillCommand,
  plan: Plan,
  faults: readonly BoundFault[],
  result: DrillResult,
): number {
  if (result.unhealthy.length > 0) {
    const lines = result.unhealthy.map(({ item, outcome, message }) => `  ${item} ${outcome}: ${firstLine(message)}`);
    writeError(['Not drilled: these are not good while nothing is broken.', ...lines].join('\n'));
    return EXIT['NO-GO'];
  }
  const whole = isWhole(command);
  const items = plan.items.filter(({ kind }) => kind !== 'planned');
  const named = new Set(faults.flatMap(({ changes }) => changes.map(({ item }) => item)));
  const shown = items.map(({ id }) => id).filter((id) => whole || named.has(id));
  const coverage = coverageOf(shown, result.results);
  writeOut(renderMatrix(coverage, new Map(items.map(({ id, title }) => [id, title])), result.results));
  const summary = summaryOf(coverage, result, faults);
  addProofs(root, coverage, new Date());
  if (command.json !== undefined) writeReport(command.json, coverage, result, summary);
  writeOut(`\n${factsOf(coverage, result, summary).join(' · ')}`);
  const lost = result.notRecovered.map(({ item, outcome, message }) => `  ${item} ${outcome}: ${firstLine(message)}`);
  if (lost.length > 0) writeError(['Not good again after the last fault:', ...lost].join('\n'));
  if (summary.notProven.length > 0)
    writeOut(['Not proven, because this machine was busy:', ...summary.notProven.map((id) => `  ${id}`)].join('\n'));
  const failed = summary.wrong.length > 0 || (command.ci !== true && summary.notProven.length > 0);
  return failed ? EXIT['NO-GO'] : EXIT.GO;
}

function writeReport(file: string, items: readonly Coverage[], result: DrillResult, summary: DrillSummary): void {
  const { durationMs, results: faults, notRecovered } = result;
  const report = { schema: 'golive/drill/v1', durationMs, faults, items, notRecovered, ...summary };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

function factsOf(coverage: readonly Coverage[], { results, durationMs }: DrillResult, summary: DrillSummary): string[] {
  const red = coverage.filter(({ faults }) => faults.length > 0);
  return [
    `${results.filter(isGreen).length} of ${results.length} faults as declared`,
    `${red.length} of ${coverage.length} items can turn red`,
    ...(summary.notProven.length > 0 ? [`${summary.notProven.length} not proven`] : []),
    formatMs(Math.round(durationMs)),
  ];
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
