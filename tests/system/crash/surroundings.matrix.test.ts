/** The crash matrix, rows of what the cutover stands on: an API server that goes away and comes back, a disk that is full. */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ALL, crashes, decisionOf, expectBack, expectOld, goesBack, goOn } from './cells.ts';

const { cell } = crashes();

describe.concurrent('the API server is away for two seconds', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      await run.door.close();
      goOn(pid);
      await setTimeout(2000);
      await run.door.open();
      await run.runnerEnded();
      if (run.end !== 'finished')
        return await expectBack(run, ['item-failed', 'route-failed', 'trigger', 'out-of-time']);
      expect(goesBack(point)).toBe(false);
      expect(await run.weights(), run.story).toEqual({ stable: 0, canary: 100 });
      expect(run.decided).toMatchObject({ decision: 'GO' });
    });
  });
});

describe('the API server is away for longer than the Lease lasts', () => {
  it('at shifted: the rollback is tried until it is there again', async () => {
    await cell('shifted', async ({ run, pid }) => {
      await run.door.close();
      goOn(pid);
      await setTimeout(16_000);
      await run.door.open();
      await expectBack(run, ['lease-lost', 'route-failed', 'trigger', 'out-of-time', 'item-failed']);
    });
  });
});

// RLIMIT_FSIZE, which only Linux sets from outside: whatever would grow a file fails, as on a full disk.
describe.runIf(process.platform === 'linux').concurrent('a full disk', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      const known = run.events.length;
      run.fillDisk([pid]);
      goOn(pid);
      await run.runnerEnded();
      expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
      // Its own process could tell nothing more; the run tells how it ended.
      expect(run.events.slice(known).map(({ event }) => event)).toEqual(['rolled-back']);
      expect(run.cutoverEnded).toMatchObject([{ complete: true }]);
      expect(run.decided).toMatchObject({ decision: 'NO-GO' });
      expect(run.told).toContain('ROLLED BACK');
    });
  });

  it('of everybody', async () => {
    await cell(
      'shifted',
      async ({ run, pid }) => {
        run.fillDisk([pid, run.runnerPid]);
        goOn(pid);
        await run.runnerEnded();
        expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
        expect(run.told).toContain('could not be recorded');
        expect(run.decided).toMatchObject({ decision: null, exitCode: 70 });
        expect(decisionOf(run)).toBe('HOLD');
      },
      ['--timeout', '6000'],
    );
  });

  it('that has space again', async () => {
    await cell('shifted', async ({ run, pid }) => {
      run.signalRunner('SIGKILL');
      await run.runnerEnded();
      run.fillDisk([pid]);
      goOn(pid);
      await run.allGone();
      expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
      const { code, output } = await run.rollback().ended;
      expect({ code, output }).toMatchObject({ code: 0 });
      await expectOld(run);
    });
  });
});
