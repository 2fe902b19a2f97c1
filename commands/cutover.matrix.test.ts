/** `golive cutover` as people run it: a cutover is held, resumed and aborted, also where its process is stopped or dies meanwhile. */
import { describe, expect, it } from 'vitest';
import { crashes, expectOld } from '../tests/system/crash/cells.ts';
import type { CutoverRun } from '../tests/system/crash/cutover-run.ts';
import { tryKill } from '../tests/harness/processes.ts';

const { make } = crashes();

async function withRun(act: (run: CutoverRun) => Promise<void>): Promise<void> {
  const run = await make();
  try {
    await act(run);
    await run.allGone();
    expect(await run.leaseHolder()).toBe('');
  } finally {
    await run.remove();
  }
}
/** At 50 %, its window open; its process number. */
async function underWay(run: CutoverRun, ...args: readonly string[]): Promise<number> {
  run.start({ args });
  await run.reached('shifted');
  return run.of('begun')[0]?.pid ?? 0;
}

describe.concurrent('golive cutover', () => {
  it('has nothing to hold where no cutover is under way, and wants a reason', async () => {
    await withRun(async (run) => {
      for (const say of ['hold', 'resume', 'abort'] as const)
        expect(await run.wheel(say, 'Why')).toMatchObject({
          code: 1,
          output: expect.stringContaining('No cutover is under way here') as string,
        });
      expect(await run.wheel('hold', ' ')).toMatchObject({ code: 64 });
    });
  });

  it('holds: no step ends, the journal says who and why; resumed it ends well', async () => {
    await withRun(async (run) => {
      await underWay(run);
      const held = await run.wheel('hold', 'Three calls at support', '--json');
      // On a busy machine the first step may have passed by then.
      const canary = run.of('held')[0]?.weight ?? NaN;
      expect(JSON.parse(held.output), run.story).toMatchObject({ say: 'hold', done: true, weight: canary });
      const done = run.of('step-done').length;
      await run.reached('sample', run.of('sample').length + 20);
      expect(run.of('step-done'), run.story).toHaveLength(done);
      expect(await run.weights()).toEqual({ stable: 100 - canary, canary });
      expect(run.of('held')).toMatchObject([
        { reason: 'Three calls at support', by: expect.stringContaining('@') as string },
      ]);
      expect(await run.wheel('resume', 'Of another cause')).toMatchObject({ code: 0 });
      expect(await run.wheel('resume', 'Once more')).toMatchObject({ code: 1 });
      await run.runnerEnded();
      expect(run.end, run.story).toBe('finished');
      expect(await run.weights()).toEqual({ stable: 0, canary: 100 });
    });
  });

  it('aborts: traffic is back and verified, and the run decides upon it', async () => {
    await withRun(async (run) => {
      await underWay(run, '--waits');
      expect(await run.wheel('hold', 'Looking')).toMatchObject({ code: 0 });
      const { code, output } = await run.wheel('abort', 'Prices are wrong');
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toMatch(/ROLLED BACK: \S+ aborted the cutover at 50 %: Prices are wrong/);
      await run.runnerEnded();
      await expectOld(run);
      expect(run.decided).toMatchObject({ decision: 'NO-GO' });
      expect(await run.wheel('hold', 'Too late')).toMatchObject({ code: 1 });
    });
  });

  it('aborts one whose process does not hear, and says so of a hold', async () => {
    await withRun(async (run) => {
      const pid = await underWay(run, '--waits');
      tryKill(pid, 'SIGSTOP');
      expect(await run.wheel('hold', 'Looking')).toMatchObject({
        code: 70,
        output: expect.stringContaining('does not answer') as string,
      });
      const { code, output } = await run.wheel('abort', 'Prices are wrong');
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toContain(`Its process ${pid} does not answer, and is killed.`);
      await run.runnerEnded();
      expect(await run.weights()).toEqual({ stable: 100, canary: 0 });
    });
  });

  it('is taken back where its process dies while it is held', async () => {
    await withRun(async (run) => {
      const pid = await underWay(run, '--waits');
      expect(await run.wheel('hold', 'Looking')).toMatchObject({ code: 0 });
      tryKill(pid, 'SIGKILL');
      await run.runnerEnded();
      await expectOld(run);
      expect(run.decided).toMatchObject({ decision: 'NO-GO' });
    });
  });
});
