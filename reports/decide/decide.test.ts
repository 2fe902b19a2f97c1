import { describe, expect, it } from 'vitest';
import type { DecisionName } from '../../checks/contract/decision.ts';
import type { OutcomeName, OutcomeRecord, Severity } from '../../checks/contract/outcome.ts';
import { OUTCOMES, SEVERITIES } from '../../checks/contract/outcome.ts';
import type { DecisionInput } from './input.ts';
import { decide, exitCodeOf, readinessDigest } from './decide.ts';
import { badness, byText } from './order.ts';
import {
  IDENTITY,
  NOW,
  attestationOf,
  headerOf,
  inputOf,
  itemOf,
  planOf,
  recordOf,
  waiverOf,
} from './testing/inputs.ts';

/** One item of interest beside one that passes, so that the phase has been judged. */
function decideOne(
  item: Parameters<typeof itemOf>[1],
  record: Partial<OutcomeRecord> | null,
  over: Partial<DecisionInput> = {},
) {
  const plan = planOf([itemOf('A', item), itemOf('B')]);
  const outcomes = [recordOf(plan, 'B')];
  if (record) outcomes.push(recordOf(plan, 'A', record.outcome ?? 'pass', record));
  return decide(inputOf(plan, { outcomes, ...over }));
}

const BLOCKS: Readonly<Record<OutcomeName, readonly [phase: DecisionName, whole: DecisionName]>> = {
  pass: ['GO', 'GO'],
  fail: ['NO-GO', 'NO-GO'],
  error: ['HOLD', 'HOLD'],
  inconclusive: ['HOLD', 'HOLD'],
  pending: ['HOLD', 'HOLD'],
  // Not allowed by this item.
  'not-applicable': ['HOLD', 'HOLD'],
  'not-run': ['HOLD', 'HOLD'],
  // Recorded so for an item that has a kind.
  planned: ['HOLD', 'HOLD'],
};

describe('every outcome × severity × waiver', () => {
  const waived: Readonly<Partial<Record<OutcomeName, boolean>>> = {
    fail: true,
    error: true,
    inconclusive: true,
    'not-applicable': true,
    planned: true,
  };
  const rows = OUTCOMES.flatMap((outcome) =>
    SEVERITIES.flatMap((severity) =>
      (['none', 'valid', 'expired'] as const).map((waiver): [OutcomeName, Severity, 'none' | 'valid' | 'expired'] => [
        outcome,
        severity,
        waiver,
      ]),
    ),
  );
  it.each(rows)('%s, %s, waiver %s', (outcome, severity, waiver) => {
    const waivers = { none: [], valid: [waiverOf('A')], expired: [waiverOf('A', { expires: '2027-03-01T12:00:00Z' })] };
    const decision = decideOne({ severity }, { outcome }, { waivers: waivers[waiver] });
    const blocks = severity !== 'minor';
    const [phase, whole] = blocks ? BLOCKS[outcome] : (['GO', 'GO'] as const);
    const helps = blocks && waiver === 'valid' && waived[outcome] === true;
    expect(decision.phases[0]?.decision).toBe(helps ? 'GO' : phase);
    expect(decision.decision).toBe(helps ? 'GO' : whole);
    expect(decision.selected.decision).toBe(decision.decision);
    expect(decision.phases[0]?.decisionWithoutWaivers).toBe(phase);
    expect(decision.decisionWithoutWaivers).toBe(whole);
    expect(decision.items[0]?.waived === null).toBe(!helps);
    expect(decision.items.map(({ severity: shown }) => shown)).toEqual([severity, 'critical']);
    if (waiver === 'expired') expect(decision.warnings.join()).toMatch(blocks ? /expired/ : /expired|not needed/);
  });

  it('waives nothing that cannot be waived, is for another release or environment, or names another item', () => {
    const no = (waiver: ReturnType<typeof waiverOf>, item = {}) =>
      decideOne(item, { outcome: 'fail' }, { waivers: [waiver] });
    const decisions = [
      no(waiverOf('A'), { waivable: false }),
      no(waiverOf('A', { release: '1.3.9' })),
      no(waiverOf('Z')),
      no(waiverOf('A', { environment: 'production' })),
      no(waiverOf('A', { expires: 'tomorrow' })),
    ];
    expect(decisions.map(({ decision }) => decision)).toEqual(Array(5).fill('NO-GO'));
    expect(decisions.map(({ warnings }) => warnings)).toEqual([
      ['waiver A@staging (specs/sample/waivers.yaml:3:5) is for an item that cannot be waived: it does not apply'],
      ['waiver A@staging (specs/sample/waivers.yaml:3:5) is for release 1.3.9, this is 1.4.0: it does not apply'],
      ['waiver Z@staging (specs/sample/waivers.yaml:3:5) matches no item of the plan: correct the id or remove it'],
      [],
      ['waiver A@staging (specs/sample/waivers.yaml:3:5) expired at tomorrow: it does not apply'],
    ]);
  });

  it('warns of a waiver that is no longer needed, and takes name@version for a release', () => {
    expect(decideOne({}, {}, { waivers: [waiverOf('A')] }).warnings.join()).toMatch(/no longer needed/);
    const waivers = [waiverOf('A', { release: 'sample@1.4.0' })];
    expect(decideOne({}, { outcome: 'fail' }, { waivers }).decision).toBe('GO');
  });

  it('covers a subject only, and the item only when every finding is covered', () => {
    const by = (subject: string) => waiverOf('A', { id: `A@staging#${subject}`, subject });
    const failed = (failedSubjects: string[] | undefined, waivers: ReturnType<typeof waiverOf>[]) =>
      decideOne({}, { outcome: 'fail', ...(failedSubjects ? { failedSubjects } : {}) }, { waivers });
    expect(failed(['x', 'y'], [by('x')]).decision).toBe('NO-GO');
    expect(failed(['x', 'y'], [by('x'), by('y')]).decision).toBe('GO');
    expect(failed(['x'], [by('x')]).items[0]?.waived?.id).toBe('A@staging#x');
    expect(failed(undefined, [by('x')]).decision).toBe('NO-GO');
    expect(failed(['y'], [by('x')]).warnings.join()).toMatch(/found nothing/);
  });
});

