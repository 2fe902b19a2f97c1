/**
 * Ways in which a run could look good without having looked: each is sprung on the real command line, and none yields GO. Here one of
 * each sort; the others are in traps.matrix.test.ts, and what is decided of what was recorded in decided.test.ts.
 */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { GatePhase } from '../harness/gate-project.ts';
import { gateProjects, summary, halfWay, isAlive, outcomesOf, RED, workersOf } from '../harness/gate-projects.ts';

const make = gateProjects();

describe('a plain run', () => {
  it('is GO when every item passes', async () => {
    const result = await (await make()).run();
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    expect(result.output).toContain('GO');
  });
  it('is NO-GO when one fails, and shows the place in YAML', async () => {
    const result = await (
      await make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002', answer: 'broken' }] }])
    ).run();
    expect(summary(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    expect(result.output).toMatch(/specs\/small\/phase1\.yaml:\d+/);
    expect(result.output).not.toMatch(/\n\s+at .*\.ts:/);
  });
  it('does not start a phase whose precondition is not met, where preconditions are enforced', async () => {
    const phases: readonly GatePhase[] = [
      { phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'broken' }] },
      { phase: 'phase2', items: [{ id: 'P2-ONE-001' }] },
    ];
    const result = await (await make(phases, 'enforce')).run();
    expect(summary(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    expect(outcomesOf(result)).toEqual({ 'P1-ONE-001': 'fail', 'P2-ONE-001': 'not-run' });
  });
});

describe('a part of the checklist', () => {
  it('--project answers for its phase, the whole stays HOLD', async () => {
    const result = await (await make()).run(['--project=phase1']);
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'HOLD' });
  });
  it('--grep is never GO', async () => {
    const result = await (await make()).run(['--grep', 'P1-ONE-001']);
    expect(summary(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
  });
});

describe('reporters', () => {
  it('--reporter=dot decides all the same', async () => {
    expect(summary(await (await make(RED)).run(['--reporter=dot']))).toEqual({ exitCode: 1, decision: 'NO-GO' });
  });
  it('one that throws does not hide a red item', async () => {
    const project = await make(RED);
    project.write('reporter.mjs', 'export default class { onTestEnd() { throw new Error("broken reporter"); } }');
    const result = await project.run([`--reporter=${join(project.root, 'reporter.mjs')}`]);
    expect(summary(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
  });
});

describe('wrong use', () => {
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
});

describe('violence', () => {
  it('SIGINT: interrupted, HOLD, nothing left behind', async () => {
    const { child, ended } = await halfWay(make);
    const workers = workersOf(child.pid ?? 0);
    child.kill('SIGINT');
    const result = await ended;
    expect(summary(result), result.output).toEqual({ exitCode: 130, decision: 'HOLD' });
    expect(workers.filter(isAlive)).toEqual([]);
  });
  it('kill -9 of the runner: HOLD run-incomplete, not the GO of yesterday', async () => {
    const { child, ended, project } = await halfWay(make, { afterGo: true });
    const workers = workersOf(child.pid ?? 0);
    child.kill('SIGKILL');
    const result = await ended;
    expect(result.signal).toBe('SIGKILL');
    expect(project.decision()).toMatchObject({ decision: 'HOLD', reasons: [{ code: 'run-incomplete' }] });
    for (let tries = 0; workers.some(isAlive) && tries < 200; tries += 1) await setTimeout(50);
    expect(workers.filter(isAlive)).toEqual([]);
  });
  it('kill -9 of a worker: its item is not recorded, the others are, HOLD', async () => {
    const { child, ended } = await halfWay(make);
    for (const worker of workersOf(child.pid ?? 0)) process.kill(worker, 'SIGKILL');
    const result = await ended;
    expect(summary(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
    expect(outcomesOf(result)).toEqual({ 'P1-ONE-001': 'pass', 'P1-ONE-002': 'not-run', 'P1-ONE-003': 'pass' });
  });
});
