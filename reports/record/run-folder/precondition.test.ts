import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { IDENTITY, recordOf } from '../../decide/testing/inputs.ts';
import { RecordedLedgers, SMALL_PLAN as plan } from '../../../tests/harness/recorded-ledger.ts';
import { writeJsonAtomic } from '../io.ts';
import { appendOutcome } from './append.ts';
import { finishRun } from './finish.ts';
import { openRun } from './open.ts';
import { preconditionOf } from './precondition.ts';

const NOW = new Date('2027-03-01T12:00:00Z');
let ledgers: RecordedLedgers;
let root: string;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  root = ledgers.machine();
});
afterEach(() => ledgers.close());

function open(phase: string): string {
  const runDir = openRun({ root, plan, selectedPhases: [phase], now: new Date('2027-03-01T11:58:00Z') });
  writeJsonAtomic(join(runDir, 'environment.json'), IDENTITY);
  return runDir;
}
const ask = (runDir: string) => preconditionOf({ runDir, root, plan, phase: 'phase2', now: NOW });
const finish = (runDir: string) =>
  finishRun({ runDir, root, endedBy: 'finished', now: NOW, env: { ...process.env, GOLIVE_LEDGER_KEY: ledgers.key() } });

it('a precondition is met by the run itself, or by an earlier one that a runner signed', () => {
  const first = open('phase1');
  expect(ask(first)).toMatchObject({ met: false });
  appendOutcome(first, 0, recordOf(plan, 'A'));
  expect(ask(first)).toMatchObject({ met: true });
  finish(first);
  const second = open('phase2');
  expect(ask(second)).toEqual({ met: true, why: `phase1 is GO (run ${basename(first)})` });
  ledgers.allow(root, '');
  expect(ask(second)).toMatchObject({ met: false, why: expect.stringMatching(/does not allow/) as string });
  ledgers.allow(root, ledgers.allowing());
  appendOutcome(second, 0, recordOf(plan, 'B'));
  expect(finish(second)).toMatchObject({ exitCode: 0, decision: { decision: 'GO' } });
  expect(ask(join(root, 'nowhere')).met).toBe(false);
});