describe('what a record claims without bearing it out', () => {
  it.each([
    [
      'too few subjects',
      { expectSubjects: { comparison: '>=', value: 3 } as const },
      { subjects: 2 },
      'too-few-subjects',
    ],
    [
      'more than exactly',
      { expectSubjects: { comparison: '==', value: 1 } as const },
      { subjects: 2 },
      'too-few-subjects',
    ],
    ['no subjects', {}, { subjects: 0 }, 'no-subjects'],
    [
      'no subjects where none are expected',
      { expectSubjects: { comparison: '>=', value: 0 } as const },
      { subjects: 0 },
      'no-subjects',
    ],
    ['no evidence', {}, { evidence: [] }, 'no-subjects'],
  ])('a pass with %s is inconclusive', (_, item, record, reason) => {
    const decision = decideOne(item, record);
    expect(decision.items[0]).toMatchObject({ outcome: 'inconclusive', reason });
    expect(decision.decision).toBe('HOLD');
  });

  it('takes not-applicable only where the item allows it', () => {
    expect(decideOne({ allowNotApplicable: true }, { outcome: 'not-applicable' }).decision).toBe('GO');
    expect(decideOne({}, { outcome: 'not-applicable' }).items[0]).toMatchObject({ outcome: 'inconclusive' });
  });

  it('takes an outcome nobody knows for an error', () => {
    expect(decideOne({}, { outcome: 'green' as OutcomeName }).items[0]).toMatchObject({
      outcome: 'error',
      reason: 'crashed',
    });
  });

  it('believes no outcome of an item that nothing measures', () => {
    expect(decideOne({ kind: 'planned' }, { outcome: 'pass' }).decision).toBe('HOLD');
    expect(decideOne({ kind: 'planned' }, { outcome: 'pass' }).items[0]).toMatchObject({ outcome: 'inconclusive' });
  });

  it('ignores records of another plan, phase or kind, and says so', () => {
    for (const over of [{ planDigest: 'sha256:other' }, { phase: 'phase9' }, { kind: 'other/kind' }]) {
      const decision = decideOne({}, over);
      expect(decision.items[0]).toMatchObject({ outcome: 'not-run', reason: 'unrecorded', from: 'none' });
      expect(decision.decision).toBe('HOLD');
      expect(decision.warnings).toHaveLength(1);
      expect(decision.warnings[0]).toMatch(/^ignored 1 outcomes .*: A$/);
    }
  });
});

