import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Plan } from '../../../checks/contract/plan.ts';
import { RecordedLedgers, SMALL_PLAN, type RunOptions } from '../../../tests/harness/recorded-ledger.ts';
import { ledgerFolder } from '../paths.ts';
import { rollbacksOf } from './rollbacks.ts';
import { surveyLedger } from './survey.ts';
import { keysIn, ledgerKeys } from './trust.ts';

let ledgers: RecordedLedgers;
let root: string;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  root = ledgers.machine();
});
afterEach(() => {
  ledgers.close();
});

const STAGING: Plan = { ...SMALL_PLAN, environment: { ...SMALL_PLAN.environment, name: 'staging', rehearsal: false } };
const HERE: Plan = { ...STAGING, environment: { ...STAGING.environment, name: 'production' } };
const images = ['sha256:aa'];
const ran = (phase: string, minute: number, options: RunOptions = {}): void =>
  void ledgers.run(root, phase, minute, { plan: STAGING, ...options });
function asked(plan = HERE, keys = ledgerKeys(root, plan.checklist.file)) {
  const folder = ledgerFolder(root);
  return rollbacksOf({ folder, survey: surveyLedger(folder), plan, keys, environment: 'staging', item: 'B' });
}

it('knows the images of the run before, where the rollback ran alone', () => {
  ran('phase1', 0, { over: { images } });
  ran('phase2', 1);
  expect(asked()).toMatchObject({ records: [{ outcome: 'pass', images }], refused: [] });
});

it.each([
  ['another commit', { plan: { ...STAGING, release: { ...STAGING.release, commit: 'ffff' } } }],
  ['this environment', { plan: HERE }],
  ['a rehearsal of that name', { plan: { ...STAGING, environment: { ...STAGING.environment, rehearsal: true } } }],
  ['a run that reached no cluster', { uid: null }],
  ['another item', { phase: 'phase1' }],
])('leaves out %s', (_, { phase = 'phase2', ...options }: RunOptions & { phase?: string }) => {
  ran(phase, 0, options);
  expect(asked()).toEqual({ records: [], refused: [] });
});

it('refuses what nobody signed, or a key that may not', () => {
  ran('phase2', 0, { key: null });
  expect(asked()).toMatchObject({ records: [], refused: [expect.stringMatching(/is not signed/)] });
  ran('phase2', 1);
  expect(asked(HERE, keysIn(root, 'nowhere')).records).toEqual([]);
  expect(asked(HERE, keysIn(root, 'nowhere')).refused).toHaveLength(2);
});
