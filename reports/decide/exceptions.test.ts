/** What a decision may not rest on: what is only planned, and exceptions that nobody looks at again. */
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import type { DecisionInput } from './input.ts';
import { decideOne } from './testing/decide-one.ts';
import { enforced, inputOf, itemOf, planOf, waiverOf } from './testing/inputs.ts';

describe('planned items', () => {
  const planned = (over: Parameters<typeof itemOf>[1] = {}) => itemOf('A', { kind: 'planned', ...over });
  const decided = (plan: ReturnType<typeof planOf>, over: Partial<DecisionInput> = {}) => decide(inputOf(plan, over));

  it.each([
    ['critical', 'HOLD', 'HOLD'],
    ['major', 'HOLD', 'HOLD'],
    ['minor', 'GO', 'GO'],
  ] as const)(
    'of severity %s hold their phase (%s) where preconditions are enforced, and the whole',
    (severity, phase, whole) => {
      const plan = planOf([planned({ severity }), itemOf('B')]);
      const strict = decided(enforced(plan), { selectedPhases: ['phase1'] });
      expect([strict.phases[0]?.decision, strict.selected.decision, strict.decision]).toEqual([phase, phase, whole]);
      expect(strict.reasons.filter(({ code }) => code === 'planned')).toHaveLength(phase === 'GO' ? 0 : 1);
      const lenient = decided(plan, { selectedPhases: ['phase1'] });
      expect([lenient.phases[0]?.decision, lenient.decision]).toEqual(['GO', whole]);
    },
  );

  it('let no later phase start, hold no readiness when they are sign-offs, and never hold the scheduled verification', () => {
    const plan = enforced(planOf([planned(), itemOf('B'), itemOf('C', { phase: 'phase2' })]));
    expect(decided(plan).phases[1]?.reasons.map(({ code }) => code)).toEqual(['precondition']);
    const signOff = decided(enforced(planOf([planned({ signOff: true }), itemOf('B')])));
    expect([signOff.decision, signOff.readiness]).toEqual(['HOLD', 'GO']);
    const after = enforced(
      planOf([itemOf('B'), planned({ phase: 'post-deployment' }), itemOf('D', { phase: 'post-deployment' })]),
    );
    expect(decided(after, { selectedPhases: ['post-deployment'] }).selected.decision).toBe('GO');
  });
});

describe('exceptions', () => {
  const plan = planOf([itemOf('A'), itemOf('B')]);
  const override = { item: 'A', param: 'url', value: 1, why: 'known', approver: 'Ada' };
  const decided = (expires: string) =>
    decide(
      inputOf(planOf(plan.items, { environment: { ...plan.environment, overrides: [{ ...override, expires }] } })),
    );

  it('an override that has ended, or stands for more than a year, holds the decision', () => {
    expect(decided('2027-06-01T00:00:00Z').decision).toBe('GO');
    expect(decided('2027-02-28T00:00:00Z').reasons).toMatchObject([
      { code: 'override-ended', text: expect.stringContaining('A url (Ada) expired at 2027-02-28') as string },
    ]);
    expect(decided('9999-12-31T23:59:59Z').decision).toBe('HOLD');
  });

  it('a waiver for more than a year covers nothing, and says so', () => {
    const waivers = [waiverOf('A', { expires: '9999-12-31T23:59:59Z' })];
    const decision = decideOne({}, { outcome: 'fail' }, { waivers });
    expect(decision.decision).toBe('NO-GO');
    expect(decision.warnings.join()).toContain('more than a year from now: it does not apply');
  });
});
