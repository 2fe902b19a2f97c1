/** Ways in which a run could look good without having looked: the rest of those in traps.test.ts. */
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gateProjects, summary, halfWay, isAlive, outcomesOf, RED, workersOf } from '../harness/gate-projects.ts';

const make = gateProjects();

describe('a plain run', () => {
  it('runs the phases in order', async () => {
    const project = await make([
      { phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'slow' }, { id: 'P1-ONE-002' }] },
      { phase: 'phase2', items: [{ id: 'P2-ONE-001' }] },
    ]);
    const result = await project.run();
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    const records = project
      .outcomes()
      .map((line) => JSON.parse(line) as { item: string; startedAt: string; durationMs: number });
    const slow = records.find(({ item }) => item === 'P1-ONE-001');
    const later = records.find(({ item }) => item === 'P2-ONE-001');
    const slowEnded = Date.parse(slow?.startedAt ?? '') + (slow?.durationMs ?? Infinity);
    // Both are rounded to milliseconds.
    expect(Date.parse(later?.startedAt ?? '')).toBeGreaterThanOrEqual(slowEnded - 1);
  });
});

describe('a part of the checklist', () => {
  it.each([
    ['--grep-invert', ['--grep-invert', 'P1-ONE-001']],
    ['--grep within a project', ['--project=phase1', '--grep', 'P1-ONE-001']],
    ['one shard', ['--shard=1/2']],
    ['-x after nothing', ['-x', '--grep', 'P2']],
  ])('%s is never GO', async (_name, args) => {
    const result = await (await make()).run(args);
    expect(summary(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
  });
  it.each([
    ['--grep of nothing', ['--grep', 'nothing-is-named-so']],
    ['--pass-with-no-tests', ['--pass-with-no-tests', '--grep', 'nothing-is-named-so']],
    ['an empty shard', ['--shard=9/9', '--pass-with-no-tests']],
    ['--last-failed after a good run', ['--last-failed', '--pass-with-no-tests']],
    ['other reporters', ['--grep', 'nothing-is-named-so', '--reporter=dot']],
  ])('%s changes nothing', async (_name, args) => {
    const project = await make();
    await project.run();
    const result = await project.run(args);
    expect(summary(result), result.output).toEqual({ exitCode: 64, decision: 'GO' });
    expect(result.output).toContain('What was decided before stands.');
    for (const folder of ['ledger', 'runs'])
      expect(readdirSync(join(project.root, '.golive', folder)), folder).toHaveLength(1);
    expect(readFileSync(join(project.root, 'reports/out/index.html'), 'utf8')).toContain('GO');
  });
  it('--no-deps changes nothing', async () => {
    const result = await (await make()).run(['--no-deps']);
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
  });
  it('a test skipped by code is not run', async () => {
    const project = await make();
    project.write(
      'skip.mjs',
      'export default class { preprocess({ suite, testRun }) { testRun.skip(suite.allTests().find((test) => test.title.startsWith("P1-ONE-001")), "no"); return Promise.resolve(); } }',
    );
    const result = await project.run([`--add-reporter=${join(project.root, 'skip.mjs')}`]);
    expect(summary(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
    expect(outcomesOf(result)['P1-ONE-001']).toBe('not-run');
  });
});

describe('reporters', () => {
  it('--reporter=dot decides all the same', async () => {
    expect(summary(await (await make()).run(['--reporter=dot']))).toEqual({ exitCode: 0, decision: 'GO' });
  });
  it.each([
    ['throws', 'onTestEnd() { throw new Error("broken reporter"); }'],
    ['never ends', 'onEnd() { return new Promise(() => undefined); }'],
    ['says passed', 'onEnd() { return Promise.resolve({ status: "passed" }); }'],
  ])('one that %s does not hide a red item', async (_name, body) => {
    const project = await make(RED);
    project.write('reporter.mjs', `export default class { ${body} }`);
    for (const option of ['--reporter', '--add-reporter']) {
      const result = await project.run([`${option}=${join(project.root, 'reporter.mjs')}`]);
      expect(summary(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    }
  });
  it('refuses replaced reporters with several workers', async () => {
    const result = await (await make()).run(['--reporter=dot', '--workers=2']);
    expect(result.exitCode).toBe(64);
    expect(result.output).toContain('--add-reporter');
  });
});

describe('retries', () => {
  it('never improve an outcome', async () => {
    const result = await (
      await make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'flaky' }] }])
    ).run(['--retries=2']);
    expect(summary(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
  });
});

describe('wrong use', () => {
  it.each([['--shuffle'], ['--repeat-each=2']])('%s is refused', async (option) => {
    const result = await (await make()).run([option]);
    expect(result.exitCode).toBe(64);
    expect(result.decision).toBeNull();
  });
  it('a phase that does not exist is refused, with the one that was meant', async () => {
    const result = await (await make()).run(['--project=pahse1']);
    expect(result.exitCode).toBe(64);
    expect(result.output).toContain('Did you mean phase1?');
  });
  it('an emptied checklist is invalid', async () => {
    const project = await make();
    project.write(
      'specs/small/phase1.yaml',
      'apiVersion: golive/v1\nphase: phase1\ntitle: One\norder: parallel\nitems: []\n',
    );
    const result = await project.run();
    expect(result.exitCode).toBe(64);
    expect(result.output).toMatch(/specs\/small\/phase1\.yaml:5:/);
  });
  it('--list opens no run and decides nothing', async () => {
    const project = await make();
    const result = await project.run(['--list']);
    expect(result.exitCode, result.output).toBe(0);
    expect(result.output).toMatch(/phase1\.yaml:\d+/);
    expect(result.decision).toBeNull();
  });
  it('a decision that cannot be written ends in 70', async () => {
    const project = await make();
    project.write('reports/out', 'a file where the folder should be');
    const result = await project.run();
    expect(result.exitCode, result.output).toBe(70);
    expect(result.output).not.toMatch(/\n\s+at /);
  });
});

describe('violence', () => {
  it('SIGTERM: interrupted, HOLD, nothing left behind', async () => {
    const { child, ended } = await halfWay(make);
    const workers = workersOf(child.pid ?? 0);
    child.kill('SIGTERM');
    const result = await ended;
    expect(summary(result), result.output).toEqual({ exitCode: 130, decision: 'HOLD' });
    expect(workers.filter(isAlive)).toEqual([]);
  });
  it('a second run in the same project is refused while one is under way, and not after that was killed', async () => {
    const { child, ended, project } = await halfWay(make);
    // However long the second one takes to begin.
    child.kill('SIGSTOP');
    const second = await project.run();
    expect(second.exitCode, second.output).toBe(64);
    expect(second.output).toContain(`process ${child.pid ?? 0}`);
    child.kill('SIGKILL');
    await ended;
    expect(summary(await project.run())).toEqual({ exitCode: 0, decision: 'GO' });
  });
  it('a run folder that disappears: no decision, exit 70, the file says HOLD', async () => {
    const { ended, project } = await halfWay(make);
    rmSync(join(project.root, '.golive', 'runs'), { recursive: true, force: true });
    const result = await ended;
    expect(summary(result), result.output).toEqual({ exitCode: 70, decision: 'HOLD' });
  });
});
