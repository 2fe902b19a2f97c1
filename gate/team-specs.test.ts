/** Teams' own Playwright specs, on the real command line: what counts, what does not, and where each runs. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OutcomeRecord } from '../checks/contract/outcome.ts';
import { GateProject } from './testing/gate-project.ts';
import type { GateItem, GatePhase, GateResult } from './testing/gate-project.ts';

const projects: GateProject[] = [];
/** A project that holds the gate's spec among its own, as a checkout of golive does; `apart`: one that uses golive's. */
async function make(phases: readonly GatePhase[], preconditions: 'enforce' | 'report' = 'report', apart = false) {
  const project = await GateProject.make(phases, preconditions);
  if (!apart) project.writeGateSpec();
  projects.push(project);
  return project;
}
afterEach(async () => {
  for (const project of projects.splice(0)) await project.remove();
});

// A failed test costs Playwright a new worker.
vi.setConfig({ testTimeout: 240_000 });

const FILE = 'shop.spec.ts';
const SEEN = "evidence.observe('Shop', 'order 17 was accepted');";
let number = 0;
const bound = (title: string, more: Partial<GateItem> = {}): GateItem => ({
  id: `P1-SPEC-${String((number += 1)).padStart(3, '0')}`,
  spec: { file: FILE, title },
  ...more,
});
const gist = ({ exitCode, decision }: GateResult) => ({ exitCode, decision: decision?.decision });
const recordsOf = (project: GateProject) => project.outcomes().map((line) => JSON.parse(line) as OutcomeRecord);

/** Runs specs whose tests are bound to an item each, all in phase 1, and answers what became of each, by title. */
async function outcomes(
  tests: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const items = Object.keys(tests).map((title) => bound(title));
  const project = await make([{ phase: 'phase1', items }]);
  project.writeSpec(FILE, Object.values(tests).join('\n'));
  const result = await project.run(args, env);
  const byTitle = (title: string) => {
    const id = items.find((item) => item.spec?.title === title)?.id;
    const decided = result.decision?.items.find((item) => item.id === id);
    return { outcome: decided?.outcome, reason: decided?.reason, message: decided?.message ?? '' };
  };
  return { result, project, byTitle };
}

describe("a team's test", () => {
  it('is GO when it passes and says what it saw', async () => {
    const { result, project } = await outcomes({ pays: `test('pays', ({ evidence }) => { ${SEEN} });` });
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    expect(recordsOf(project)).toMatchObject([
      { outcome: 'pass', subjects: 1, subjectNames: ['Shop'], evidence: [{ text: 'order 17 was accepted' }] },
    ]);
  });

  it('ends as what it was', async () => {
    const { result, byTitle, project } = await outcomes({
      silent: "test('silent', () => { expect(1).toBe(1); });",
      asserts: `test('asserts', ({ evidence }) => { ${SEEN} expect(2, 'orders').toBe(1); });`,
      soft: `test('soft', ({ evidence }) => { ${SEEN} expect.soft(2).toBe(1); });`,
      throws: `test('throws', ({ evidence }) => { ${SEEN} (undefined as unknown as { pay(): void }).pay(); });`,
      hangs: `test('hangs', async ({ evidence }) => { ${SEEN} await new Promise(() => undefined); });`,
      'skips itself': `test('skips itself', ({ evidence }) => { ${SEEN} test.skip(true, 'no shop today'); });`,
      'is skipped': `test.skip('is skipped', ({ evidence }) => { ${SEEN} });`,
      'must fail': `test('must fail', ({ evidence }) => { test.fail(); ${SEEN} });`,
      'fails as marked': `test('fails as marked', ({ evidence }) => { test.fail(); ${SEEN} expect(1).toBe(2); });`,
      'soft, then hangs': `test('soft, then hangs', async () => { expect.soft(2).toBe(1); await new Promise(() => undefined); });`,
      'is not ours': "raw('is not ours', () => { expect(1).toBe(1); });",
      'observes nonsense': "test('observes nonsense', ({ evidence }) => { evidence.observe('Shop', ''); });",
    });
    expect(gist(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    expect(byTitle('silent')).toMatchObject({ outcome: 'inconclusive', reason: 'no-subjects' });
    expect(byTitle('asserts')).toMatchObject({ outcome: 'fail', reason: 'does-not-conform' });
    expect(byTitle('asserts').message).toContain('orders');
    expect(byTitle('asserts').message).toMatch(/Expected: 1\nReceived: 2/);
    expect(byTitle('soft')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('throws')).toMatchObject({ outcome: 'error', reason: 'crashed' });
    expect(byTitle('throws').message).toContain('TypeError');
    expect(byTitle('hangs')).toMatchObject({ outcome: 'error', reason: 'timeout' });
    expect(byTitle('skips itself')).toMatchObject({ outcome: 'not-run', reason: 'skipped-by-code' });
    expect(byTitle('skips itself').message).toContain('no shop today');
    expect(byTitle('is skipped')).toMatchObject({ outcome: 'not-run' });
    expect(byTitle('must fail')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('must fail').message).toContain('test.fail()');
    expect(byTitle('fails as marked')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('soft, then hangs')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('is not ours')).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
    expect(byTitle('observes nonsense')).toMatchObject({ outcome: 'error', reason: 'crashed' });
    for (const { message } of recordsOf(project)) expect(message).not.toMatch(/\u001b|\n\s+at /);
  });

  it('from @playwright/test counts for nothing: HOLD', async () => {
    const { result } = await outcomes({ pays: "raw('pays', () => { expect(1).toBe(1); });" });
    expect(gist(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
  });
});

describe('where tests run', () => {
  it.each([
    ['in the workers of its items', false, 2],
    ["in workers of their own, where golive's specs are in another folder", true, 4],
  ])('%s', async (_, apart, most) => {
    const items = [1, 2].map((n) => ({ id: `P1-ONE-00${n}`, answer: 'slow' as const }));
    const specs = [bound('pays'), bound('refunds')];
    const project = await make([{ phase: 'phase1', items: [...items, ...specs] }], 'report', apart);
    project.writeSpec(
      FILE,
      ['pays', 'refunds'].map((title) => `test('${title}', ({ evidence }) => { ${SEEN} });`).join('\n'),
    );
    const result = await project.run();
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
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
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
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
    expect(gist(alone), alone.output).toEqual({ exitCode: 0, decision: 'GO' });
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
    expect(gist(forbidden), forbidden.output).toMatchObject({ decision: 'HOLD' });
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
        {
          phase: 'phase2',
          items: [{ id: 'P2-ONE-001' }, item('P2-SPEC-001', 'cuts over'), item('P2-SPEC-002', 'cuts over again')],
        },
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
      'P2-ONE-001': ['not-run', 'precondition'],
      'P2-SPEC-001': ['not-run', 'precondition'],
      'P2-SPEC-002': ['not-run', 'precondition'],
    });
    expect(marks(project)).toEqual(['loaded']);
  });
});

describe('a test that runs more than once or not to its end', () => {
  it('the worst attempt counts', async () => {
    const { result, byTitle, project } = await outcomes(
      { flaky: `test('flaky', ({ evidence }, { retry }) => { ${SEEN} expect(retry).toBe(1); });` },
      ['--retries=1'],
    );
    expect(gist(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
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
    await expect.poll(() => project.has('waiting'), { timeout: 20_000 }).toBe(true);
    child.kill('SIGINT');
    const result = await ended;
    expect(gist(result), result.output).toEqual({ exitCode: 130, decision: 'HOLD' });
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
    const { result, byTitle, project } = await outcomes(tests, [], { SHOP_PASSWORD: SECRET });
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
