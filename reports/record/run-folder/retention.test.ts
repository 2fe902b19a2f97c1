import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CutoverEvent } from '../../../checks/contract/cutover.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import { IDENTITY, itemOf, planOf, recordOf } from '../../decide/testing/inputs.ts';
import { finishedEvents, rolledBackEvents } from '../../tell/html/cutover/sample.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { RecordedLedgers } from '../../../tests/harness/recorded-ledger.ts';
import { appendOutcome } from './append.ts';
import { finishRun } from './finish.ts';
import { writeJsonAtomic } from '../io.ts';
import { openRun } from './open.ts';
import { runsFolder } from '../paths.ts';
import { replay } from './replay.ts';
import { runsToKeep } from './retention.ts';

const plan = planOf([itemOf('A'), itemOf('B', { phase: 'phase2' })]);
const rehearsed = planOf(plan.items, { environment: { ...plan.environment, name: 'rehearsal', rehearsal: true } });
let ledgers: RecordedLedgers;
let root: string;
let minute: number;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  root = ledgers.machine();
  minute = 0;
});
afterEach(() => ledgers.close());

/** A finished run of some phases, a minute after the one before; its id. */
function run(of: Plan, phases: readonly string[], events: readonly CutoverEvent[] = []): string {
  minute += 1;
  const at = (second: number): Date => new Date(Date.UTC(2027, 2, 1, 12, minute, second));
  const runDir = openRun({ root, plan: of, selectedPhases: phases, now: at(0) });
  writeJsonAtomic(join(runDir, 'environment.json'), { ...IDENTITY, name: of.environment.name });
  for (const event of events) appendFileSync(join(runDir, 'cutover.jsonl'), `${JSON.stringify(event)}\n`);
  for (const { id } of of.items.filter(({ phase }) => phases.includes(phase)))
    appendOutcome(runDir, 0, recordOf(of, id, 'pass', { startedAt: at(1).toISOString() }));
  const env = { ...process.env, GOLIVE_LEDGER_KEY: ledgers.key() };
  finishRun({ runDir, root, endedBy: 'finished', now: at(2), keepRuns: 2, env });
  return basename(runDir);
}
const folders = (): string[] => readdirSync(runsFolder(root)).sort();

it('keeps the newest runs, and the whole ledger of all', () => {
  const runs = Array.from({ length: 5 }, () => run(rehearsed, ['phase1']));
  expect(folders()).toEqual(runs.slice(-2));
  const { damage, elsewhere, runs: known } = verifyLedger(root, new Date('2027-03-01T13:00:00Z'));
  expect([damage, elsewhere, known]).toEqual([[], [], 5]);
  expect(replay(join(runsFolder(root), runs.at(-1) ?? '')).differences).toEqual([]);
});

it('keeps what the decision rests on, and the latest verdict of each phase', () => {
  const first = run(plan, ['phase1']);
  const later = Array.from({ length: 5 }, () => run(plan, ['phase2']));
  expect(folders()).toEqual([first, ...later.slice(-2)]);
  const { decision } = JSON.parse(readFileSync(join(root, 'reports/out/decision.json'), 'utf8')) as {
    decision: string;
  };
  expect(decision).toBe('GO');
});

it('keeps the latest verdicts of each release in a real environment, and of any release on the rehearsal', () => {
  const release = (of: Plan, version: string): Plan =>
    planOf(of.items, { environment: of.environment, release: { ...of.release, version } });
  const real = ['1.0.0', '1.1.0'].map((version) => run(release(plan, version), ['phase1']));
  const tried = ['2.0.0', '2.1.0', '2.2.0', '2.3.0'].map((version) => run(release(rehearsed, version), ['phase1']));
  expect(folders()).toEqual([...real, ...tried.slice(-2)]);
});

it('keeps the last cutover, and each whose traffic is not back for sure', () => {
  const died = run(rehearsed, ['phase1'], rolledBackEvents().slice(0, -3));
  const back = run(rehearsed, ['phase1'], rolledBackEvents());
  const done = run(rehearsed, ['phase1'], finishedEvents());
  const later = Array.from({ length: 3 }, () => run(rehearsed, ['phase1']));
  expect(folders()).toEqual([died, done, ...later.slice(-2)]);
  expect(existsSync(join(runsFolder(root), back))).toBe(false);
});

it("touches nothing that is no run, and stands in no decision's way", () => {
  mkdirSync(join(runsFolder(root), 'notes'), { recursive: true });
  writeFileSync(join(runsFolder(root), '20270101T000000000Z-0000000g'), '');
  const runs = Array.from({ length: 3 }, () => run(rehearsed, ['phase1']));
  expect(folders()).toEqual(['20270101T000000000Z-0000000g', ...runs.slice(-2), 'notes']);
});

it.each([
  [undefined, 30],
  ['', 30],
  ['5', 5],
  ['all', Infinity],
  ['0', Infinity],
  ['-1', Infinity],
  ['some', Infinity],
])('GOLIVE_KEEP_RUNS=%s', (setting, keep) => expect(runsToKeep(setting)).toBe(keep));
