import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DecidedItem, DecidedPhase, Decision, DecisionName } from '../../../checks/contract/decision.ts';
import { SAMPLE_ITEMS, sampleDecision, sampleItem, samplePlan } from '../html/sample.ts';
import { renderSummary } from './summary.ts';
import { columnsOf, fit, wrap } from './text.ts';

const passes = SAMPLE_ITEMS.filter((item) => item.outcome === 'pass');
/** The sample's phases, with the answers given and counts of the items given. */
function phasesOf(items: readonly DecidedItem[], ...answers: readonly DecisionName[]): readonly DecidedPhase[] {
  return sampleDecision({ items }).phases.map((phase, index) => {
    const decision = answers[index] ?? 'GO';
    return { ...phase, decision, decisionWithoutWaivers: decision, readiness: decision, from: 'run', reasons: [] };
  });
}
const held = [
  ...passes,
  ...Array.from({ length: 40 }, (_, index) =>
    sampleItem({ id: `P1-NET-${index}`, title: 'Network', outcome: 'not-run', reason: 'interrupted' }, index),
  ),
  ...Array.from({ length: 120 }, (_, index) =>
    sampleItem({ id: `P5-OPS-${index}`, title: 'Operations', outcome: 'planned' }, index),
  ),
];
const HOLD = sampleDecision({
  decision: 'HOLD',
  readiness: 'HOLD',
  decisionWithoutWaivers: 'HOLD',
  selected: { phases: ['phase1'], decision: 'HOLD' },
  reasons: [{ code: 'run-incomplete', text: 'The run did not finish' }],
  items: held,
  phases: phasesOf(held, 'HOLD'),
  overrides: [],
  warnings: [],
});
const GO = sampleDecision({
  decision: 'GO',
  readiness: 'GO',
  decisionWithoutWaivers: 'GO',
  selected: { phases: null, decision: 'GO' },
  reasons: [],
  items: passes,
  phases: phasesOf(passes),
  overrides: [],
  warnings: [],
});

function draw(decision: Decision, colour = false, width = 80): string {
  return renderSummary(decision, samplePlan(), { width, colour });
}

it.each([
  ['go', GO],
  ['no-go', sampleDecision()],
  ['hold', HOLD],
])('reads as the golden %s (GOLIVE_UPDATE_GOLDEN=1 rewrites it)', (name, decision) => {
  const file = join(import.meta.dirname, 'golden', `${name}.txt`);
  const actual = draw(decision);
  if (process.env['GOLIVE_UPDATE_GOLDEN'] === '1') writeFileSync(file, actual);
  expect(actual).toBe(readFileSync(file, 'utf8'));
});

