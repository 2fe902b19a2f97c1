import { expect, it } from 'vitest';
import type { ItemOutcome } from '../contract/run-reader.ts';
import { Say } from '../kit/kind.ts';
import { judgeItems } from './outcomes.ts';

const item = (name: string, outcome: ItemOutcome['outcome'], message: string): ItemOutcome => ({
  item: name,
  phase: 'phase1',
  title: name,
  kind: 'cluster/version',
  severity: 'critical',
  owner: 'platform-team',
  source: 106,
  outcome,
  message,
});

it('names what could not be judged, and why', () => {
  const say = new Say({ failed: { says: '{subject}: failed ({said}).', fix: 'Repair it.' } });
  const items = [
    item('A', 'error', 'connection refused.\nFix: start it'),
    item('B', 'not-run', ''),
    item('C', 'fail', 'is broken'),
    item('D', 'pass', ''),
  ];
  judgeItems(items, say, (subject, data) => say.fail('failed', subject, data));
  const { findings, doubts, subjects } = say.verdict();
  expect(doubts.map(({ why, detail }) => [detail, why])).toEqual([
    ['error', 'Item A: error (connection refused).'],
    ['not-run', 'Item B: not-run.'],
  ]);
  expect(findings.map(({ says }) => says)).toEqual(['Item C: failed (is broken).']);
  expect(subjects).toEqual(['Item A', 'Item B', 'Item C', 'Item D']);
});