describe('several records of one item', () => {
  const order: readonly OutcomeName[] = ['fail', 'error', 'inconclusive', 'not-run', 'pending', 'planned', 'pass'];
  const pairs = order.flatMap((a) => order.map((b): [OutcomeName, OutcomeName] => [a, b]));
  it.each(pairs)('%s then %s: the worse counts', (first, second) => {
    const plan = planOf([itemOf('A'), itemOf('B')]);
    const outcomes = [recordOf(plan, 'B'), recordOf(plan, 'A', first), recordOf(plan, 'A', second, { attempt: 2 })];
    const judged = (name: OutcomeName): OutcomeName => (name === 'planned' ? 'inconclusive' : name);
    const worse = badness(judged(first)) >= badness(judged(second)) ? judged(first) : judged(second);
    expect(decide(inputOf(plan, { outcomes })).items[0]?.outcome).toBe(worse);
    expect(decide(inputOf(plan, { outcomes: [...outcomes].reverse() }))).toEqual(decide(inputOf(plan, { outcomes })));
  });

  it('an attempt without the ones before it is no record', () => {
    expect(decideOne({}, { attempt: 2 }).items[0]).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
  });

  it('a record that was cut off does not count, whatever another attempt says', () => {
    const decision = decideOne({}, {}, { torn: ['A'] });
    expect(decision.items[0]).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
    expect(decision.decision).toBe('HOLD');
  });
});

describe('items without a record', () => {
  it.each([
    ['unrecorded', {}],
    ['interrupted', { endedBy: 'crashed' }],
    ['interrupted', { endedBy: 'interrupted' }],
    ['not-selected', { events: [{ at: '', event: 'selected', phase: 'phase1', items: ['B'] }] }],
    [
      'precondition',
      { events: [{ at: '', event: 'precondition', phase: 'phase1', met: false, enforced: true, why: 'no GO' }] },
    ],
    ['not-selected', { selectedPhases: [], outcomes: [] }],
  ] as const)('%s', (reason, over) => {
    const decision = decideOne({}, null, over);
    expect(decision.items[0]).toMatchObject({ outcome: 'not-run', reason });
    expect(decision.decision).toBe('HOLD');
    expect(decision.selected.decision).toBe('HOLD');
  });

  it('a minor item that was not run holds nothing', () => {
    expect(decideOne({ severity: 'minor' }, null).decision).toBe('GO');
  });
});

describe('planned items', () => {
  it('hold the whole and not their phase', () => {
    const decision = decideOne({ kind: 'planned' }, null);
    expect(decision.phases[0]?.decision).toBe('GO');
    expect([decision.decision, decision.readiness, decision.selected.decision]).toEqual(['HOLD', 'HOLD', 'HOLD']);
    expect(decision.reasons).toEqual([
      { code: 'planned', text: '1 item of phase1 is not built yet', phase: 'phase1', items: ['A'] },
    ]);
    const alone = decideOne({ kind: 'planned' }, null, { selectedPhases: ['phase1'] });
    expect([alone.decision, alone.selected.decision, exitCodeOf(alone)]).toEqual(['HOLD', 'GO', 0]);
  });
});

describe('nothing judged', () => {
  it.each([
    ['only planned items', [itemOf('A', { kind: 'planned' })], 'pass'],
    ['only items that do not apply', [itemOf('A', { allowNotApplicable: true })], 'not-applicable'],
    ['only minor items that could not be seen', [itemOf('A', { severity: 'minor' })], 'error'],
  ] as const)('%s is HOLD', (_, items, outcome) => {
    const plan = planOf(items);
    const outcomes = items.filter(({ kind }) => kind !== 'planned').map(({ id }) => recordOf(plan, id, outcome));
    const decision = decide(inputOf(plan, { outcomes, selectedPhases: ['phase1'] }));
    expect([decision.decision, decision.selected.decision, decision.phases[0]?.decision]).toEqual([
      'HOLD',
      'HOLD',
      'HOLD',
    ]);
    expect(decision.phases[0]?.reasons.map(({ code }) => code)).toContain('nothing-judged');
  });

  it('an emptied checklist, an emptied phase and an empty selection are HOLD', () => {
    const empty = decide(inputOf(planOf([])));
    expect([empty.decision, empty.readiness, empty.decisionWithoutWaivers, exitCodeOf(empty)]).toEqual([
      'HOLD',
      'HOLD',
      'HOLD',
      2,
    ]);
    const phase = decide(inputOf(planOf([itemOf('A')], {}, ['phase1', 'phase2'])));
    expect(phase.reasons.map(({ code, phase: of }) => [code, of])).toEqual([['nothing-judged', 'phase2']]);
    const unselected = decide(inputOf(planOf([itemOf('A')]), { selectedPhases: [] }));
    expect(unselected.selected.decision).toBe('HOLD');
    expect(decide(inputOf(planOf([itemOf('A')]), { selectedPhases: ['phase7'] })).selected.decision).toBe('HOLD');
  });

  it('the scheduled verification alone decides nothing about going live', () => {
    const only = decide(inputOf(planOf([itemOf('A', { phase: 'post-deployment' })])));
    expect(only.decision).toBe('HOLD');
    const plan = planOf([itemOf('A'), itemOf('B', { phase: 'post-deployment' })]);
    const outcomes = [recordOf(plan, 'A')];
    expect(decide(inputOf(plan, { outcomes })).decision).toBe('GO');
    const failing = [recordOf(plan, 'B', 'fail')];
    const after = decide(inputOf(plan, { outcomes: failing, selectedPhases: ['post-deployment'] }));
    expect([after.decision, after.selected.decision, exitCodeOf(after)]).toEqual(['HOLD', 'NO-GO', 1]);
  });
});

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

  const people = { kind: 'people/attestation', role: 'product-owner' };
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
      'pending',
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

