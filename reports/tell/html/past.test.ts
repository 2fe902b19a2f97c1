import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decisionOf, RecordedLedgers, SMALL_PLAN } from '../../../tests/harness/recorded-ledger.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import { itemOf, planOf } from '../../decide/testing/inputs.ts';
import { pastOf } from './past.ts';

let ledgers: RecordedLedgers;
let root: string;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  root = ledgers.machine();
});
afterEach(() => ledgers.close());

const finding = { id: 'down', subject: { name: 'x' }, data: {}, says: 'x: is down, expected up', fix: 'Start x.' };
const broken = { outcome: 'fail', findings: [finding] } as const;
function run(minute: number, over = {}, options = {}): { readonly id: string; readonly decision: Decision } {
  const folder = ledgers.run(root, 'phase1', minute, { over, ...options });
  return { id: basename(folder), decision: decisionOf(folder) };
}

describe('what the page knows of earlier runs', () => {
  it('is nothing of the first', () => {
    const first = run(0);
    expect(pastOf(root, first.decision)).toMatchObject({ before: null, changes: [], trends: [] });
  });

  it('compares with the run before, and only with one', () => {
    const [first, second, third] = [run(0, broken), run(1), run(2, broken)];
    const past = pastOf(root, third.decision);
    expect(past.before?.runId).toBe(second.id);
    expect(past.changes).toMatchObject([{ item: 'A', change: 'regressed', appeared: [{ id: 'down', subject: 'x' }] }]);
    expect(past.flapped).toMatchObject([{ item: 'A', outcomes: ['fail', 'pass', 'fail'] }]);
    expect(past.decisions.map(({ runId }) => runId)).toEqual([first.id, second.id, third.id]);
    // Drawn again later, a page says what it said then.
    expect(pastOf(root, second.decision).before?.runId).toBe(first.id);
    expect(pastOf(root, second.decision).changes).toMatchObject([{ item: 'A', change: 'fixed' }]);
  });

  it('leaves out runs that nobody vouches for, and those of another environment', () => {
    const first = run(0, broken);
    run(1, {}, { key: null });
    const other = planOf(SMALL_PLAN.items, { environment: { ...SMALL_PLAN.environment, name: 'other' } });
    run(2, {}, { plan: other });
    const last = run(3, broken);
    const past = pastOf(root, last.decision);
    expect(past.before?.runId).toBe(first.id);
    expect(past.changes).toEqual([]);
  });

  it('draws how long runs took, and the values that load was judged by', () => {
    const plan = planOf([itemOf('A', { kind: 'load/latency-percentile' })]);
    const value = (ms: number): object => ({
      evidence: [
        { type: 'value', title: 'Sent', value: 1, unit: 'count' },
        { type: 'value', title: 'P95', value: ms, unit: 'ms', bound: { comparison: '<', value: 2000 } },
      ],
    });
    run(0, value(900), { plan });
    const { decision } = run(1, value(1100), { plan });
    const { trends } = pastOf(root, decision);
    expect(trends.map(({ title, points }) => [title, points])).toEqual([
      [
        'Duration of the run',
        [
          [0, 2],
          [60_000, 2],
        ],
      ],
      [
        'A: P95',
        [
          [0, 900],
          [60_000, 1100],
        ],
      ],
    ]);
  });
});
