/**
 * What becomes of the traffic when something dies, is interrupted, cut off or out of disk at each point of the journal. Real processes:
 * golive's cutover and `golive rollback` as they are built, a run around them, an API server and a gateway.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readCutover, REHEARSAL } from '../../../fixtures/cutover/log.ts';
import { CutoverRun, kill } from './cutover-run.ts';
import type { HaltPoint } from './halt-point.ts';
import { startCrashPlatform, type CrashPlatform } from './platform.ts';
import { bundlePrograms, type Programs } from './programs.ts';
import { HEALTH } from './project.ts';

let platform: CrashPlatform;
let programs: Programs;
beforeAll(async () => {
  [platform, programs] = await Promise.all([startCrashPlatform(), bundlePrograms()]);
});
afterAll(async () => {
  await platform.close();
  programs.remove();
});

/** Lines of the journal in their order; the cutover stops itself right after one of them. */
const POINTS = {
  begun: { event: 'begun' },
  'step-begun': { event: 'step-begun' },
  // From 50 to 100 %: half of the traffic has moved.
  shifting: { event: 'shifting', count: 2 },
  shifted: { event: 'shifted' },
  split: { event: 'split' },
  'step-done': { event: 'step-done' },
  'rollback-begun': { event: 'rollback-begun' },
  // The first is the weight, the second the Deployment.
  'rollback-act': { event: 'rollback-act', count: 2 },
  zero: { event: 'zero' },
  verified: { event: 'verified' },
} as const satisfies Readonly<Record<string, HaltPoint>>;
type Point = keyof typeof POINTS;
const ALL = Object.keys(POINTS) as Point[];
const goesBack = (point: Point): boolean => ALL.indexOf(point) >= ALL.indexOf('rollback-begun');

interface Halted {
  readonly run: CutoverRun;
  /** The process of the cutover, stopped at the point. */
  readonly pid: number;
  readonly point: Point;
}

/** One cell: to the point, then this, then nothing is left and traffic is where it shall be. */
async function cell(point: Point, act: (halted: Halted) => Promise<void>, args: readonly string[] = []): Promise<void> {
  const run = await CutoverRun.make(platform, programs);
  try {
    const halt = POINTS[point];
    // A failing item is why it goes back, where it is to be broken on its way back.
    run.start({ halt, args: [...(goesBack(point) ? ['--fails', HEALTH] : []), ...args] });
    await act({ run, point, pid: await run.halted(halt) });
    await run.allGone();
    expect(await run.leaseHolder(), run.story).toBe('');
  } finally {
    await run.remove();
  }
}

/** Back at the release before, told in the log, and heard of by the decision. */
async function expectBack(run: CutoverRun, reasons: readonly string[]): Promise<void> {
  await run.runnerEnded();
  expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
  expect(run.events.at(-1), run.story).toMatchObject({ event: 'rolled-back', verified: true });
  expect(reasons, run.story).toContain(run.of('rollback-begun').at(-1)?.reason.code);
  expect(run.cutoverEnded, run.story).toMatchObject([{ complete: true }]);
  expect(run.decided?.reasons, run.story).toContain('rolled-back');
  expect(run.told).toContain('ROLLED BACK');
}
const decisionOf = ({ root }: CutoverRun): unknown =>
  (JSON.parse(readFileSync(join(root, 'reports/out/decision.json'), 'utf8')) as { decision: unknown }).decision;

describe.concurrent('SIGTERM to the cutover', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      kill(pid, 'SIGTERM');
      kill(pid, 'SIGCONT');
      await expectBack(run, [goesBack(point) ? 'item-failed' : 'interrupted']);
      // Neither broken off nor begun again.
      expect(run.of('rollback-begun')).toHaveLength(1);
      expect(run.decided).toMatchObject({ decision: 'NO-GO', exitCode: 1 });
    });
  });
});

describe.concurrent('SIGINT to the run', () => {
  it.each<Point>(['step-begun', 'shifted', 'step-done', 'rollback-act'])('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      run.signalRunner('SIGINT');
      await run.saying('interrupted');
      kill(pid, 'SIGCONT');
      await expectBack(run, [goesBack(point) ? 'item-failed' : 'interrupted']);
      expect(run.of('rollback-begun')).toHaveLength(1);
      expect(run.decided).toMatchObject({ exitCode: 130 });
    });
  });
});

describe.concurrent('kill -9 of the run', () => {
  it.each<Point>(['begun', 'shifting', 'split', 'zero'])('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      run.signalRunner('SIGKILL');
      await run.runnerEnded();
      kill(pid, 'SIGCONT');
      await run.allGone();
      expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
      expect(run.events.at(-1), run.story).toMatchObject({ event: 'rolled-back', verified: true });
      expect(run.of('rollback-begun')).toMatchObject([
        { reason: { code: goesBack(point) ? 'item-failed' : 'runner-gone' } },
      ]);
      expect(decisionOf(run)).toBe('HOLD');
    });
  });
});

