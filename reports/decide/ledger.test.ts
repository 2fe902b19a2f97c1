import { describe, expect, it } from 'vitest';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import { decide } from './decide.ts';
import type { DecisionInput, LedgerPhase } from './input.ts';
import { phaseState, preconditionFor } from './phase-state.ts';
import { enforced, inputOf, itemOf, ledgerPhaseOf, planOf, recordOf, waiverOf } from './testing/inputs.ts';

const plan = planOf([itemOf('A'), itemOf('B', { phase: 'phase2' }), itemOf('C', { phase: 'phase3' })]);

/** A run of phase2 alone, with what earlier runs left. */
function second(ledger: readonly LedgerPhase[], over: Partial<DecisionInput> = {}) {
  return decide(inputOf(plan, { outcomes: [recordOf(plan, 'B')], selectedPhases: ['phase2'], ledger, ...over }));
}
function before(record: Partial<OutcomeRecord> = {}, over: Partial<LedgerPhase> = {}): LedgerPhase {
  return ledgerPhaseOf(plan, 'phase1', [recordOf(plan, 'A', record.outcome ?? 'pass', record)], over);
}
const third = ledgerPhaseOf(plan, 'phase3', [recordOf(plan, 'C')]);

describe('phases of earlier runs', () => {
  it('stand, and complete the whole', () => {
    const decision = second([before(), third]);
    expect([decision.decision, decision.selected.decision]).toEqual(['GO', 'GO']);
    expect(decision.phases.map(({ from, fromRun }) => [from, fromRun])).toEqual([
      ['ledger', 'run-before'],
      ['run', undefined],
      ['ledger', 'run-before'],
    ]);
    expect(decision.items.map(({ from }) => from)).toEqual(['ledger', 'run', 'ledger']);
  });

  it('that nobody decided hold the whole, not the phases that were asked for', () => {
    const decision = second([before()]);
    expect([decision.decision, decision.selected.decision]).toEqual(['HOLD', 'GO']);
    expect(decision.phases[2]).toMatchObject({ decision: null, from: 'none' });
    expect(decision.reasons.map(({ code, phase }) => [code, phase])).toEqual([['phase-missing', 'phase3']]);
    expect(decision.reasons[0]?.text).toMatch(/run --project=phase3/);
  });

  it('of another plan do not stand, and that is said', () => {
    const decision = second([before({}, { planDigest: 'sha256:other' }), third]);
    expect(decision.decision).toBe('HOLD');
    expect(decision.warnings.join()).toMatch(/phase1 was decided by run run-before under another plan/);
  });

  it('do not stand while nobody knows which environment this is', () => {
    expect(second([before(), third], { identity: null }).phases.map(({ from }) => from)).toEqual([
      'none',
      'run',
      'none',
    ]);
  });

  it('the latest one counts, in any order, also when it never ended', () => {
    const bad = before(
      { outcome: 'fail' },
      { runId: 'later', decidedAt: '2027-03-01T11:00:00.000Z', decision: 'NO-GO' },
    );
    for (const ledger of [
      [before(), bad, third],
      [bad, before(), third],
    ]) {
      expect(second(ledger).decision).toBe('NO-GO');
    }
    const open = { ...bad, decision: null, decisionWithoutWaivers: null, readiness: null, outcomes: [] };
    const decision = second([before(), open, third]);
    expect(decision.decision).toBe('HOLD');
    expect(decision.reasons[0]?.text).toMatch(/run later started it last and never finished/);
  });

  it('never speak over what this run did itself', () => {
    const stands = ledgerPhaseOf(plan, 'phase2', [recordOf(plan, 'B')]);
    const decision = second([before(), stands, third], { outcomes: [] });
    expect(decision.items[1]).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
    expect([decision.decision, decision.selected.decision]).toEqual(['HOLD', 'HOLD']);
    expect(second([before(), third, { ...stands, runId: 'run-now' }]).decision).toBe('GO');
  });

  it('never get better than they were recorded', () => {
    const decision = second([
      before({}, { decision: 'NO-GO', decisionWithoutWaivers: 'NO-GO', readiness: 'NO-GO' }),
      third,
    ]);
    expect([decision.decision, decision.readiness, decision.decisionWithoutWaivers]).toEqual([
      'NO-GO',
      'NO-GO',
      'NO-GO',
    ]);
    expect(decision.phases[0]?.reasons[0]?.code).toBe('recorded');
  });

  it('lose an expired waiver', () => {
    const failed = before({ outcome: 'fail' }, { decisionWithoutWaivers: 'NO-GO' });
    const waivers = [waiverOf('A')];
    expect(second([failed, third], { waivers })).toMatchObject({ decision: 'GO', decisionWithoutWaivers: 'NO-GO' });
    const expired = [waiverOf('A', { expires: '2027-03-01T11:00:00Z' })];
    expect(second([failed, third], { waivers: expired }).decision).toBe('NO-GO');
  });

  it('lack the items they have no outcome of', () => {
    const decision = second([{ ...before(), outcomes: [] }, third]);
    expect(decision.items[0]).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
    expect(decision.decision).toBe('HOLD');
  });
});

