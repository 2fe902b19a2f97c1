/** The crash matrix, rows of the run: what becomes of the traffic when the run around the cutover fails, is interrupted, stops or dies. */
import { describe, expect, it } from 'vitest';
import { ALL, crashes, decisionOf, expectBack, expectOld, goesBack, goOn } from './cells.ts';
import { HEALTH } from './project.ts';
import { interruptRun } from './rows.ts';

const { cell } = crashes();

describe.concurrent('SIGINT to the run', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, interruptRun);
  });
});

describe.concurrent.each([
  { what: 'an item that fails', word: `fail ${HEALTH}`, says: 'failed' },
  { what: 'a step whose item is out of time', word: 'out-of-time', says: 'out-of-time' },
] as const)('$what', ({ word, says }) => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      run.tellRunner(word);
      await run.saying(says);
      goOn(pid);
      await expectBack(run, ['item-failed']);
      expect(run.of('rollback-begun')).toHaveLength(1);
      expect(run.decided).toMatchObject({ decision: 'NO-GO', exitCode: 1 });
    });
  });
});

describe.concurrent('kill -9 of the run', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      run.signalRunner('SIGKILL');
      await run.runnerEnded();
      goOn(pid);
      await run.allGone();
      await expectOld(run);
      expect(run.of('rollback-begun')).toMatchObject([
        { reason: { code: goesBack(point) ? 'item-failed' : 'runner-gone' } },
      ]);
      expect(decisionOf(run)).toBe('HOLD');
    });
  });
});

describe.concurrent('a run that is stopped', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      run.signalRunner('SIGSTOP');
      goOn(pid);
      await run.reached('rolled-back');
      expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
      run.signalRunner('SIGCONT');
      await expectBack(run, [goesBack(point) ? 'item-failed' : 'runner-gone']);
    });
  });
});

describe.concurrent('a run that goes on to ask for nothing', () => {
  it('at step-done', async () => {
    await cell(
      'step-done',
      async ({ run, pid }) => {
        goOn(pid);
        await expectBack(run, ['item-failed']);
      },
      ['--stops'],
    );
  });
});
