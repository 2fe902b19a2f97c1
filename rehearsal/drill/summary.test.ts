import { describe, expect, it } from 'vitest';
import type { BoundFault } from './bound.ts';
import { coverageOf, type FaultResult, type Seen } from './compare.ts';
import type { DrillResult } from './drill.ts';
import { summaryOf } from './summary.ts';

const fault = (name: string, item: string): BoundFault => ({
  name,
  title: name,
  inject: [{ lever: 'redis.kill' }],
  changes: [{ item, outcome: 'fail', findings: [{ id: 'x' }] }],
  mayChange: {},
});
const FAULTS = [fault('one', 'A-1'), fault('two', 'B-1')];

function resultOf(name: string, item: string, over: Partial<FaultResult> = {}): FaultResult {
  return {
    fault: name,
    title: name,
    changes: [{ item, expected: 'fail', outcome: 'fail', message: 'x', findings: ['x'], wrong: null }],
    moved: [],
    unmoved: 3,
    notRecovered: [],
    failure: null,
    busy: 0.5,
    durationMs: 10,
    ...over,
  };
}
const stayed = (item: string) => ({
  changes: [{ item, expected: 'fail', outcome: 'pass', message: '', findings: [], wrong: 'is pass' }] as const,
});
const GREEN = [resultOf('one', 'A-1'), resultOf('two', 'B-1')];

function summary(results: readonly FaultResult[], over: Partial<DrillResult> = {}) {
  const rest = { unhealthy: [], leftOut: [], notRecovered: [], busyAtEnd: 0.5, durationMs: 20 };
  return summaryOf(coverageOf(['A-1', 'B-1'], results), { ...rest, results, ...over }, FAULTS);
}

describe('summaryOf', () => {
  it('has nothing to say when each item turned red as declared', () => {
    expect(summary(GREEN)).toEqual({ wrong: [], notProven: [] });
  });

  it('calls an item that stays green wrong, and its fault', () => {
    expect(summary([resultOf('one', 'A-1'), resultOf('two', 'B-1', stayed('B-1'))])).toEqual({
      wrong: ['two', 'B-1'],
      notProven: [],
    });
  });

  it('calls it not proven while no CPU time was left', () => {
    expect(summary([resultOf('one', 'A-1'), resultOf('two', 'B-1', { ...stayed('B-1'), busy: 0.99 })])).toEqual({
      wrong: [],
      notProven: ['two', 'B-1'],
    });
  });

  it('calls an item that no fault was tried for not proven where it was left out, else wrong', () => {
    const late: Seen = {
      item: 'B-1',
      outcome: 'inconclusive',
      reason: 'generator-saturated',
      message: '',
      findings: [],
      doubts: [],
    };
    const one = [resultOf('one', 'A-1')];
    expect(summary(one, { leftOut: [late] })).toEqual({ wrong: [], notProven: ['B-1'] });
    expect(summaryOf(coverageOf(['A-1', 'C-1'], one), { ...resultFor(one) }, FAULTS.slice(0, 1)).wrong).toEqual([
      'C-1',
    ]);
  });

  it('calls what did not come back wrong, unless the machine was busy then', () => {
    const notRecovered: readonly Seen[] = [{ item: 'A-1', outcome: 'fail', message: 'x', findings: [], doubts: [] }];
    expect(summary(GREEN, { notRecovered })).toEqual({ wrong: ['A-1'], notProven: [] });
    expect(summary(GREEN, { notRecovered, busyAtEnd: 0.95 })).toEqual({ wrong: [], notProven: ['A-1'] });
  });
});

function resultFor(results: readonly FaultResult[]): DrillResult {
  return { unhealthy: [], leftOut: [], results, notRecovered: [], busyAtEnd: 0.5, durationMs: 20 };
}
