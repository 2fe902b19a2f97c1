import { describe, expect, it } from 'vitest';
import type { BoundFault } from './bound.ts';
import { apart, groupsOf, merged } from './together.ts';

const fault = (
  name: string,
  items: readonly string[],
  more: { readonly levers?: readonly string[]; readonly may?: readonly string[]; readonly settleMs?: number } = {},
): BoundFault => ({
  name,
  title: `${name} happens.`,
  inject: (more.levers ?? [`${name}.change`]).map((lever) => ({ lever })) as unknown as BoundFault['inject'],
  changes: items.map((item) => ({
    item,
    outcome: 'fail',
    findings: [{ id: 'x' }],
  })) as unknown as BoundFault['changes'],
  mayChange: Object.fromEntries((more.may ?? []).map((item) => [item, 'It asks it.'])),
  ...(more.settleMs === undefined ? {} : { settleMs: more.settleMs }),
});
const names = (groups: readonly (readonly BoundFault[])[]): string[][] =>
  groups.map((group) => group.map((one) => one.name));
const always = (): boolean => true;

describe('groupsOf', () => {
  it.each<[string, readonly BoundFault[], string[][]]>([
    ['faults apart share', [fault('a', ['A-1']), fault('b', ['B-1'])], [['a', 'b']]],
    ['one item of both', [fault('a', ['A-1', 'C-1']), fault('b', ['B-1', 'C-1'])], [['a'], ['b']]],
    [
      'one may change what the other changes',
      [fault('a', ['A-1']), fault('b', ['B-1'], { may: ['A-1'] })],
      [['a'], ['b']],
    ],
    ['the other way round', [fault('a', ['A-1'], { may: ['B-1'] }), fault('b', ['B-1'])], [['a'], ['b']]],
    [
      'both may change the same',
      [fault('a', ['A-1'], { may: ['C-1'] }), fault('b', ['B-1'], { may: ['C-1'] })],
      [['a', 'b']],
    ],
    [
      'levers of one part',
      [fault('a', ['A-1'], { levers: ['redis.limit'] }), fault('b', ['B-1'], { levers: ['x.y', 'redis.config'] })],
      [['a'], ['b']],
    ],
    [
      'any objects',
      [fault('a', ['A-1'], { levers: ['objects.patch'] }), fault('b', ['B-1'], { levers: ['objects.patch'] })],
      [['a', 'b']],
    ],
    [
      'four at most, the next ones share again',
      ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => fault(name, [`${name}-1`])),
      [
        ['a', 'b', 'c', 'd'],
        ['e', 'f'],
      ],
    ],
    ['one that stops a part', [fault('a', ['A-1']), fault('b', ['B-1'], { levers: ['b.kill'] })], [['a'], ['b']]],
    ['no faults', [], []],
  ])('%s', (_, faults, expected) => expect(names(groupsOf(faults, always))).toEqual(expected));

  it('leaves one that does not fit alone, in its place', () => {
    const faults = ['a', 'heavy', 'b'].map((name) => fault(name, [`${name}-1`]));
    expect(names(groupsOf(faults, ({ name }) => name !== 'heavy'))).toEqual([['a', 'b'], ['heavy']]);
  });
});

describe('merged and apart', () => {
  const a = fault('a', ['A-1'], { may: ['C-1'], settleMs: 1000 });
  const b = fault('b', ['B-1', 'B-2'], { settleMs: 20_000 });

  it('expects all of each, and waits for the slowest', () => {
    const one = merged([a, b]);
    expect(one.inject.map(({ lever }) => lever)).toEqual(['a.change', 'b.change']);
    expect(one.changes.map(({ item }) => item)).toEqual(['A-1', 'B-1', 'B-2']);
    expect(Object.keys(one.mayChange)).toEqual(['C-1']);
    expect([one.settleMs, merged([a, fault('c', ['C-1'])]).settleMs]).toEqual([20_000, 10_000]);
  });

  it('gives each its own changes back', () => {
    const changes = ['A-1', 'B-1', 'B-2'].map((item) => ({
      item,
      expected: 'fail' as const,
      outcome: 'fail' as const,
      message: 'x',
      findings: ['x'],
      wrong: null,
    }));
    const result = { fault: 'a + b', title: '', changes, moved: [], unmoved: 9, notRecovered: [], failure: null };
    const each = apart({ ...result, busy: 0.5, durationMs: 300 }, [a, b]);
    expect(each.map(({ fault: name, changes: own }) => [name, own.map(({ item }) => item)])).toEqual([
      ['a', ['A-1']],
      ['b', ['B-1', 'B-2']],
    ]);
    expect(each.map(({ durationMs, title }) => [durationMs, title])).toEqual([
      [150, 'a happens.'],
      [150, 'b happens.'],
    ]);
  });
});
