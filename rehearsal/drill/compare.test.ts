import { describe, expect, it } from 'vitest';
import type { Fault } from '../faults/fault.ts';
import {
  coverageOf,
  coveringFaults,
  declarationProblems,
  isGreen,
  seenChange,
  verdictOf,
  type FaultResult,
} from './compare.ts';

const RESULT: FaultResult = {
  fault: 'redis-killed',
  title: 'Redis is killed',
  changes: [{ item: 'A-1', expected: 'fail', outcome: 'fail', message: 'redis: no answer', wrong: null }],
  moved: [],
  unmoved: 3,
  notRecovered: [],
  failure: null,
  busy: 0.5,
  durationMs: 10,
};
const FAULT: Fault = {
  name: 'redis-killed',
  title: 'Redis is killed',
  inject: [{ lever: 'redis.kill' }],
  changes: [{ item: 'A-1', outcome: 'fail', says: /no answer/ }],
};

describe('seenChange', () => {
  const expected = { item: 'A-1', outcome: 'fail', says: /no answer/ } as const;

  it('accepts the declared outcome for the declared reason', () => {
    expect(seenChange(expected, { item: 'A-1', outcome: 'fail', message: 'redis: no answer' }).wrong).toBeNull();
  });
  it('refuses another outcome', () => {
    const { wrong } = seenChange(expected, { item: 'A-1', outcome: 'error', message: 'redis: no answer' });
    expect(wrong).toBe('is error, expected fail');
  });
  it('refuses red for another reason', () => {
    const { wrong } = seenChange(expected, { item: 'A-1', outcome: 'fail', message: 'certificate expired' });
    expect(wrong).toBe('is fail, but not for /no answer/');
  });
});

describe('isGreen', () => {
  it('is true when everything is as declared', () => expect(isGreen(RESULT)).toBe(true));
  it.each([
    ['a change is wrong', { changes: [{ ...RESULT.changes[0], wrong: 'is pass' }] }],
    ['another item moved', { moved: [{ item: 'B-1', outcome: 'fail', message: 'x' }] }],
    ['an item did not come back', { notRecovered: [{ item: 'A-1', outcome: 'fail', message: 'x' }] }],
    ['the fault could not be injected', { failure: 'no lever' }],
  ])('is false when %s', (_, over) => expect(isGreen({ ...RESULT, ...over } as FaultResult)).toBe(false));
});

describe('verdictOf', () => {
  const green = RESULT.changes[0];
  const stayed = { changes: [{ ...green, outcome: 'pass', wrong: 'is pass, expected fail' }] };
  const late = { outcome: 'inconclusive', reason: 'generator-saturated' };
  it.each<[string, object, string]>([
    ['as declared', {}, 'as declared'],
    ['as declared, also on a machine that is busy', { busy: 1 }, 'as declared'],
    ['an item stays green', stayed, 'wrong'],
    ['an item stays green while no CPU time is left', { ...stayed, busy: 0.95 }, 'not proven'],
    ['an item is red for another reason', { changes: [{ ...green, wrong: 'is fail, but not for /x/' }] }, 'wrong'],
    ['the generator was late', { changes: [{ ...green, ...late, wrong: 'is inconclusive' }] }, 'not proven'],
    ['the generator was late for another item', { moved: [{ item: 'B-1', message: 'x', ...late }] }, 'not proven'],
    [
      'the generator was late, and an item stays green',
      { ...stayed, moved: [{ item: 'B-1', message: 'x', ...late }] },
      'wrong',
    ],
    ['another inconclusive', { changes: [{ ...green, ...late, reason: 'no-subjects', wrong: 'is' }] }, 'wrong'],
    ['the fault could not be injected', { failure: 'no lever' }, 'wrong'],
  ])('%s', (_, over, verdict) => expect(verdictOf({ ...RESULT, ...over })).toBe(verdict));
});

describe('coverageOf', () => {
  it('counts a fault only for items that turned red as declared', () => {
    const wrong = {
      ...RESULT,
      fault: 'other',
      changes: [{ item: 'B-1', expected: 'fail', outcome: 'pass', message: '', wrong: 'is pass' }],
    };
    expect(coverageOf(['A-1', 'B-1'], [RESULT, wrong as FaultResult])).toEqual([
      { item: 'A-1', faults: ['redis-killed'] },
      { item: 'B-1', faults: [] },
    ]);
  });
});

describe('coveringFaults', () => {
  const fault = (name: string, ...items: string[]): Fault => ({
    ...FAULT,
    name,
    changes: items.map((item) => ({ item, outcome: 'fail', says: /x/ })) as unknown as Fault['changes'],
  });
  it('names every item with few faults, in their order', () => {
    const faults = [fault('one', 'A-1'), fault('two', 'A-1', 'B-1'), fault('three', 'C-1'), fault('four', 'B-1')];
    expect(coveringFaults(faults).map(({ name }) => name)).toEqual(['two', 'three']);
  });
  it('is empty for no faults', () => expect(coveringFaults([])).toEqual([]));
});

describe('declarationProblems', () => {
  it('has nothing to say of a sound fault', () =>
    expect(declarationProblems([FAULT], new Set(['A-1']), new Set(['A-1']))).toEqual([]));
  it('names what is wrong, all of it', () => {
    const loose: Fault = {
      ...FAULT,
      changes: [{ item: 'Z-9', outcome: 'fail', says: /.*/ }],
      mayChange: { 'Y-8': 'why' },
    };
    expect(declarationProblems([FAULT, loose], new Set(['A-1']), new Set(['A-1', 'B-1']))).toEqual([
      'fault redis-killed is declared twice',
      'fault redis-killed changes Z-9, which is no built item',
      'fault redis-killed: what Z-9 says matches an empty message',
      'fault redis-killed may change Y-8, which is no item',
    ]);
  });
});