describe('freshness', () => {
  it.each([
    ['just young enough', '2027-02-28T12:00:00Z', 'pass', 'GO'],
    ['too old by a second', '2027-02-28T11:59:59Z', 'not-run', 'HOLD'],
    ['from the future', '2027-03-01T12:02:01Z', 'not-run', 'HOLD'],
    ['from a clock that is a little ahead', '2027-03-01T12:01:59Z', 'pass', 'GO'],
    ['at no time', 'yesterday', 'not-run', 'HOLD'],
  ] as const)('evidence %s', (_, startedAt, outcome, expected) => {
    const decision = second([before({ startedAt }), third]);
    expect(decision.items[0]?.outcome).toBe(outcome);
    expect(decision.items[0]?.reason).toBe(outcome === 'pass' ? undefined : 'stale');
    expect(decision.decision).toBe(expected);
    expect(decision.selected.decision).toBe('GO');
  });

  it('old bad news stays bad', () => {
    const old = before({ outcome: 'fail', startedAt: '2027-01-01T00:00:00Z' }, { decision: 'NO-GO' });
    expect(second([old, third]).decision).toBe('NO-GO');
  });

  it.each([
    ['the same image', ['app@sha256:1'], ['app@sha256:1'], 'pass'],
    ['another digest of it', ['app@sha256:1'], ['app@sha256:2'], 'not-run'],
    ['both digests, as in blue and green', ['app@sha256:1'], ['app@sha256:1', 'app@sha256:2'], 'pass'],
    ['other images only', ['app@sha256:1'], ['db@sha256:9'], 'pass'],
    ['one of two changed', ['app@sha256:1', 'db@sha256:9'], ['app@sha256:1', 'db@sha256:8'], 'not-run'],
    ['bare digests, changed', ['sha256:1'], ['sha256:2'], 'not-run'],
  ])('evidence of an image, this run saw %s', (_, then, now, outcome) => {
    const outcomes = [recordOf(plan, 'B', 'pass', { images: now })];
    const decision = second([before({ images: then }), third], { outcomes });
    expect(decision.items[0]?.outcome).toBe(outcome);
    expect(decision.decision).toBe(outcome === 'pass' ? 'GO' : 'HOLD');
  });

  it('a later earlier run replaces the images of an older one', () => {
    const newer = ledgerPhaseOf(plan, 'phase3', [recordOf(plan, 'C', 'pass', { images: ['app@sha256:2'] })], {
      decidedAt: '2027-03-01T11:00:00.000Z',
    });
    const decision = second([before({ images: ['app@sha256:1'] }), newer]);
    expect(decision.items.map(({ outcome }) => outcome)).toEqual(['not-run', 'pass', 'pass']);
  });
});

describe('preconditions', () => {
  const strict = enforced(plan);
  const asked = (ledger: readonly LedgerPhase[], over: Partial<DecisionInput> = {}) =>
    inputOf(strict, { outcomes: [recordOf(strict, 'B')], selectedPhases: ['phase2'], ledger, ...over });
  const good = ledgerPhaseOf(strict, 'phase1', [recordOf(strict, 'A')]);

  it('are met by GO in the ledger or in this run', () => {
    expect(preconditionFor(asked([]), 'phase1').met).toBe(true);
    expect(preconditionFor(asked([good]), 'phase2')).toEqual({ met: true, why: 'phase1 is GO (run run-before)' });
    const both = asked([], { outcomes: [recordOf(strict, 'A')], selectedPhases: ['phase1', 'phase2'] });
    expect(preconditionFor(both, 'phase2').met).toBe(true);
    expect(phaseState(both, 'phase2')?.decision).toBe('HOLD');
    expect(phaseState(both, 'phase9')).toBeNull();
  });

  it.each([
    ['no decision', []],
    ['NO-GO', [ledgerPhaseOf(strict, 'phase1', [recordOf(strict, 'A', 'fail')])]],
    [
      'stale evidence',
      [ledgerPhaseOf(strict, 'phase1', [recordOf(strict, 'A', 'pass', { startedAt: '2027-01-01T00:00:00Z' })])],
    ],
    ['another plan', [{ ...good, planDigest: 'sha256:other' }]],
  ])('are not met with %s', (_, ledger) => {
    const { met, why } = preconditionFor(asked(ledger), 'phase2');
    expect(met).toBe(false);
    expect(why).toMatch(/^phase1 is /);
    // Whoever lets the phase run all the same does not get GO for it.
    expect(decide(asked(ledger)).selected.decision).toBe('HOLD');
    expect(decide(asked(ledger)).phases[1]?.reasons[0]?.code).toBe('precondition');
  });

  it('hold nothing where they are only reported, but are told', () => {
    const events = [
      { at: '', event: 'precondition', phase: 'phase2', met: false, enforced: false, why: 'phase1 is HOLD' } as const,
    ];
    const decision = second([], { events });
    expect(decision.selected.decision).toBe('GO');
    expect(decision.warnings.join()).toMatch(/phase2: its precondition is not met.*phase1 is HOLD/);
  });

  it('do not bind the scheduled verification', () => {
    const after = enforced(planOf([itemOf('A'), itemOf('B', { phase: 'post-deployment' })]));
    const input = inputOf(after, { outcomes: [recordOf(after, 'B')], selectedPhases: ['post-deployment'] });
    expect(decide(input).selected.decision).toBe('GO');
  });
});
