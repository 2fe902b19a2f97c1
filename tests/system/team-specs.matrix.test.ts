/** Teams' own Playwright specs, on the real command line: where each runs, what keeps it from running, what it gets. */
import { describe, expect, it, vi } from 'vitest';
import { bound, FILE, outcomesBySpec, recordsOf, SEEN } from '../harness/bound-specs.ts';
import type { GateProject, GateItem, GatePhase } from '../harness/gate-project.ts';
import { checkouts, gateProjects, summary } from '../harness/gate-projects.ts';

const apart = gateProjects();
const make = checkouts(apart);

// A failed test costs Playwright a new worker.
vi.setConfig({ testTimeout: 240_000 });

describe('a test from @playwright/test', () => {
  it('counts for nothing: HOLD', async () => {
    const { result } = await outcomesBySpec(make, { pays: "raw('pays', () => { expect(1).toBe(1); });" });
    expect(summary(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
  });
});

describe('where tests run', () => {
  it.each([
    ['in the workers of its items', make, 2],
    ["in workers of their own, where golive's specs are in another folder", apart, 4],
  ])('%s', async (_, from, most) => {
    const items = [1, 2].map((n) => ({ id: `P1-ONE-00${n}`, answer: 'slow' as const }));
    const project = await from([{ phase: 'phase1', items: [...items, bound('pays'), bound('refunds')] }]);
    project.writeSpec(
      FILE,
      ['pays', 'refunds'].map((title) => `test('${title}', ({ evidence }) => { ${SEEN} });`).join('\n'),
    );
    const result = await project.run();
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    expect(recordsOf(project)).toHaveLength(4);
    const workers = project.filesWith('"item":').filter((file) => /outcomes\.\d+\.jsonl$/.test(file));
    expect(workers.length).toBeLessThanOrEqual(most);
  });

  it('each in its own phase alone, picked exactly; what no item names runs nowhere', async () => {
    const odd = 'odd [1] (a+b).spec.ts';
    const item = (id: string, file: string, title: string): GateItem => ({ id, spec: { file, title } });
    const project = await make([
      {
        phase: 'phase1',
        items: [item('P1-SPEC-001', odd, 'pays'), item('P1-SPEC-002', FILE, 'Checkout › pays $5 (or more?)')],
      },
      {
        phase: 'phase2',
        order: 'sequential',
        items: [item('P2-SPEC-001', FILE, 'Refund › pays $5 (or more?)'), { id: 'P2-ONE-001', answer: 'slow' }],
      },
    ]);
    const saw = (name: string) => `({ evidence }) => evidence.observe('${name}', 'seen')`;
    project.writeSpec(
      odd,
      `test('pays', { tag: '@odd' }, ${saw('odd')});
      test('pays more', ${saw('wrong')});
      test('also pays', ${saw('wrong')});`,
    );
    project.writeSpec(
      FILE,
      `test.describe('Checkout', { tag: '@slow' }, () => {
        test.describe(() => { test('pays $5 (or more?)', { tag: '@money' }, ${saw('checkout')}); });
      });
      test.describe('Refund', () => { test('pays $5 (or more?)', ${saw('refund')}); });
      test('pays', ${saw('wrong')});`,
    );
    project.writeSpec('unbound.spec.ts', "throw new Error('this must not be loaded');");
    const result = await project.run(['--workers=2']);
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    const records = recordsOf(project);
    expect(records.map(({ item: id, subjectNames: [name] }) => [id, name]).sort()).toEqual([
      ['P1-SPEC-001', 'odd'],
      ['P1-SPEC-002', 'checkout'],
      ['P2-ONE-001', expect.any(String)],
      ['P2-SPEC-001', 'refund'],
    ]);
    const at = (id: string) => records.find((record) => record.item === id);
    const itemEnded = Date.parse(at('P2-ONE-001')?.startedAt ?? '') + (at('P2-ONE-001')?.durationMs ?? 0);
    expect(Date.parse(at('P2-SPEC-001')?.startedAt ?? '')).toBeGreaterThanOrEqual(itemEnded - 1);

    const alone = await project.run(['--project=phase2']);
    // Nobody signed the run before: phase 1 does not count for this one.
    expect(summary(alone), alone.output).toEqual({ exitCode: 0, decision: 'HOLD' });
    expect(recordsOf(project).length - records.length).toBe(2);
  });
});

describe('before its body', () => {
  const LOADED = "import { writeFileSync } from 'node:fs'; const mark = (name: string) => writeFileSync(name, '');";
  const spec = `${LOADED}
    mark('loaded');
    test.beforeAll(() => mark('before-all'));
    test('cuts over', ({ evidence }) => { mark('ran'); ${SEEN} });
    test('cuts over again', ({ evidence }) => { mark('ran'); ${SEEN} });`;
  const marks = (project: GateProject) => ['loaded', 'before-all', 'ran'].filter((name) => project.has(name));

  it('a change needs its class and arming; without them the file is not even loaded', async () => {
    const phases = (mutation: string): readonly GatePhase[] => [
      {
        phase: 'phase4',
        order: 'sequential',
        items: [{ id: 'P4-SPEC-001', spec: { file: FILE, title: 'cuts over', mutation } }],
      },
    ];
    const project = await make(phases('cutover'));
    project.writeSpec(FILE, spec);
    const forbidden = await project.run();
    expect(summary(forbidden), forbidden.output).toMatchObject({ decision: 'HOLD' });
    expect(recordsOf(project)).toMatchObject([{ outcome: 'pending', reason: 'needs-arming' }]);
    expect(marks(project)).toEqual([]);

    project.allow(['cutover']);
    const unarmed = await project.run();
    expect(recordsOf(project)[1], unarmed.output).toMatchObject({ outcome: 'pending', reason: 'needs-arming' });
    expect(marks(project)).toEqual([]);

    const armed = await project.run([], { GOLIVE_ARM: 'v1.0.0' });
    expect(recordsOf(project)[2], armed.output).toMatchObject({ outcome: 'pass' });
    expect(marks(project)).toEqual(['loaded', 'before-all', 'ran']);

    const sharded = await project.run(['--shard=1/2']);
    expect(sharded.exitCode).toBe(64);
  });

  it('a phase whose precondition is not met runs none of it, and `when` decides', async () => {
    const item = (id: string, title: string, more?: string): GateItem => ({
      id,
      spec: { file: FILE, title },
      ...(more === undefined ? {} : { more }),
    });
    const never = 'when: "environment.name == \'other\'"\nallowNotApplicable: true';
    const project = await make(
      [
        { phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'broken' }, item('P1-SPEC-001', 'never', never)] },
        { phase: 'phase2', items: [item('P2-SPEC-001', 'cuts over'), item('P2-SPEC-002', 'cuts over again')] },
      ],
      'enforce',
    );
    project.writeSpec(FILE, spec);
    const result = await project.run();
    const decided = Object.fromEntries(
      result.decision?.items.map(({ id, outcome, reason }) => [id, [outcome, reason]]) ?? [],
    );
    expect(decided, result.output).toMatchObject({
      'P1-SPEC-001': ['not-applicable', 'when-false'],
      'P2-SPEC-001': ['not-run', 'precondition'],
      'P2-SPEC-002': ['not-run', 'precondition'],
    });
    expect(marks(project)).toEqual(['loaded']);
  });
});

