import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { colours } from '../console/text.ts';
import { LiveProgress, type Screen } from './live.ts';
import type { FinishedTest, StartedTest } from './tests.ts';

let clock = 0;
let output = '';
beforeEach(() => {
  clock = 0;
  output = '';
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const screen = (live: boolean, width = 80): Screen => ({
  live,
  colours: colours(false),
  width: () => width,
  write: (text) => (output += text),
  writeError: (text) => (output += text),
  now: () => clock,
});
const test = (item: string, phase = 'phase1'): StartedTest => ({
  key: item,
  item,
  phase,
  title: `Title of ${item}`,
  planned: false,
});
const ended = (item: string, facts: Partial<FinishedTest> = {}): FinishedTest => ({
  ...test(item),
  outcome: 'pass',
  message: '',
  subjects: 3,
  durationMs: 120,
  place: 'specs/a.yaml:12',
  expected: false,
  ...facts,
});
function pass(ms: number): void {
  clock += ms;
  vi.advanceTimersByTime(ms);
}

it('writes one line for each finished item where there is no terminal', () => {
  const live = new LiveProgress(screen(false));
  for (const id of ['A-1', 'A-2', 'A-3', 'A-4']) live.expect(test(id));
  live.start(test('A-1'));
  live.finish(ended('A-1'));
  live.finish(ended('A-2', { outcome: 'fail', message: 'Is 1, expected 2\nMake it 2', subjects: 0 }));
  live.finish(ended('A-3', { outcome: 'error', message: 'Forbidden', subjects: 0, expected: true }));
  live.finish(ended('A-4', { outcome: 'planned' }));
  live.end('failed');
  expect(output).toBe(
    `✓ A-1  Title of A-1  (3 subjects, 120 ms)
✗ A-2  Title of A-2  (120 ms)
    Is 1, expected 2
    Make it 2
    specs/a.yaml:12
! A-3  Title of A-3  (120 ms, error, waived or minor)
    Forbidden
    specs/a.yaml:12
· phase1: 1 planned
`,
  );
});

it('redraws one status line on a terminal, at most five times a second', () => {
  const live = new LiveProgress(screen(true, 60));
  live.expect(test('A-1'));
  live.expect(test('A-2'));
  live.start(test('A-1'));
  for (let at = 0; at < 1_000; at += 10) {
    live.note({ item: 'A-1', text: `weight ${at} %` });
    pass(10);
  }
  const drawings = output.split('\r\u001b[2K').slice(1);
  expect(drawings.length).toBeGreaterThan(3);
  expect(drawings.length).toBeLessThanOrEqual(6);
  expect(drawings.at(-1)).toMatch(/^phase1 0\/2 {2}A-1( · 1\.0 s)? · weight \d+ %$/);
  expect(drawings.every((text) => text.length < 60 && !text.includes('\n'))).toBe(true);
  live.finish(ended('A-1'));
  expect(output).not.toContain('✓');
  live.end('passed');
  expect(output).toMatch(/Ended: 1 item of phase1 did not end\.\n$/);
});

it('lets a long item say where it stands every half minute where there is no terminal', () => {
  const live = new LiveProgress(screen(false));
  live.expect(test('A-1'));
  live.start(test('A-1'));
  for (let second = 0; second < 70; second++) {
    live.note({ item: 'A-1', text: `step ${second}` });
    pass(1_000);
  }
  expect(output).toBe('… A-1 · 30.0 s · step 30\n… A-1 · 1.0 min · step 60\n');
});

it('keeps what tests write, and draws again below it', () => {
  const live = new LiveProgress(screen(true));
  live.expect(test('A-1'));
  live.start(test('A-1'));
  live.passThrough('half a line', 'stdout');
  pass(500);
  live.passThrough('\n', 'stdout');
  pass(500);
  expect(output.endsWith('phase1 0/1  A-1 · 1.0 s')).toBe(true);
  expect(output).toContain('\r\u001b[2Khalf a line');
});

it('says what an interrupt left undone', () => {
  const live = new LiveProgress(screen(false));
  for (const id of ['A-1', 'A-2', 'A-3']) live.expect(test(id));
  // Planned items run nothing: they are not missed.
  for (const id of ['A-4', 'A-5']) live.expect({ ...test(id), planned: true });
  live.finish({ ...ended('A-4'), planned: true, outcome: 'planned' });
  live.start(test('A-1'));
  live.end('interrupted');
  expect(output).toBe('Interrupted: 3 items of phase1 did not end, while A-1 ran.\n');
});

it('misses no test that skipped itself while it ran', () => {
  const live = new LiveProgress(screen(false));
  live.expect(test('A-1'));
  live.finish({ ...ended('A-1'), planned: true, outcome: 'pending' });
  live.end('passed');
  expect(output).not.toContain('did not end');
});

it('lets no progress text command the terminal', () => {
  const live = new LiveProgress(screen(false));
  live.expect(test('A-1'));
  live.start(test('A-1'));
  clock = 31_000;
  live.note({ item: 'A-1', text: '\u001b[2J\nnext' });
  expect(output).toBe('… A-1 · 31.0 s · ⟨U+001B⟩[2J next\n');
});
