/**
 * The crash matrix, rows of the cutover itself: what becomes of the traffic when its process is ended or dies, alone or with the run
 * around it. Real processes: golive's cutover and `golive rollback` as they are built, a run around them, an API server and a gateway.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REHEARSAL } from '../../../reports/record/run-folder/cutover-asked.ts';
import { endOf, readCutover } from '../../../reports/record/run-folder/cutover-log.ts';
import { until } from '../../../rehearsal/api-server/testing.ts';
import { isRunning, tryKill } from '../../harness/processes.ts';
import { ALL, crashes, expectBack, expectOld, goesBack, goOn, POINTS, type Point } from './cells.ts';
import { killBothThenRollBack, killCutover } from './rows.ts';

const { cell, make } = crashes();

describe.concurrent('SIGTERM to the cutover', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      tryKill(pid, 'SIGTERM');
      goOn(pid);
      await expectBack(run, [goesBack(point) ? 'item-failed' : 'interrupted']);
      // Neither broken off nor begun again.
      expect(run.of('rollback-begun')).toHaveLength(1);
      expect(run.decided).toMatchObject({ decision: 'NO-GO', exitCode: 1 });
    });
  });
});

describe.concurrent('kill -9 of the cutover', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, killCutover);
  });
});

describe.concurrent('kill -9 of both, then golive rollback', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, killBothThenRollBack);
  });

  it.each<Point>(['rollback-begun', 'rollback-act', 'zero', 'verified'])(
    'and kill -9 of that, too, at %s',
    async (point) => {
      await cell('shifting', async ({ run, pid }) => {
        run.signalRunner('SIGKILL');
        tryKill(pid, 'SIGKILL');
        await run.allGone();
        const halt = { ...POINTS[point], back: true };
        const first = run.rollback([], halt);
        tryKill(await run.halted(halt), 'SIGKILL');
        expect(await first.ended).toMatchObject({
          code: 70,
          output: expect.stringContaining('did not reach its end') as string,
        });
        expect(await run.rollback().ended).toMatchObject({ code: 0 });
        await expectOld(run);
      });
    },
  );
});

describe.concurrent('a process of the cutover that dies before it has begun', () => {
  it('is told of, and moves nothing', async () => {
    const run = await make();
    try {
      const kubeconfig = readFileSync(run.door.kubeconfig, 'utf8');
      writeFileSync(run.door.kubeconfig, 'no kubeconfig');
      run.start({ args: ['--rehearses'] });
      await run.runnerEnded();
      expect(run.events, run.story).toMatchObject([{ event: 'refused' }]);
      expect(run.told).toContain('The cutover did not begin');
      expect(run.decided).toMatchObject({ decision: 'NO-GO', reasons: ['fail'] });
      expect(await run.weights()).toEqual({ stable: 100, canary: 0 });
      writeFileSync(run.door.kubeconfig, kubeconfig);
    } finally {
      await run.remove();
    }
  });
  it('keeps no item waiting', async () => {
    const run = await make();
    try {
      const plan = join(run.root, 'plan.json');
      writeFileSync(plan, readFileSync(plan, 'utf8').replace('"shop"', '"shops"'));
      run.start({ args: ['--rehearses'] });
      await run.runnerEnded();
      expect(readCutover(run.runDir, REHEARSAL)).toMatchObject([{ event: 'unfinished' }]);
      expect(run.events, run.story).toMatchObject([
        { event: 'refused', why: expect.stringContaining('look at cutover.log') as string },
      ]);
      expect(readFileSync(join(run.runDir, 'cutover.log'), 'utf8')).toContain('its digest does not match');
    } finally {
      await run.remove();
    }
  });
});

describe.concurrent('a rehearsal of the rollback', () => {
  it.each(['SIGTERM to it', 'kill -9 of its run'])('gives the Lease back at %s', async (how) => {
    const run = await make();
    try {
      run.start({ args: ['--rehearses'] });
      const rehearsing = await run.rehearsing();
      if (how === 'SIGTERM to it') tryKill(rehearsing, 'SIGTERM');
      else run.signalRunner('SIGKILL');
      await until(
        () => Promise.resolve(isRunning(rehearsing)),
        (still) => !still,
      );
      expect(await run.leaseHolder(), run.story).toBe('');
      expect(endOf(readCutover(run.runDir, REHEARSAL))?.event).not.toBe('rolled-back');
    } finally {
      await run.remove();
    }
  });
});
