import { afterEach, beforeEach, expect, it } from 'vitest';
import { itemOf, planOf } from '../../decide/testing/inputs.ts';
import { ledgerFiles, RecordedLedgers, type RunOptions } from '../../../tests/harness/recorded-ledger.ts';
import { editFile } from '../../../tests/harness/recorded-ledger.ts';
import { recordOf } from '../../../checks/post-deployment/metrics.ts';
import { IDENTITY } from '../../decide/testing/inputs.ts';
import { ledgerFolder } from '../paths.ts';
import { historyOf } from './since-approval.ts';
import { surveyLedger } from './survey.ts';
import { ledgerKeys } from './trust.ts';

const PLAN = planOf([itemOf('A'), itemOf('W', { phase: 'post-deployment' })]);
const DAY_MINUTES = 1440;
let ledgers: RecordedLedgers;
let root: string;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  root = ledgers.machine();
  ledgers.run(root, 'phase1', 0, { plan: PLAN });
});
afterEach(() => ledgers.close());

const watched = (minute: number, value: number, options: RunOptions = {}): string =>
  ledgers.run(root, 'post-deployment', minute, {
    plan: PLAN,
    over: { evidence: [{ type: 'value', title: 'Latency', value, unit: 'ms' }] },
    ...options,
  });
function history() {
  const folder = ledgerFolder(root);
  const keys = ledgerKeys(root, PLAN.checklist.file);
  const options = { folder, survey: surveyLedger(folder), plan: PLAN, identity: IDENTITY, keys, ownRun: 'none' };
  return { ...historyOf(options), isSimulated: false };
}

it('is recorded by the first run after its end, and by no other', () => {
  watched(60, 10);
  watched(120, 12);
  expect(history().approved?.firstDay).toBeUndefined();
  watched(DAY_MINUTES + 60, 14);
  const { firstDay } = history().approved ?? {};
  expect(firstDay?.items).toMatchObject([{ item: 'W', values: [{ title: 'Latency', unit: 'ms' }] }]);
  expect(firstDay?.items[0]?.values[0]?.points.map(([, value]) => value)).toEqual([10, 12]);
  watched(DAY_MINUTES + 120, 16);
  expect(history().approved?.firstDay).toEqual(firstDay);
});

it('stands when runs of that day are lost, and later ones are read as they are', () => {
  watched(60, 10);
  watched(DAY_MINUTES + 60, 14);
  // The run of the first day is signed by a key that may not: it counts no more.
  editFile(ledgerFiles(root)[1] ?? '', (text) => text.replace('"value":10', '"value":99'));
  const { series } = recordOf(history(), 'W');
  expect(series['Latency']?.map(([, value]) => value)).toEqual([10, 14]);
});

it('a record that nobody signed is none: the next run makes it', () => {
  watched(60, 10);
  watched(DAY_MINUTES + 60, 14, { key: null });
  expect(history().approved?.firstDay).toBeUndefined();
  watched(DAY_MINUTES + 120, 16);
  expect(history().approved?.firstDay?.items).toHaveLength(1);
});
