/**
 * A run as the cutover sees it, without Playwright: opens a run folder, watches for the cutover, asks for its steps as items do, records
 * outcomes, ends the cutover and decides. What it says stands on its standard output, a JSON value a line; it hears a word a line.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { errorText } from '../../../checks/contract/text.ts';
import type { OutcomeName } from '../../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../../checks/contract/plan.ts';
import { askForStep, REHEARSAL } from '../../../reports/record/run-folder/cutover-asked.ts';
import { endOf, readCutover } from '../../../reports/record/run-folder/cutover-log.ts';
import { appendOutcome } from '../../../reports/record/run-folder/append.ts';
import { finishRun } from '../../../reports/record/run-folder/finish.ts';
import { openRun } from '../../../reports/record/run-folder/open.ts';
import { watchForCutover } from '../../../cutover/control.ts';
import { STEP_KIND } from '../../../cutover/settings.ts';
import type { RunnerHears, RunnerSays } from './runner-says.ts';

const LOOK_MS = 20;

const { values: args } = parseArgs({
  options: {
    root: { type: 'string', default: '' },
    /** The item that fails once the first step is done. */
    fails: { type: 'string' },
    /** The rollback is rehearsed first, as its item asks for. */
    rehearses: { type: 'boolean', default: false },
    /** No step but the first is asked for. */
    stops: { type: 'boolean', default: false },
    /** After the first step it waits until the cutover has ended, or it is interrupted. */
    waits: { type: 'boolean', default: false },
    /** How long an item waits for its step, in milliseconds. */
    timeout: { type: 'string', default: '60000' },
  },
});
const nothing = { id: '' };
const say = (what: RunnerSays): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const plan = JSON.parse(readFileSync(join(args.root, 'plan.json'), 'utf8')) as Plan;
const runDir = openRun({ root: args.root, plan, selectedPhases: null });
writeFileSync(join(runDir, 'environment.json'), JSON.stringify({ name: plan.environment.name, uid: 'test' }));
say({ says: 'opened', runDir });

const interrupted = new AbortController();
process.on('SIGINT', () => {
  interrupted.abort();
  say({ says: 'interrupted' });
});
const outOfTime = new AbortController();
createInterface({ input: process.stdin }).on('line', (word: RunnerHears) => {
  if (word === 'out-of-time') return outOfTime.abort();
  const failing = plan.items.find(({ id }) => word === `fail ${id}`);
  if (failing) record(failing, 'fail');
  say({ says: 'failed' });
});
const cutover = watchForCutover({ runDir, root: args.root, plan, say: (text) => say({ says: 'told', text }) });
await runItems().catch(complain);
await cutover?.end().catch(complain);
const endedBy = interrupted.signal.aborted ? 'interrupted' : 'finished';
const { decision, exitCode } = finishRun({ runDir, root: args.root, endedBy, now: new Date() });
const reasons = decision?.reasons.map(({ code }) => code) ?? [];
say({ says: 'decided', decision: decision?.decision ?? null, reasons, exitCode });
process.exit(exitCode);

function complain(error: unknown): void {
  say({ says: 'told', text: errorText(error) });
}

async function runItems(): Promise<void> {
  if (args.rehearses) {
    askForStep(runDir, REHEARSAL);
    while (endOf(readCutover(runDir, REHEARSAL)) === undefined) await setTimeout(LOOK_MS);
  }
  const steps = plan.items.filter(({ kind }) => kind === STEP_KIND);
  for (const item of plan.items) if (item.kind !== STEP_KIND) record(item, 'pass');
  for (const [index, step] of steps.entries()) {
    if (index > 0 && args.fails !== undefined) {
      const failing = plan.items.find(({ id }) => id === args.fails);
      if (failing) record(failing, 'fail');
    }
    if (index > 0 && args.stops) return;
    if (index > 0 && args.waits) {
      await passed(nothing);
      return;
    }
    askForStep(runDir, step.id);
    const isPassed = await passed(step);
    if (interrupted.signal.aborted) return;
    record(step, isPassed ? 'pass' : 'fail');
  }
}

/** Waits as the capability `cutover` does. */
async function passed({ id }: Pick<PlannedItem, 'id'>): Promise<boolean> {
  const timeout = AbortSignal.any([AbortSignal.timeout(Number(args.timeout)), outOfTime.signal]);
  while (!interrupted.signal.aborted && !timeout.aborted) {
    const events = readCutover(runDir);
    if (events.some((one) => one.event === 'step-done' && one.item === id)) return true;
    if (endOf(events) !== undefined) return false;
    await setTimeout(LOOK_MS);
  }
  if (timeout.aborted) say({ says: 'out-of-time' });
  return false;
}

function record({ id, phase, kind }: PlannedItem, outcome: OutcomeName): void {
  appendOutcome(runDir, 0, {
    schema: 'golive/outcome/v2',
    item: id,
    phase,
    kind,
    outcome,
    message: outcome === 'pass' ? '' : 'it is broken',
    findings: [],
    doubts: [],
    subjects: 1,
    subjectNames: ['one'],
    evidence: [{ type: 'value', title: 'Looked at', value: 1, unit: 'count' }],
    startedAt: new Date().toISOString(),
    durationMs: 1,
    attempt: 1,
    planDigest: plan.digest,
  });
}
