/** What an emergency does: of several branches the furthest, at once; and what is unclear takes traffic back. */
import { describe, expect, it } from 'vitest';
import { decideByTree, type BranchReading } from './tree.ts';

const BRANCHES = [
  { name: 'Error rate', above: 0.05, action: 'rollback' },
  { name: 'Security incident', above: 0, action: 'stop' },
  { name: 'Business impact', above: 0.3, action: 'escalate' },
] as const;
const readings = (...values: readonly (number | null)[]): readonly BranchReading[] =>
  BRANCHES.map(({ name }, index) => ({ branch: name, value: values[index] ?? null, why: 'no answer' }));

describe('the decision tree', () => {
  it.each([
    ['errors', [0.06, 0, 0], 'rollback', 'Error rate'],
    ['a security incident', [0.01, 1, 0], 'stop', 'Security incident'],
    ['business impact', [0.01, 0, 0.4], 'escalate', 'Business impact'],
    ['the furthest of all three', [0.06, 1, 0.4], 'rollback', 'Error rate'],
    ['security before business', [0.01, 2, 0.9], 'stop', 'Security incident'],
    ['an endless error rate', [Infinity, 0, 0], 'rollback', 'Error rate'],
    ['errors, and nobody knows the rest', [0.06, null, null], 'rollback', 'Error rate'],
    ['security, and nobody knows the error rate', [null, 1, 0], 'rollback', null],
    ['security, and the error rate is no number', [NaN, 1, 0], 'rollback', null],
    ['nothing that a branch sees', [0.05, 0, 0.3], 'rollback', null],
    ['nothing that is known', [null, null, null], 'rollback', null],
  ] as const)('%s', (_, values, action, branch) => {
    expect(decideByTree(BRANCHES, readings(...values))).toMatchObject({ action, branch });
  });

  it('says why', () => {
    expect(decideByTree(BRANCHES, readings(0.06, 0, 0)).why).toBe('Error rate is 0.06, above 0.05');
    expect(decideByTree(BRANCHES, readings(0.01, null, 0)).why).toBe('Security incident is not known: no answer');
    expect(decideByTree([], []).why).toBe('no branch of the decision tree says what is wrong');
  });
});