describe('a run that did not end well', () => {
  const plan = planOf([itemOf('A')]);
  it.each([
    ['interrupted', { endedBy: 'interrupted' }, 'run-incomplete'],
    ['crashed', { endedBy: 'crashed' }, 'run-incomplete'],
    [
      'an interrupt that was noted',
      { events: [{ at: '', event: 'interrupted', signal: 'SIGTERM' }] },
      'run-incomplete',
    ],
    ['refused', { events: [{ at: '', event: 'refused', why: '--shuffle' }] }, 'refused'],
    ['damaged', { damage: ['outcomes.0.jsonl:1 …'] }, 'run-damaged'],
    ['nobody reached the cluster', { identity: null }, 'environment-unknown'],
    ['another environment', { identity: { ...IDENTITY, name: 'production' } }, 'environment-unknown'],
    ['another plan in the header', { runHeader: headerOf(plan, { planDigest: 'sha256:other' }) }, 'run-damaged'],
  ] as const)('%s is HOLD at best', (_, over, code) => {
    for (const selectedPhases of [null, ['phase1']]) {
      const decision = decide(inputOf(plan, { ...(over as Partial<DecisionInput>), selectedPhases }));
      expect([decision.decision, decision.readiness, decision.selected.decision]).toEqual(['HOLD', 'HOLD', 'HOLD']);
      expect(decision.decisionWithoutWaivers).toBe('HOLD');
      expect(decision.reasons[0]?.code).toBe(code);
      const failed = { outcomes: [recordOf(plan, 'A', 'fail')], selectedPhases };
      expect(decide(inputOf(plan, { ...(over as Partial<DecisionInput>), ...failed })).selected.decision).toBe('NO-GO');
    }
  });
});

describe('the decision as a text', () => {
  const plan = planOf([
    ...['A', 'B', 'C', 'D', 'E', 'F', 'G'].map((id) => itemOf(id)),
    itemOf('P', { phase: 'phase2', kind: 'planned' }),
    itemOf('Q', { phase: 'phase2' }),
  ]);
  const outcomes = [
    ...['A', 'B', 'C', 'D', 'E', 'F'].map((id) =>
      recordOf(plan, id, 'fail', { message: `${id} is wrong\nFix: mend it` }),
    ),
    recordOf(plan, 'Q', 'error', { message: 'refused' }),
  ];
  it('groups reasons, most severe first, with their items and what to do', () => {
    const { reasons } = decide(inputOf(plan, { outcomes }));
    expect(reasons.map(({ code, phase, items }) => [code, phase, items?.join('')])).toEqual([
      ['fail', 'phase1', 'ABCDEF'],
      ['error', 'phase2', 'Q'],
      ['not-run', 'phase1', 'G'],
      ['planned', 'phase2', 'P'],
    ]);
    expect(reasons[0]?.text).toBe(
      '6 items of phase1 do not conform: A: A is wrong; B: B is wrong; C: C is wrong; D: D is wrong; E: E is wrong; and 1 more',
    );
  });
  it('is the same for the same input in any order, and survives JSON', () => {
    const decision = decide(inputOf(plan, { outcomes }));
    const shuffled = [...outcomes].sort((a, b) => byText(b.item, a.item));
    expect(JSON.stringify(decide(inputOf(plan, { outcomes: shuffled })))).toBe(JSON.stringify(decision));
    expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
  });
});
