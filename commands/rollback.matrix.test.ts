/** `golive rollback` as people run it, on runs whose cutover is at every stage. */
import { describe, expect, it } from 'vitest';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plan } from '../checks/contract/plan.ts';
import { crashes } from '../tests/system/crash/cells.ts';
import type { CutoverRun, CutoverRunOptions } from '../tests/system/crash/cutover-run.ts';
import { planFor } from '../tests/system/crash/project.ts';
import { CUTOVER_EXIT } from '../cutover/protocol.ts';
import { until } from '../rehearsal/api-server/testing.ts';
import { pidsOf, tryKill } from '../tests/harness/processes.ts';

const { make, platform } = crashes();

const BACK = { stable: 100, canary: 0 };
const HALF = { stable: 50, canary: 50 };
async function withRun(act: (run: CutoverRun) => Promise<void>, options?: CutoverRunOptions): Promise<void> {
  const run = await make(options);
  try {
    await act(run);
  } finally {
    await run.remove();
  }
}
/** Its output has no stack in it, whatever it says. */
async function rollback(run: CutoverRun, ...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const ended = await run.rollback(args).ended;
  expect(ended.output).not.toMatch(/\n\s+at /);
  return { ...ended };
}
/** At 50 %, watched by its run. */
async function underWay(run: CutoverRun): Promise<number> {
  run.start({ args: ['--waits'] });
  await run.reached('step-done');
  expect(await run.weights()).toEqual(HALF);
  return run.of('begun')[0]?.pid ?? 0;
}
async function dead(run: CutoverRun): Promise<void> {
  const pid = await underWay(run);
  // Whichever of them outlives the other for a moment would begin to go back.
  tryKill(pid, 'SIGSTOP');
  run.signalRunner('SIGKILL');
  tryKill(pid, 'SIGKILL');
  await run.allGone();
  expect(await run.weights()).toEqual(HALF);
}

async function expectOneWayBack(run: CutoverRun): Promise<void> {
  expect(run.of('rollback-begun')).toHaveLength(1);
  expect(run.of('rolled-back')).toHaveLength(1);
  expect(await run.weights()).toEqual(BACK);
  expect(await run.leaseHolder()).toBe('');
}