it.each([60, 80, 120])('fits %d columns', (width) => {
  for (const decision of [GO, HOLD, sampleDecision()]) {
    for (const line of draw(decision, false, width).split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(width);
  }
});

it('is no wall of text, however much is planned or was not run', () => {
  expect(draw(HOLD).split('\n').length).toBeLessThan(35);
  const items = Array.from({ length: 500 }, (_, index) =>
    sampleItem({ id: `P1-A-${index}`, title: 'A', outcome: 'fail', message: 'x '.repeat(10_000) }),
  );
  const text = draw(sampleDecision({ items }));
  expect(text.split('\n').length).toBeLessThan(150);
  expect(text).toContain('… and 488 more: see the report');
  const waived = { id: 'W', approver: 'Ada', reason: 'r', ticket: 'T-1', expires: '2026-12-01T00:00:00Z' };
  const accepted = draw(sampleDecision({ items: items.map((item) => ({ ...item, waived })) }));
  expect(accepted.split('\n').length).toBeLessThan(180);
  expect(accepted).toContain('Waived (500 items)');
});

it('says which planned items hold the whole: not minor ones, nor those of the scheduled verification', () => {
  const planned = (id: string, over: Partial<DecidedItem> = {}): DecidedItem => ({
    ...sampleItem({ id, title: 'T', outcome: 'planned' }),
    severity: 'major',
    ...over,
  });
  const heading = (...items: readonly DecidedItem[]): string =>
    /Planned, not built yet \((.*)\)/.exec(draw(sampleDecision({ items })))?.[1] ?? '';
  const after = planned('PD-OPS-001', { phase: 'post-deployment' });
  const minor = planned('P1-A-3', { severity: 'minor' });
  expect(heading(planned('P1-A-1'), planned('P1-A-2'))).toBe('2 items; they hold the whole');
  expect(heading(planned('P1-A-1'))).toBe('1 item; it holds the whole');
  expect(heading(planned('P1-A-1'), after, minor)).toBe('3 items; 1 holds the whole');
  expect(heading(after)).toBe('1 item; none holds the whole');
  expect(draw(sampleDecision({ items: [after] }))).toMatch(/post-deployment\s+1 of 1, no part of the whole/);
});

it('claims of a GO no more than was looked at', () => {
  const planned = Array.from({ length: 25 }, (_, index) =>
    sampleItem({ id: `P1-A-${index}`, title: 'T', outcome: 'planned' }),
  );
  const told = (over: Partial<Decision>): string =>
    draw({ ...GO, ...over, selected: { phases: ['phase1'], decision: 'GO' } }, false, 200);
  expect(told({})).toContain('GO for phase1. Everything that blocks was looked at and conforms.');
  const items = [...passes, ...planned];
  expect(told({ items })).toContain(
    'GO for phase1. What was looked at conforms; left open: 25 blocking items planned and not looked at.',
  );
  expect(told({ items, decision: 'NO-GO', reasons: [{ code: 'rolled-back', text: 'back' }] })).toContain(
    'The whole release: NO-GO. Do not go live: traffic was taken back.',
  );
  expect(told({ items: [...passes, ...planned.map((item) => ({ ...item, phase: 'phase2' }))] })).toContain(
    'Everything that blocks was looked at and conforms.',
  );
});

it('colours only when asked, and then changes nothing else', () => {
  const plain = draw(sampleDecision());
  const coloured = draw(sampleDecision(), true);
  expect(plain).not.toContain('\u001b');
  expect(coloured).toContain('\u001b');
  expect(coloured.replaceAll(new RegExp('\\u001b\\[[0-9;]*m', 'g'), '')).toBe(plain);
});

it('lets no text from outside command the terminal', () => {
  const items = [
    sampleItem({
      id: 'P1-A-1',
      title: 'A\u001b[2J\nB',
      outcome: 'fail',
      message: '\u001b]0;owned\u0007\rgone',
      owner: '\u009b31m',
      place: 'x\u202e',
    }),
  ];
  const text = draw(sampleDecision({ items, warnings: ['\u001b[1A'] }));
  expect(text).toContain('A⟨U+001B⟩[2J B');
  expect(text).not.toMatch(new RegExp('[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u202e]'));
});

it('says that an interrupted run ends with 130', () => {
  const text = renderSummary(HOLD, null, { width: 80, colour: false, exitCode: 130 });
  expect(text).toContain('Exit code 130: the run was interrupted; the decision stands at HOLD.');
});

it('wraps, breaks and counts columns', () => {
  expect(wrap('aa bb cc', 12, 2)).toEqual(['  aa bb cc']);
  expect(wrap('x'.repeat(25), 12, 2)).toEqual([`  ${'x'.repeat(10)}`, `  ${'x'.repeat(10)}`, '  xxxxx']);
  expect(columnsOf('日本')).toBe(4);
  expect(fit('日本語', 5)).toBe('日本…');
});

it('says once that traffic was taken back, why, and how long it took', () => {
  const cutover = {
    outcome: 'rolled-back',
    reason: 'P4-TRI-001 fired at 25 %',
    weight: 0,
    verified: true,
    msFromBreachToZero: 1066,
    msToRecovery: 731,
  } as const;
  const reasons = [{ code: 'rolled-back', text: 'traffic was taken back: P4-TRI-001 fired at 25 %' }];
  const text = draw(sampleDecision({ cutover, reasons }));
  expect(text).toContain(
    '  Traffic was taken back\n    P4-TRI-001 fired at 25 %\n    At 0 %: 1.1 s after the breach began.\n',
  );
  expect(text).toContain('    Recovered and verified 731 ms after the rollback began.\n');
  expect(text.match(/P4-TRI-001 fired at 25 %/g)).toHaveLength(1);
  // A decision of a golive that did not record it says it by its reason.
  expect(draw(sampleDecision({ reasons }))).toContain('- traffic was taken back: P4-TRI-001 fired at 25 %');
});

it('says what to do about a rollback that is not finished, and nothing of a cutover that is', () => {
  const none = { reason: null, verified: null, msFromBreachToZero: null, msToRecovery: null };
  const unfinished = draw(sampleDecision({ cutover: { ...none, outcome: 'unfinished', weight: 25 } }));
  expect(unfinished).toContain('The new release may still get 25 % of the traffic.');
  expect(unfinished).toContain('→ Run golive rollback, unless a run is still at it.');
  const finished = draw(sampleDecision({ cutover: { ...none, outcome: 'finished', weight: 100 } }));
  expect(finished).toBe(draw(sampleDecision()));
});
