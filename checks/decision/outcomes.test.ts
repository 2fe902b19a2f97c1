import { expect, it } from 'vitest';
import type { ItemOutcome } from '../contract/run-reader.ts';
import { unsettledText } from './outcomes.ts';

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
  expect(unsettledText([item('A', 'error', 'connection refused.\nFix: start it'), item('B', 'not-run', '')])).toBe(
    'Item A: error (connection refused); Item B: not-run.',
  );
  const many = Array.from({ length: 53 }, (_, index) => item(`I${index}`, 'not-run', ''));
  expect(unsettledText(many)).toMatch(/Item I49: not-run; and 3 more\.$/);
});