describe.concurrent('golive rollback', () => {
  it('leaves a cutover alone that is under way, and takes one back whose Lease has run out', async () => {
    await withRun(async (run) => {
      expect(await rollback(run, '--abandoned')).toMatchObject({
        code: 0,
        output: expect.stringMatching(/No cutover of this ledger is unfinished/) as string,
      });
      const pid = await underWay(run);
      expect(await rollback(run, '--abandoned')).toMatchObject({
        code: 0,
        output: expect.stringMatching(/is under way on this machine/) as string,
      });
      expect(await run.weights()).toEqual(HALF);
      tryKill(pid, 'SIGSTOP');
      run.signalRunner('SIGKILL');
      tryKill(pid, 'SIGKILL');
      await run.allGone();
      const { code, output } = await rollback(run, '--abandoned');
      expect({ code, output }).toMatchObject({
        code: 0,
        output: expect.stringMatching(/is abandoned: .* renews its Lease no more/) as string,
      });
      await expectOneWayBack(run);
    });
  });

  it('has nothing to do where no cutover has begun', async () => {
    await withRun(async (run) => {
      expect(await rollback(run)).toEqual({
        code: 0,
        output: 'No cutover has begun here: there is nothing to take back.\n',
      });
      const { code, output } = await rollback(run, '--run', 'of-yesterday');
      expect(code).toBe(64);
      expect(output).toContain('There is no run of-yesterday in ');
      mkdirSync(join(run.root, '.golive/runs/of-today'), { recursive: true });
      expect(await rollback(run, '--run', 'of-today')).toEqual({
        code: 64,
        output: 'Run of-today has moved no traffic: no cutover began in it.\n',
      });
    });
  });

  it('leaves a cutover that ended well alone, unless its run is named', async () => {
    await withRun(async (run) => {
      run.start();
      await run.runnerEnded();
      await run.allGone();
      const name = basename(run.runDir);
      expect(await rollback(run)).toEqual({
        code: 0,
        output:
          `The cutover of run ${name} has ended well: nothing is half done.\n` +
          `To take its traffic back all the same: golive rollback --run ${name}\n`,
      });
      expect(await run.weights()).toEqual({ stable: 0, canary: 100 });
      const { code, output } = await rollback(run, '--run', name);
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toContain(`Taking back shop v2.0.0 on shop (run ${name}) …\n`);
      expect(output).toContain('  no traffic goes to the new release\n');
      expect(output).toMatch(/ROLLED BACK: golive rollback was asked to take back a cutover that had ended well\.\n/);
      expect(await run.weights()).toEqual(BACK);
      expect(await rollback(run)).toEqual({
        code: 0,
        output: `The cutover of run ${name} was taken back already.\n`,
      });
    });
  });

  it('calls back a cutover that is under way, and its run decides upon it', async () => {
    await withRun(async (run) => {
      await underWay(run);
      const { code, output } = await rollback(run);
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toContain('ROLLED BACK: The cutover was ended by SIGTERM.');
      expect(await run.weights()).toEqual(BACK);
      await run.runnerEnded();
      await run.allGone();
      expect(run.decided).toMatchObject({ decision: 'NO-GO' });
      expect(run.of('rollback-begun')).toHaveLength(1);
    });
  });

  it('kills one that does not hear, and goes back by its journal', async () => {
    await withRun(async (run) => {
      const pid = await underWay(run);
      tryKill(pid, 'SIGSTOP');
      const { code, output } = await rollback(run);
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toContain(`Its process ${pid} does not answer, and is killed.`);
      expect(await run.weights()).toEqual(BACK);
      // Its run goes back for it, too; one of them finds it done.
      await run.allGone();
      expect(run.decided).toMatchObject({ decision: 'NO-GO' });
    });
  });

  it('finishes for one that died, also when two do so at once', async () => {
    await withRun(async (run) => {
      await dead(run);
      const halt = { event: 'zero', back: true } as const;
      const first = run.rollback([], halt);
      const pid = await run.halted(halt);
      const second = run.rollback();
      // The programs of both that go back; the command line's own do not name the folder.
      await until(
        () => Promise.resolve(pidsOf(run.root)),
        (pids) => pids.length === 2,
      );
      tryKill(pid, 'SIGCONT');
      const both = await Promise.all([first.ended, second.ended]);
      const codes = both.map(({ code }) => code);
      expect(codes, JSON.stringify(both)).toEqual([0, 0]);
      for (const { output } of both) expect(output).toContain('verified after');
      await expectOneWayBack(run);
    });
  });

  it('is done once, also where its second process is slow to begin', async () => {
    await withRun(async (run) => {
      await dead(run);
      const known = run.events.length;
      expect(await rollback(run)).toMatchObject({ code: 0 });
      expect(await run.goBack(known)).toEqual({ code: CUTOVER_EXIT['rolled-back'], output: '' });
      await expectOneWayBack(run);
      // Whoever had seen that it was taken back wants it again.
      expect(await run.goBack(run.events.length)).toEqual({ code: CUTOVER_EXIT['rolled-back'], output: '' });
      expect(run.of('rolled-back')).toHaveLength(2);
    });
  });

  it('goes on to its end whoever signals it, and says so', async () => {
    await withRun(async (run) => {
      await dead(run);
      const halt = { event: 'zero', back: true } as const;
      const { child, ended } = run.rollback([], halt);
      const pid = await run.halted(halt);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        child.kill(signal);
        tryKill(pid, signal);
      }
      tryKill(pid, 'SIGCONT');
      const { code, output } = await ended;
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toContain('The rollback goes on to its end');
      expect(run.of('rollback-begun')).toHaveLength(1);
      expect(run.events.at(-1)).toMatchObject({ event: 'rolled-back', verified: true });
    });
  });

  it('goes on without its terminal', async () => {
    await withRun(async (run) => {
      await dead(run);
      const halt = { event: 'zero', back: true } as const;
      const { child } = run.rollback([], halt);
      const pid = await run.halted(halt);
      child.kill('SIGKILL');
      tryKill(pid, 'SIGCONT');
      await run.allGone();
      expect(run.events.at(-1)).toMatchObject({ event: 'rolled-back', verified: true });
    });
  });

  it('says what does not conform, and that it was not verified when it is asked again', async () => {
    await withRun(async (run) => {
      await dead(run);
      platform().makeUnwell(run.name);
      const { code, output } = await rollback(run);
      expect({ code, output }).toMatchObject({ code: 1 });
      expect(output).toContain('  P2-HEA-001: fail (');
      expect(output).toContain('NOT VERIFIED after');
      expect(await run.weights()).toEqual(BACK);
      const again = await rollback(run);
      expect(again).toMatchObject({ code: 1 });
      expect(again.output).toContain('was taken back already, NOT VERIFIED.\nTo look again: golive rollback --run ');
    });
  });

  it('says how to go back by hand where the plan of the run is damaged', async () => {
    await withRun(async (run) => {
      await dead(run);
      const file = join(run.runDir, 'plan.json');
      writeFileSync(file, readFileSync(file, 'utf8').slice(0, 1000));
      const { code, output } = await rollback(run);
      expect(code).toBe(70);
      expect(output).toContain('golive cannot go back by this run any more.');
      expect(output).toContain(
        `kubectl edit httproute ${run.name} -n shop  # rules[0]: weight 100 for green, 0 for blue`,
      );
      expect(output).toContain('kubectl rollout undo deployment/green -n shop --to-revision=1');
      expect(await run.weights()).toEqual(HALF);
    });
  });

  it('has nothing to take back on a rehearsal that is gone', async () => {
    await withRun(async (run) => {
      await dead(run);
      const file = join(run.runDir, 'plan.json');
      const plan = JSON.parse(readFileSync(file, 'utf8')) as Plan;
      writeFileSync(file, JSON.stringify(planFor(plan, { rehearsal: true })));
      const { code, output } = await rollback(run);
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toContain('is gone, and its platform with it: there is nothing to take back.');
    });
  });
});
