import { describe, expect, it } from 'vitest';
import { validateParams } from '../../kit/params.ts';
import { playwrightSpec } from './check.ts';

describe('playwright/spec', () => {
  const params = { file: 'shop.spec.ts', title: 'pays' };
  const judge = (failedAssertions: readonly string[]) =>
    playwrightSpec.judge(params, { observations: [], failedAssertions, markedToFail: false }, { now: new Date() });

  it('tells every failed assertion, each by its first lines', () => {
    const long = ['expect(received).toEqual(expected)', '', ...Array.from({ length: 20 }, (_, n) => `line ${n}`)];
    const judgement = judge([long.join('\n'), 'second']);
    if (judgement.outcome !== 'fail') throw new Error(judgement.outcome);
    expect(judgement.findings.map(({ data }) => data['assertion'])).toEqual([
      `expect(received).toEqual(expected)\n${Array.from({ length: 7 }, (_, n) => `line ${n}`).join('\n')}\n…`,
      'second',
    ]);
    expect(JSON.stringify(judgement.evidence)).toContain('line 19');
  });
  it('takes the class of change from the item, and none by itself', () => {
    expect(playwrightSpec.mutationOf?.(params)).toBeUndefined();
    expect(playwrightSpec.mutationOf?.({ ...params, mutation: 'cutover' })).toBe('cutover');
  });
  it.each([
    { ...params, file: '/etc/shop.spec.ts' },
    { ...params, file: 'shop.test.ts' },
    { ...params, title: '' },
    { ...params, title: ' pays' },
    { ...params, title: 'pays\nmore' },
    { ...params, mutation: 'destroy' },
  ])('refuses %o', (wrong) => {
    expect(validateParams(playwrightSpec, wrong).ok).toBe(false);
  });
});
