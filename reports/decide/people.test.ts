import { describe, expect, it } from 'vitest';
import { coverageOf, decide } from './decide.ts';
import { preconditionFor } from './phase-state.ts';
import { decideOne } from './testing/decide-one.ts';
import { IDENTITY, NOW, approvalOf, attestationOf, inputOf, itemOf, planOf, recordOf } from './testing/inputs.ts';

describe('what waits for a person', () => {
  const two = planOf([
    itemOf('A', { dueBy: 'phase2' }),
    itemOf('B'),
    itemOf('C', { phase: 'phase2', dueBy: 'phase2' }),
  ]);
  it('holds the phase it is due by and the whole, not its own phase', () => {
    const outcomes = [recordOf(two, 'A', 'pending'), recordOf(two, 'B'), recordOf(two, 'C')];
    const decision = decide(inputOf(two, { outcomes }));
    expect(decision.phases.map((phase) => phase.decision)).toEqual(['GO', 'HOLD']);
    expect(decision.decision).toBe('HOLD');
    expect(decide(inputOf(two, { outcomes, selectedPhases: ['phase1'] })).selected.decision).toBe('GO');
  });

  const people = {
    kind: 'people/attestation',
    role: 'product-owner',
    params: { statement: 'The team is trained', maxDays: 90 },
  };
  const pending = { outcome: 'pending', reason: 'needs-attestation' } as const;
  it.each([
    ['a valid attestation', people, pending, attestationOf('A'), 'pass', 'GO'],
    ['an expired one', people, pending, attestationOf('A', { expires: NOW.toISOString() }), 'pending', 'HOLD'],
    ['one by another role', people, pending, attestationOf('A', { role: 'platform-team' }), 'pending', 'HOLD'],
    [
      'one by a role nobody declared',
      { ...people, role: 'ghost' },
      pending,
      attestationOf('A', { role: 'ghost' }),
      'error',
      'HOLD',
    ],
    ['one for another release', people, pending, attestationOf('A', { release: '9' }), 'pending', 'HOLD'],
    [
      'one for another environment',
      people,
      pending,
      attestationOf('A', { environment: 'production' }),
      'pending',
      'HOLD',
    ],
    [
      'one for a measured item that waits for arming',
      { role: 'product-owner' },
      { ...pending, reason: 'needs-arming' } as const,
      attestationOf('A'),
      'pending',
      'HOLD',
    ],
    ['one for a measured item', { role: 'product-owner' }, pending, attestationOf('A'), 'pending', 'HOLD'],
    ['one for a measured item that failed', people, { outcome: 'fail' } as const, attestationOf('A'), 'fail', 'NO-GO'],
    ['one for an attested item that nobody asked', people, null, attestationOf('A'), 'not-run', 'HOLD'],
  ] as const)('%s', (_, item, record, attestation, outcome, expected) => {
    const decision = decideOne(item, record, { attestations: [attestation] });
    expect(decision.items[0]?.outcome).toBe(outcome);
    expect(decision.decision).toBe(expected);
  });

  it('warns of an attestation for a measured item or for none', () => {
    const attestations = [attestationOf('B'), attestationOf('Z')];
    const { warnings } = decideOne({}, {}, { attestations });
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).toMatch(/of B .* is refused: cluster\/version is measured/);
    expect(warnings.join()).toMatch(/of Z .* matches no item/);
  });
});

describe('readiness and signatures', () => {
  const plan = planOf([
    itemOf('A'),
    itemOf('S', { phase: 'final', kind: 'people/signature', signOff: true, role: 'product-owner', dueBy: 'final' }),
  ]);
  const outcomes = [recordOf(plan, 'A'), recordOf(plan, 'S', 'pending', { reason: 'needs-signature' })];
  it('is GO while the sign-off waits', () => {
    const decision = decide(inputOf(plan, { outcomes }));
    expect([decision.readiness, decision.decision]).toEqual(['GO', 'HOLD']);
    expect(decision.phases.map(({ readiness }) => readiness)).toEqual(['GO', null]);
  });
  const covers = coverageOf(inputOf(plan, { outcomes }), 'final');
  it('takes a signature of the role that is asked, and stays signed', () => {
    const signed = inputOf(plan, { outcomes, approvals: [approvalOf(covers)] });
    const decision = decide(signed);
    expect([decision.readiness, decision.decision]).toEqual(['GO', 'GO']);
    expect(coverageOf(signed, 'final')).toEqual(covers);
    const other = [approvalOf(covers, { role: 'platform-team' })];
    expect(decide(inputOf(plan, { outcomes, approvals: other })).decision).toBe('HOLD');
  });
  it.each([
    ['an outcome', { outcomes: [recordOf(plan, 'A', 'not-applicable'), ...outcomes.slice(1)] }],
    ['an image', { outcomes: [recordOf(plan, 'A', 'pass', { images: ['shop/api@sha256:bb'] }), ...outcomes.slice(1)] }],
    ['the cluster', { identity: { ...IDENTITY, uid: 'another' } }],
  ])('takes none when %s has changed since', (_, change) => {
    const decision = decide(inputOf(plan, { outcomes, approvals: [approvalOf(covers)], ...change }));
    expect([decision.decision, decision.items[1]?.outcome]).toEqual(['HOLD', 'pending']);
    expect(decision.items[1]?.message).toMatch(
      /A signature for product-owner .* is missing. The signature of grace@example.com/,
    );
  });
  it('is NO-GO by a veto, also of a role that no item asks', () => {
    const veto = approvalOf(covers, { verdict: 'reject', reason: 'The runbook is missing' });
    const decision = decide(inputOf(plan, { outcomes, approvals: [veto] }));
    expect([decision.readiness, decision.decision]).toEqual(['GO', 'NO-GO']);
    const unasked = planOf([itemOf('A')]);
    const vetoed = decide(
      inputOf(unasked, { approvals: [{ ...veto, covers: coverageOf(inputOf(unasked), 'phase1') }] }),
    );
    expect(vetoed.decision).toBe('NO-GO');
    expect(vetoed.reasons.map(({ text }) => text).join()).toMatch(/rejects this release: The runbook is missing/);
  });
  it('says first that nothing but signatures is missing', () => {
    expect(decide(inputOf(plan, { outcomes })).reasons.map(({ text }) => text)).toEqual([
      'ready; one signature is missing (product-owner): golive sign --role ROLE',
    ]);
  });
  it('holds the phase that a permit is due by before it begins, and covers only what is before it', () => {
    const permit = planOf([
      itemOf('A'),
      itemOf('P', { kind: 'people/signature', signOff: true, role: 'product-owner', dueBy: 'phase4' }),
      itemOf('M', { phase: 'phase4', dueBy: 'phase4' }),
    ]);
    const known = [recordOf(permit, 'A'), recordOf(permit, 'P', 'pending', { reason: 'needs-signature' })];
    const input = inputOf(permit, { outcomes: known });
    const { met, why } = preconditionFor(input, 'phase4');
    expect(met).toBe(false);
    expect(why).toMatch(/P is due by phase4/);
    const allowed = coverageOf(input, 'phase1');
    expect(allowed).toMatchObject({ readiness: 'GO', items: { A: 'pass' } });
    expect(preconditionFor({ ...input, approvals: [approvalOf(allowed)] }, 'phase4').met).toBe(true);
  });
  it('is not GO when a measured item is not', () => {
    const failed = [recordOf(plan, 'A', 'fail'), ...outcomes.slice(1)];
    expect(decide(inputOf(plan, { outcomes: failed })).readiness).toBe('NO-GO');
  });
});
