import { describe, expect, it } from 'vitest';
import { decide, readinessDigest } from './decide.ts';
import { decideOne } from './testing/decide-one.ts';
import { NOW, attestationOf, inputOf, itemOf, planOf, recordOf } from './testing/inputs.ts';

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

  const people = { kind: 'people/attestation', role: 'product-owner', params: { statement: 'The team is trained', maxDays: 90 } };
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
  it('takes a signature of the role that is asked, and stays signed', () => {
    const covers = readinessDigest(decide(inputOf(plan, { outcomes })), plan);
    const by = (role: string) => [{ item: 'S', role, approver: 'Grace', signedAt: '2027-03-01T12:00:00Z', covers }];
    const signed = decide(inputOf(plan, { outcomes, approvals: by('product-owner') }));
    expect([signed.readiness, signed.decision]).toEqual(['GO', 'GO']);
    expect(readinessDigest(signed, plan)).toBe(covers);
    expect(decide(inputOf(plan, { outcomes, approvals: by('platform-team') })).decision).toBe('HOLD');
    const changed = [recordOf(plan, 'A', 'error'), ...outcomes.slice(1)];
    expect(decide(inputOf(plan, { outcomes: changed, approvals: by('product-owner') })).items[1]?.outcome).toBe(
      'pending',
    );
  });
  it('takes no signature under something else', () => {
    const approvals = [{ item: 'S', role: 'product-owner', approver: 'Grace', signedAt: '', covers: 'sha256:else' }];
    expect(decide(inputOf(plan, { outcomes, approvals })).decision).toBe('HOLD');
  });
  it('is not GO when a measured item is not', () => {
    const failed = [recordOf(plan, 'A', 'fail'), ...outcomes.slice(1)];
    expect(decide(inputOf(plan, { outcomes: failed })).readiness).toBe('NO-GO');
  });
});
