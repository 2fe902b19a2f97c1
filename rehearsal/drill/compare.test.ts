import { describe, expect, it } from 'vitest';
import type { Finding, ReasonCode } from '../../checks/contract/outcome.ts';
import type { ExpectedChange } from '../../specs/loader/drills/types.ts';
import type { BoundFault } from './bound.ts';
import { coverageOf, coveringFaults, isGreen, seenChange, verdictOf, type FaultResult, type Seen } from './compare.ts';

const RESULT: FaultResult = {
  fault: 'redis-killed',
  title: 'Redis is killed',
  changes: [
    { item: 'A-1', expected: 'fail', outcome: 'fail', message: 'redis: no answer', findings: ['down'], wrong: null },
  ],
  moved: [],
  unmoved: 3,
  notRecovered: [],
  failure: null,
  busy: 0.5,
  durationMs: 10,
};
const FAULT: BoundFault = {
  name: 'redis-killed',
  title: 'Redis is killed',
  inject: [{ lever: 'redis.kill' }],
  changes: [{ item: 'A-1', outcome: 'fail', findings: [{ id: 'down' }] }],
  mayChange: {},
};

const FINDING: Finding = {
  id: 'down',
  subject: { name: 'Redis at cache:6379' },
  data: { why: 'connection refused', tries: 3 },
  says: 'Redis at cache:6379: does not answer (connection refused).',
  fix: 'Start it.',
};
const seen = (over: Partial<Seen> = {}): Seen => ({
  item: 'A-1',
  outcome: 'fail',
  reason: 'does-not-conform',
  message: 'as text',
  findings: [FINDING],
  doubts: [],
  ...over,
});
const error = (reason: ReasonCode, detail?: string): Seen =>
  seen({ outcome: 'error', reason, ...(detail === undefined ? {} : { detail }), findings: [] });
const wrongOf = (expected: Omit<ExpectedChange, 'item'>, record: Seen): string | null =>
  seenChange({ item: 'A-1', ...expected }, record).wrong;

describe('seenChange', () => {
  it.each<[string, Omit<ExpectedChange, 'item'>, Seen]>([
    ['an id', { outcome: 'fail', findings: [{ id: 'down' }] }, seen()],
    ['one of several ids', { outcome: 'fail', findings: [{ id: ['hung', 'down'] }] }, seen()],
    ['a subject', { outcome: 'fail', findings: [{ id: 'down', subject: 'Redis at *' }] }, seen()],
    ['data', { outcome: 'fail', findings: [{ id: 'down', data: { why: '*refused', tries: '3' } }] }, seen()],
    ['one of several values', { outcome: 'fail', findings: [{ id: 'down', data: { tries: [2, 3] } }] }, seen()],
    ['any character', { outcome: 'fail', findings: [{ id: 'down', subject: 'Redis at cache:????' }] }, seen()],
    ['one of several lists', { outcome: 'fail', anyOf: [[{ id: 'hung' }], [{ id: 'down' }]] }, seen()],
    ['a reason', { outcome: 'error', reason: 'unreachable' }, error('unreachable')],
    [
      'a detail',
      { outcome: 'error', reason: 'unreachable', detail: ['reset', 'refused'] },
      error('unreachable', 'refused'),
    ],
    [
      'a doubt',
      { outcome: 'inconclusive', doubts: [{ reason: 'no-subjects', detail: 'not-done' }] },
      seen({
        outcome: 'inconclusive',
        findings: [],
        doubts: [{ reason: 'no-subjects', detail: 'not-done', why: 'x' }],
      }),
    ],
  ])('takes what is expected by %s', (_, expected, record) => expect(wrongOf(expected, record)).toBeNull());

  it.each<[string, Omit<ExpectedChange, 'item'>, Seen, string]>([
    ['another outcome', { outcome: 'fail', findings: [{ id: 'down' }] }, error('timeout'), 'is error, expected fail'],
    [
      'another id',
      { outcome: 'fail', findings: [{ id: ['hung', 'refused'] }] },
      seen(),
      'is fail, expected hung or refused, seen down of Redis at cache:6379 {why: connection refused, tries: 3}',
    ],
    [
      'one of two missing',
      { outcome: 'fail', findings: [{ id: 'down' }, { id: 'hung' }] },
      seen(),
      'is fail, expected down and hung, seen down of Redis at cache:6379 {why: connection refused, tries: 3}',
    ],
    [
      'another subject, as a whole',
      { outcome: 'fail', findings: [{ id: 'down', subject: 'Redis' }] },
      seen(),
      'is fail, expected down of Redis, seen down of Redis at cache:6379 {why: connection refused, tries: 3}',
    ],
    [
      'data that it does not have',
      { outcome: 'fail', findings: [{ id: 'down', data: { step: '*' } }] },
      seen(),
      'is fail, expected down {step: *}, seen down of Redis at cache:6379 {why: connection refused, tries: 3}',
    ],
    [
      'another detail',
      { outcome: 'error', reason: 'unauthorized', detail: 'WRONGPASS' },
      error('unauthorized', 'NOAUTH'),
      'is error, expected unauthorized (WRONGPASS), seen unauthorized (NOAUTH)',
    ],
  ])('refuses %s', (_, expected, record, wrong) => expect(wrongOf(expected, record)).toBe(wrong));

  it('takes signs of patterns that mean nothing here as they are', () => {
    const record = seen({ findings: [{ ...FINDING, data: { place: 'data["a.b"] (x)' } }] });
    const at = (place: string): string | null =>
      wrongOf({ outcome: 'fail', findings: [{ id: 'down', data: { place } }] }, record);
    expect([at('data["a.b"] (*)'), at('data["a-b"] (*)') === null]).toEqual([null, false]);
  });

  it('tells the ids that were found', () =>
    expect(seenChange({ item: 'A-1', outcome: 'fail', findings: [{ id: 'down' }] }, seen()).findings).toEqual([
      'down',
    ]));
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
    ['an item is red for another reason', { changes: [{ ...green, wrong: 'is fail, expected x, seen y' }] }, 'wrong'],
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
      changes: [{ item: 'B-1', expected: 'fail', outcome: 'pass', message: '', findings: [], wrong: 'is pass' }],
    };
    expect(coverageOf(['A-1', 'B-1'], [RESULT, wrong as FaultResult])).toEqual([
      { item: 'A-1', faults: ['redis-killed'] },
      { item: 'B-1', faults: [] },
    ]);
  });
});

describe('coveringFaults', () => {
  const fault = (name: string, ...items: string[]): BoundFault => ({
    ...FAULT,
    name,
    changes: items.map((item) => ({
      item,
      outcome: 'fail',
      findings: [{ id: 'x' }],
    })) as unknown as BoundFault['changes'],
  });
  it('names every item with few faults, in their order', () => {
    const faults = [fault('one', 'A-1'), fault('two', 'A-1', 'B-1'), fault('three', 'C-1'), fault('four', 'B-1')];
    expect(coveringFaults(faults).map(({ name }) => name)).toEqual(['two', 'three']);
  });
  it('is empty for no faults', () => expect(coveringFaults([])).toEqual([]));
});
