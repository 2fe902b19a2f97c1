import { describe, expect, it } from 'vitest';
import type { DecisionName } from '../../checks/contract/decision.ts';
import type { OutcomeName, Severity } from '../../checks/contract/outcome.ts';
import { OUTCOMES, SEVERITIES } from '../../checks/contract/outcome.ts';
import type { DecisionInput } from './input.ts';
import { decide, exitCodeOf } from './decide.ts';
import { badness, byText } from './order.ts';
import { decideOne } from './testing/decide-one.ts';
import { IDENTITY, headerOf, inputOf, itemOf, planOf, recordOf, waiverOf } from './testing/inputs.ts';

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
      no(waiverOf('ZZ')),
      no(waiverOf('A', { environment: 'production' })),
      no(waiverOf('A', { expires: 'tomorrow' })),
    ];
    expect(decisions.map(({ decision }) => decision)).toEqual(Array(5).fill('NO-GO'));
    expect(decisions.map(({ warnings }) => warnings)).toEqual([
      ['waiver A@staging (specs/sample/waivers.yaml:3:5) is for an item that cannot be waived: it does not apply'],
      ['waiver A@staging (specs/sample/waivers.yaml:3:5) is for release 1.3.9, this is 1.4.0: it does not apply'],
      ['waiver ZZ@staging (specs/sample/waivers.yaml:3:5) matches no item of the plan: correct the id or remove it'],
      [],
      ['waiver A@staging (specs/sample/waivers.yaml:3:5) expired at tomorrow: it does not apply'],
    ]);
  });

  it('says which item a mistyped waiver may have meant', () => {
    const { warnings } = decideOne({}, { outcome: 'fail' }, { waivers: [waiverOf('a')] });
    expect(warnings.join()).toContain('matches no item of the plan (did you mean A?): correct the id or remove it');
  });

  it('warns of a waiver that is no longer needed, and takes name@version for a release', () => {
    expect(decideOne({}, {}, { waivers: [waiverOf('A')] }).warnings.join()).toMatch(/no longer needed/);
    const waivers = [waiverOf('A', { release: 'sample@1.4.0' })];
    expect(decideOne({}, { outcome: 'fail' }, { waivers }).decision).toBe('GO');
  });

  it('covers a subject only, and the item only when every finding is covered', () => {
    const by = (subject: string) => waiverOf('A', { id: `A@staging#${subject}`, subject });
    const finding = (name: string) => ({
      id: 'bad',
      subject: { name },
      data: {},
      says: `${name}: is bad`,
      fix: 'Fix it.',
    });
    const failed = (subjects: string[], waivers: ReturnType<typeof waiverOf>[]) =>
      decideOne({}, { outcome: 'fail', findings: subjects.map(finding) }, { waivers });
    expect(failed(['x', 'y'], [by('x')]).decision).toBe('NO-GO');
    expect(failed(['x', 'y'], [by('x'), by('y')]).decision).toBe('GO');
    expect(failed(['x'], [by('x')]).items[0]?.waived?.id).toBe('A@staging#x');
    expect(failed([], [by('x')]).decision).toBe('NO-GO');
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

describe('a cutover', () => {
  const story = { reason: 'T-1 fired at 25 %', verified: null, msFromBreachToZero: null, msToRecovery: null } as const;
  const decided = (over: Partial<DecisionInput>) => decideOne({}, { outcome: 'pass' }, over);
  const codes = (over: Partial<DecisionInput>) => decided(over).reasons.map(({ code }) => code);

  it('stands in the decision as its log tells it, and nothing where there was none', () => {
    const cutover = { ...story, outcome: 'finished', weight: 100, reason: null } as const;
    expect(decided({ cutover })).toMatchObject({ cutover, decision: 'GO', reasons: [] });
    expect(decided({})).not.toHaveProperty('cutover');
  });

  it('that was taken back or has no end decides, also where the main process could not record it', () => {
    const back = { ...story, outcome: 'rolled-back', weight: 0, verified: true } as const;
    const died = { ...story, outcome: 'unfinished', weight: 25 } as const;
    expect(decided({ cutover: back })).toMatchObject({ decision: 'NO-GO', selected: { decision: 'NO-GO' } });
    expect(codes({ cutover: back })).toEqual(['rolled-back']);
    expect(decided({ cutover: died })).toMatchObject({ decision: 'HOLD', selected: { decision: 'HOLD' } });
    expect(codes({ cutover: died })).toEqual(['rollback-unfinished']);
    expect(decided({ cutover: died }).reasons[0]?.text).toContain('run golive rollback');
    expect(decided({ cutover: { ...story, outcome: 'refused', weight: 0 } }).decision).toBe('GO');
  });

  it('gives one reason where both tell it', () => {
    const cutover = { ...story, outcome: 'rolled-back', weight: 0, verified: true } as const;
    const event = { at: '2027-03-01T11:59:00Z', event: 'cutover-ended', complete: true, why: 'T-1 fired' } as const;
    expect(codes({ cutover, events: [event] })).toEqual(['rolled-back']);
  });
});
