/**
 * Ways in which a run could look good without having looked: each is sprung on the real command line, and none yields GO.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { GateProject } from './testing/gate-project.ts';
import type { GatePhase, GateResult } from './testing/gate-project.ts';

const good: readonly GatePhase[] = [
  { phase: 'phase1', items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002' }] },
  { phase: 'phase2', order: 'sequential', items: [{ id: 'P2-ONE-001' }] },
];
const projects: GateProject[] = [];
async function make(phases: readonly GatePhase[] = good, preconditions: 'enforce' | 'report' = 'report') {
  const project = await GateProject.make(phases, preconditions);
  projects.push(project);
  return project;
}
afterEach(async () => {
  for (const project of projects.splice(0)) await project.remove();
});

/** What matters of a result, so that a difference shows all of it. */
const gist = ({ exitCode, decision }: GateResult) => ({ exitCode, decision: decision?.decision });
const outcomesOf = ({ decision }: GateResult) =>
  Object.fromEntries(decision?.items.map((item) => [item.id, item.outcome]) ?? []);

describe('a plain run', () => {
  it('is GO when every item passes', async () => {
    const result = await (await make()).run();
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    expect(result.output).toContain('GO');
  });
  it('is NO-GO when one fails, and shows the place in YAML', async () => {
    const result = await (
      await make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002', answer: 'broken' }] }])
    ).run();
    expect(gist(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    expect(result.output).toMatch(/specs\/small\/phase1\.yaml:\d+/);
    expect(result.output).not.toMatch(/\n\s+at .*\.ts:/);
  });
  it('runs the phases in order', async () => {
    const project = await make([
      { phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'slow' }, { id: 'P1-ONE-002' }] },
      { phase: 'phase2', items: [{ id: 'P2-ONE-001' }] },
    ]);
    const result = await project.run();
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    const records = project
      .outcomes()
      .map((line) => JSON.parse(line) as { item: string; startedAt: string; durationMs: number });
    const slow = records.find(({ item }) => item === 'P1-ONE-001');
    const later = records.find(({ item }) => item === 'P2-ONE-001');
    expect(Date.parse(later?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(slow?.startedAt ?? '') + 1900);
  });
  it('does not start a phase whose precondition is not met, where preconditions are enforced', async () => {
    const phases: readonly GatePhase[] = [
      { phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'broken' }] },
      { phase: 'phase2', items: [{ id: 'P2-ONE-001' }] },
    ];
    const result = await (await make(phases, 'enforce')).run();
    expect(gist(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    expect(outcomesOf(result)).toEqual({ 'P1-ONE-001': 'fail', 'P2-ONE-001': 'not-run' });
  });
});

describe('a part of the checklist', () => {
  it('--project answers for its phase, the whole stays HOLD', async () => {
    const result = await (await make()).run(['--project=phase1']);
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'HOLD' });
  });
  it.each([
    ['--grep', ['--grep', 'P1-ONE-001']],
    ['--grep-invert', ['--grep-invert', 'P1-ONE-001']],
    ['--grep within a project', ['--project=phase1', '--grep', 'P1-ONE-001']],
    ['--pass-with-no-tests', ['--pass-with-no-tests', '--grep', 'nothing-is-named-so']],
    ['an empty shard', ['--shard=9/9', '--pass-with-no-tests']],
    ['one shard', ['--shard=1/2']],
    ['-x after nothing', ['-x', '--grep', 'P2']],
  ])('%s is never GO', async (_name, args) => {
    const result = await (await make()).run(args);
    expect(gist(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
  });
  it('--last-failed after a good run runs nothing', async () => {
    const project = await make();
    await project.run();
    const result = await project.run(['--last-failed', '--pass-with-no-tests']);
    expect(gist(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
  });
  it('--no-deps changes nothing', async () => {
    const result = await (await make()).run(['--no-deps']);
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
  });
  it('a test skipped by code is not run', async () => {
    const project = await make();
    project.write(
      'skip.mjs',
      'export default class { preprocess({ suite, testRun }) { testRun.skip(suite.allTests().find((test) => test.title.startsWith("P1-ONE-001")), "no"); return Promise.resolve(); } }',
    );
    const result = await project.run([`--add-reporter=${join(project.root, 'skip.mjs')}`]);
    expect(gist(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
    expect(outcomesOf(result)['P1-ONE-001']).toBe('not-run');
  });
});

describe('reporters', () => {
  const red: readonly GatePhase[] = [{ phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'broken' }] }];
  it('--reporter=dot decides all the same', async () => {
    expect(gist(await (await make()).run(['--reporter=dot']))).toEqual({ exitCode: 0, decision: 'GO' });
    expect(gist(await (await make(red)).run(['--reporter=dot']))).toEqual({ exitCode: 1, decision: 'NO-GO' });
  });
  it.each([
    ['throws', 'onTestEnd() { throw new Error("broken reporter"); }'],
    ['never ends', 'onEnd() { return new Promise(() => undefined); }'],
    ['says passed', 'onEnd() { return Promise.resolve({ status: "passed" }); }'],
  ])('one that %s does not hide a red item', async (_name, body) => {
    const project = await make(red);
    project.write('reporter.mjs', `export default class { ${body} }`);
    for (const option of ['--reporter', '--add-reporter']) {
      const result = await project.run([`${option}=${join(project.root, 'reporter.mjs')}`]);
      expect(gist(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
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
    expect(gist(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
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
  it('an invalid one shows every problem, no stack', async () => {
    const project = await make();
    project.write(
      'specs/small/phase1.yaml',
      'apiVersion: golive/v1\nphase: phase1\ntitle: One\norder: parallel\nitems:\n  - { id: P1-ONE-001, kind: trafic/http-endpoint, severity: critcal }\n',
    );
    const result = await project.run();
    expect(result.exitCode).toBe(64);
    expect(result.output).toContain('traffic/http-endpoint');
    expect(result.output).toContain('critical');
    expect(result.output).not.toMatch(/\n\s+at /);
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
  const slow: readonly GatePhase[] = [
    {
      phase: 'phase1',
      order: 'sequential',
      items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002', answer: 'slow' }, { id: 'P1-ONE-003' }],
    },
  ];
  /** A run that is in the middle: the first item is recorded, the second waits for its answer. */
  async function halfWay() {
    const project = await make(slow);
    const yesterday = await project.run();
    expect(gist(yesterday), yesterday.output).toEqual({ exitCode: 0, decision: 'GO' });
    const recorded = project.outcomes().length;
    const run = project.start([]);
    for (let tries = 0; project.outcomes().length === recorded && tries < 400; tries += 1) await setTimeout(25);
    await setTimeout(100);
    return { project, ...run };
  }
  const workersOf = (pid: number): number[] =>
    execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([, parent]) => parent === pid)
      .map(([child]) => child ?? 0)
      .filter((child) => child > 0 && child !== process.pid);
  const alive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('%s: interrupted, HOLD, nothing left behind', async (signal) => {
    const { child, ended } = await halfWay();
    const workers = workersOf(child.pid ?? 0);
    child.kill(signal);
    const result = await ended;
    expect(gist(result), result.output).toEqual({ exitCode: 130, decision: 'HOLD' });
    expect(workers.filter(alive)).toEqual([]);
  });
  it('a second run in the same project is refused while one is under way, and not after that was killed', async () => {
    const { child, ended, project } = await halfWay();
    // However long the second one takes to begin.
    child.kill('SIGSTOP');
    const second = await project.run();
    expect(second.exitCode, second.output).toBe(64);
    expect(second.output).toContain(`process ${child.pid ?? 0}`);
    child.kill('SIGKILL');
    await ended;
    expect(gist(await project.run())).toEqual({ exitCode: 0, decision: 'GO' });
  });
  it('kill -9 of the runner: HOLD run-incomplete, not the GO of yesterday', async () => {
    const { child, ended, project } = await halfWay();
    const workers = workersOf(child.pid ?? 0);
    child.kill('SIGKILL');
    const result = await ended;
    expect(result.signal).toBe('SIGKILL');
    expect(project.decision()).toMatchObject({ decision: 'HOLD', reasons: [{ code: 'run-incomplete' }] });
    for (let tries = 0; workers.some(alive) && tries < 200; tries += 1) await setTimeout(50);
    expect(workers.filter(alive)).toEqual([]);
  });
  it('kill -9 of a worker: its item is not recorded, the others are, HOLD', async () => {
    const { child, ended } = await halfWay();
    for (const worker of workersOf(child.pid ?? 0)) process.kill(worker, 'SIGKILL');
    const result = await ended;
    expect(gist(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
    expect(outcomesOf(result)).toEqual({ 'P1-ONE-001': 'pass', 'P1-ONE-002': 'not-run', 'P1-ONE-003': 'pass' });
  });
  it('a run folder that disappears: no decision, exit 70, the file says HOLD', async () => {
    const { ended, project } = await halfWay();
    rmSync(join(project.root, '.golive', 'runs'), { recursive: true, force: true });
    const result = await ended;
    expect(gist(result), result.output).toEqual({ exitCode: 70, decision: 'HOLD' });
  });
});
