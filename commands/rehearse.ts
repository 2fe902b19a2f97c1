/** `golive rehearse`: the whole gate on a rehearsal of its own, healthy or broken in a named way. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT, type Decision } from '../checks/contract/decision.ts';
import { connectControl, type RehearsalControl } from '../fixtures/rehearsal-client/control-client.ts';
import { faults, seenChange, type BoundFault, type Fault } from '../rehearsal/door.ts';
import { startRehearsal, waitForRehearsal } from '../fixtures/rehearsal-client/start.ts';
import { DEFAULT_DIR } from '../fixtures/rehearsal-client/state-file.ts';
import { decisionFile } from '../reports/record/paths.ts';
import { didYouMean } from '../specs/loader/suggest.ts';
import { compileOrTell } from './compile.ts';
import { drilledFaults } from './drills.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

const READY_LIMIT_MS = 90_000;

export interface RehearseOptions {
  readonly fault?: string;
  readonly list?: boolean;
  /** Handed to `playwright test`. */
  readonly args: readonly string[];
}

/** The exit code is the gate's own; 64 an unknown fault, 70 the rehearsal or the fault did not start, 130 interrupted. */
export async function rehearse({ fault: name, list = false, args }: RehearseOptions): Promise<number> {
  if (list) {
    writeOut(listOfFaults(drilled()));
    return EXIT.GO;
  }
  const fault = name === undefined ? undefined : faults.find((one) => one.name === name);
  if (name !== undefined && !fault) {
    const meant = didYouMean(
      name,
      faults.map((one) => one.name),
    );
    writeError(
      `There is no fault ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`} golive rehearse --list names all.`,
    );
    return EXIT.usage;
  }
  const root = projectRoot();
  const dir = resolve(root, DEFAULT_DIR);
  const rehearsal = startRehearsal({ dir, kept: false });
  let control: RehearsalControl | undefined;
  // The gate's own process gets Ctrl-C from the terminal as well and ends in order; this one waits for it.
  const patient = (): void => undefined;
  process.on('SIGINT', patient);
  try {
    if (rehearsal.reused) {
      writeError('A rehearsal is running here already. Stop it first: golive down');
      return EXIT.usage;
    }
    writeOut(fault ? `Starting a rehearsal with the fault ${fault.name}: ${fault.title}` : 'Starting a rehearsal …');
    await waitForRehearsal({ dir, signal: AbortSignal.timeout(READY_LIMIT_MS), timeoutMs: READY_LIMIT_MS });
    control = fault && (await connectControl(dir));
    if (fault) await control?.inject(fault);
    const code = await runGate(root, args);
    if (fault) writeOut(comparison(fault, root));
    return code;
  } catch (cause) {
    if (!(cause instanceof ObservationError)) throw cause;
    writeError(`${cause.message}.${cause.fix === undefined ? '' : `\nFix: ${cause.fix}.`}`);
    return EXIT.broken;
  } finally {
    control?.close();
    await rehearsal.stop();
    process.removeListener('SIGINT', patient);
  }
}

function runGate(root: string, args: readonly string[]): Promise<number> {
  const cli = join(dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')), 'cli.js');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'GOLIVE_ENV'));
  const child = spawn(process.execPath, [cli, 'test', ...args], { cwd: root, stdio: 'inherit', env });
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => done(code ?? EXIT.interrupted));
  });
}

/** The faults that the checklist has drills for; its problems are printed, and the gate runs without them. */
function drilled(): readonly BoundFault[] {
  const plan = compileOrTell({ env: 'rehearsal' })?.plan;
  return (plan && drilledFaults(projectRoot(), plan)) ?? [];
}

/** What the checklist expects of the fault beside what the gate just found. */
function comparison({ name, title }: Fault, root: string): string {
  const fault = drilled().find((one) => one.name === name);
  const { items } = JSON.parse(readFileSync(decisionFile(root), 'utf8')) as Decision;
  const lines = (fault?.changes ?? []).map((expected) => {
    const item = items.find(({ id }) => id === expected.item);
    if (!item) return `  ${expected.item} is not in this checklist`;
    if (item.from !== 'run') return `  ${expected.item} was not looked at in this run`;
    const { wrong, outcome } = seenChange(expected, { ...item, item: item.id });
    return `  ${expected.item} ${outcome}, ${wrong === null ? 'as expected' : wrong}: ${item.message.split('\n')[0] ?? ''}`;
  });
  const told = lines.length > 0 ? lines : ['  This checklist has no drill for it.'];
  return ['', `Fault ${name}: ${title}`, ...told].join('\n');
}

function listOfFaults(drills: readonly BoundFault[]): string {
  const width = Math.max(0, ...faults.map(({ name }) => name.length));
  const itemsOf = (name: string): readonly string[] =>
    drills.find((one) => one.name === name)?.changes.map(({ item }) => item) ?? [];
  return faults
    .map(({ name, title }) => {
      const items = itemsOf(name);
      return `${name.padEnd(width)}  ${title}${items.length === 0 ? '' : ` (${items.join(', ')})`}`;
    })
    .join('\n');
}