describe('a test that runs more than once or not to its end', () => {
  it('the worst attempt counts', async () => {
    const { result, byTitle, project } = await outcomesBySpec(
      make,
      { flaky: `test('flaky', ({ evidence }, { retry }) => { ${SEEN} expect(retry).toBe(1); });` },
      ['--retries=1'],
    );
    expect(summary(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    expect(recordsOf(project).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, 'fail'],
      [2, 'pass'],
    ]);
    expect(byTitle('flaky').outcome).toBe('fail');
  });

  it('interrupted: not run, HOLD', async () => {
    const project = await make([{ phase: 'phase1', items: [bound('waits', { more: 'maxAge: 1h' })] }]);
    project.writeSpec(
      FILE,
      `import { writeFileSync } from 'node:fs';
      test('waits', async ({ evidence }) => { ${SEEN} writeFileSync('waiting', ''); await new Promise(() => undefined); });`,
    );
    const { child, ended } = project.start([]);
    await expect.poll(() => project.has('waiting'), { timeout: 180_000 }).toBe(true);
    child.kill('SIGINT');
    const result = await ended;
    expect(summary(result), result.output).toEqual({ exitCode: 130, decision: 'HOLD' });
    expect(recordsOf(project)).toMatchObject([{ outcome: 'not-run', reason: 'interrupted' }]);
  });
});

describe('what a spec gets', () => {
  const SECRET = 'correct-horse-battery';
  it('the environment, browser fixtures by mergeTests, and no secret in a record or in the report', async () => {
    const tests = {
      looks: `test('looks', async ({ environment, evidence }) => {
        const answer = await fetch(environment.endpoints['public']?.url + '/ok');
        evidence.observe('Shop', { type: 'value', title: 'Status', value: answer.status, unit: 'count' });
      });`,
      merges: `mergeTests(raw, test)('merges', ({ evidence, baseURL }) => { ${SEEN} expect(baseURL).toBeUndefined(); });`,
      leaks: `test('leaks', ({ evidence }) => {
        evidence.observe('Shop', 'password ' + process.env['SHOP_PASSWORD']);
        expect(process.env['SHOP_PASSWORD']).toBe('');
      });`,
    };
    const { result, byTitle, project } = await outcomesBySpec(make, tests, [], { SHOP_PASSWORD: SECRET });
    expect(byTitle('looks'), result.output).toMatchObject({ outcome: 'pass' });
    expect(byTitle('merges'), result.output).toMatchObject({ outcome: 'pass' });
    expect(byTitle('leaks')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('leaks').message).toContain('[redacted]');
    expect(result.output).not.toContain(SECRET);
    // Playwright sends each step's error at once, so only its own reports could still hold one.
    expect(
      project.filesWith(SECRET).filter((file) => !/^reports\/out\/(playwright|allure-results)\//.test(file)),
    ).toEqual([]);
  });
});