describe.concurrent('kill -9 of the cutover', () => {
  it.each(ALL)('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      kill(pid, 'SIGKILL');
      // Why it went back the first time is still why.
      await expectBack(run, [goesBack(point) ? 'item-failed' : 'asked']);
      expect(run.told).toContain('The process of the cutover died.');
      expect(run.decided).toMatchObject({ decision: 'NO-GO' });
    });
  });
});

describe.concurrent('kill -9 of both, then golive rollback', () => {
  it.each<Point>(['begun', 'shifting', 'shifted', 'rollback-begun', 'rollback-act', 'zero', 'verified'])(
    'at %s',
    async (point) => {
      await cell(point, async ({ run, pid }) => {
        run.signalRunner('SIGKILL');
        kill(pid, 'SIGKILL');
        await run.allGone();
        expect(decisionOf(run)).toBe('HOLD');
        const { code, output } = await run.rollback().ended;
        expect({ code, output }).toMatchObject({ code: 0 });
        expect(output).toContain('verified after');
        expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
        expect(run.events.at(-1), run.story).toMatchObject({ event: 'rolled-back', verified: true });
      });
    },
  );

  it.each<Point>(['rollback-begun', 'zero'])('and kill -9 of that, too, at %s', async (point) => {
    await cell('shifting', async ({ run, pid }) => {
      run.signalRunner('SIGKILL');
      kill(pid, 'SIGKILL');
      await run.allGone();
      const halt = { ...POINTS[point], back: true };
      const first = run.rollback([], halt);
      kill(await run.halted(halt), 'SIGKILL');
      expect(await first.ended).toMatchObject({
        code: 70,
        output: expect.stringContaining('did not reach its end') as string,
      });
      expect(await run.rollback().ended).toMatchObject({ code: 0 });
      expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
    });
  });
});

describe.concurrent('the API server is away for two seconds', () => {
  it.each<Point>(['begun', 'step-begun', 'shifting', 'shifted', 'rollback-begun', 'zero'])('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      await run.door.close();
      kill(pid, 'SIGCONT');
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

describe.concurrent('a run that is stopped', () => {
  it.each<Point>(['shifted', 'rollback-act'])('at %s', async (point) => {
    await cell(point, async ({ run, pid }) => {
      run.signalRunner('SIGSTOP');
      kill(pid, 'SIGCONT');
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
        kill(pid, 'SIGCONT');
        await expectBack(run, ['item-failed']);
      },
      ['--stops'],
    );
  });
});

describe.concurrent('an item that is out of time', () => {
  it('at begun', async () => {
    await cell(
      'begun',
      async ({ run, pid }) => {
        await run.saying('out-of-time');
        kill(pid, 'SIGCONT');
        await expectBack(run, ['item-failed']);
      },
      ['--timeout', '2000'],
    );
  });
});

describe.concurrent('a process of the cutover that dies before it has begun', () => {
  it('is told of, and moves nothing', async () => {
    const run = await CutoverRun.make(platform, programs);
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
    const run = await CutoverRun.make(platform, programs);
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

// RLIMIT_FSIZE, which only Linux sets from outside: whatever would grow a file fails, as on a full disk.
describe.runIf(process.platform === 'linux').concurrent('a full disk', () => {
  it.each<Point>(['begun', 'step-begun', 'shifting', 'shifted', 'split', 'step-done', 'rollback-begun', 'zero'])(
    'at %s',
    async (point) => {
      await cell(point, async ({ run, pid }) => {
        const known = run.events.length;
        run.fillDisk([pid]);
        kill(pid, 'SIGCONT');
        await run.runnerEnded();
        expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
        // Its own process could tell nothing more; the run tells how it ended.
        expect(run.events.slice(known).map(({ event }) => event)).toEqual(['rolled-back']);
        expect(run.cutoverEnded).toMatchObject([{ complete: true }]);
        expect(run.decided).toMatchObject({ decision: 'NO-GO' });
        expect(run.told).toContain('ROLLED BACK');
      });
    },
  );

  it('of everybody', async () => {
    await cell(
      'shifted',
      async ({ run, pid }) => {
        run.fillDisk([pid, run.runnerPid]);
        kill(pid, 'SIGCONT');
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
      kill(pid, 'SIGCONT');
      await run.allGone();
      expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
      const { code, output } = await run.rollback().ended;
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(run.events.at(-1), run.story).toMatchObject({ event: 'rolled-back', verified: true });
    });
  });
});
