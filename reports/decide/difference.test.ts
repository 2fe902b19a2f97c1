import { describe, expect, it } from 'vitest';
import type { OutcomeName } from '../../checks/contract/outcome.ts';
import { difference, flapping, type ComparedItem } from './difference.ts';

const item = (id: string, outcome: OutcomeName, ...subjects: readonly string[]): ComparedItem => ({
  id,
  outcome,
  findings: subjects.map((name) => ({ id: 'down', subject: { name }, says: `${name}: is down, expected up` })),
});
const told = (before: readonly ComparedItem[], after: readonly ComparedItem[]): string[] =>
  difference(before, after).map(({ item: id, change }) => `${id} ${change}`);

describe('the difference', () => {
  it('is none between equal runs, whatever the wording and the order', () => {
    const [a, b] = [item('A', 'fail', 'x', 'y'), item('B', 'pass')];
    const reworded = { ...a, findings: a.findings.map((one) => ({ ...one, says: 'other words' })).reverse() };
    expect(difference([a, b], [b, reworded])).toEqual([]);
  });

  it('names what got worse first', () => {
    const before = [
      item('A', 'fail', 'x'),
      item('B', 'pass'),
      item('C', 'error'),
      item('D', 'pass'),
      item('G', 'pass'),
    ];
    const after = [
      item('A', 'pass'),
      item('B', 'fail', 'y'),
      item('C', 'inconclusive'),
      item('E', 'fail', 'z'),
      item('F', 'pass'),
      item('G', 'not-applicable'),
    ];
    expect(told(before, after)).toEqual(['B regressed', 'E new', 'C changed', 'A fixed', 'D gone']);
  });

  it('tells findings apart by id and subject, also of an item that failed before', () => {
    const [change] = difference([item('A', 'fail', 'x', 'y')], [item('A', 'fail', 'y', 'z')]);
    expect(change).toMatchObject({
      change: 'changed',
      appeared: [{ id: 'down', subject: 'z' }],
      vanished: [{ subject: 'x' }],
      unseen: [],
    });
  });

  it('calls nothing gone that nobody could look at', () => {
    const [change] = difference([item('A', 'fail', 'x')], [item('A', 'error')]);
    expect(change).toMatchObject({ change: 'changed', vanished: [], unseen: [{ subject: 'x' }] });
    expect(difference([item('A', 'fail', 'x')], [])[0]).toMatchObject({
      change: 'gone',
      vanished: [],
      unseen: [{ subject: 'x' }],
    });
  });

  it('is silent about what nobody has built, and tells when it is', () => {
    expect(told([item('A', 'planned')], [item('A', 'pass')])).toEqual([]);
    expect(told([item('A', 'planned')], [item('A', 'fail', 'x')])).toEqual(['A new']);
  });
});

describe('flapping', () => {
  const runs = (...outcomes: readonly OutcomeName[]): ComparedItem[][] =>
    outcomes.map((outcome) => [item('A', outcome)]);

  it('is two turns', () => {
    expect(flapping(runs('pass', 'fail', 'fail', 'pass'))).toMatchObject([{ item: 'A', turns: 2 }]);
    expect(flapping(runs('pass', 'fail', 'fail'))).toEqual([]);
    expect(flapping(runs('fail', 'error', 'fail'))).toEqual([]);
  });

  it('is not seen in runs that did not look', () => {
    expect(flapping(runs('pass', 'not-run', 'pass', 'pending', 'pass'))).toEqual([]);
    expect(flapping([...runs('pass'), [], ...runs('pass')])).toEqual([]);
  });
});
