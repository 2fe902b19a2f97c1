/** A cell of the crash matrix: a cutover that stops itself at a point of its journal, something that happens there, and what must be so then. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { tryKill } from '../../harness/processes.ts';
import { CutoverRun, type CutoverRunOptions } from './cutover-run.ts';
import type { HaltPoint } from './halt-point.ts';
import { startCrashPlatform, type CrashPlatform } from './platform.ts';
import { bundlePrograms, type Programs } from './programs.ts';
import { HEALTH } from './project.ts';

/** Lines of the journal in their order; the cutover stops itself right after one of them. */
export const POINTS = {
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
export type Point = keyof typeof POINTS;
export const ALL = Object.keys(POINTS) as readonly Point[];
/** Points of the rollback; there an item has failed before. */
export const goesBack = (point: Point): boolean => ALL.indexOf(point) >= ALL.indexOf('rollback-begun');

export interface Halted {
  readonly run: CutoverRun;
  /** The process of the cutover, stopped at the point. */
  readonly pid: number;
  readonly point: Point;
}

export interface Crashes {
  /** Once the tests have begun. */
  readonly platform: () => CrashPlatform;
  /** A project and its route, for a test that starts its run itself. */
  readonly make: (options?: CutoverRunOptions) => Promise<CutoverRun>;
  /** To the point, then this, then no process is left and nobody holds the Lease. `args` are of the runner. */
  readonly cell: (point: Point, act: (halted: Halted) => Promise<void>, args?: readonly string[]) => Promise<void>;
}

/** The platform and the programs of a file of tests. */
export function crashes(): Crashes {
  let platform: CrashPlatform;
  let programs: Programs;
  beforeAll(async () => {
    [platform, programs] = await Promise.all([startCrashPlatform(), bundlePrograms()]);
  });
  afterAll(async () => {
    await platform.close();
    programs.remove();
  });
  const make: Crashes['make'] = (options) => CutoverRun.make(platform, programs, options);
  return {
    platform: () => platform,
    make,
    async cell(point, act, args = []) {
      const run = await make();
      try {
        const halt = POINTS[point];
        run.start({ halt, args: [...(goesBack(point) ? ['--fails', HEALTH] : []), ...args] });
        await act({ run, point, pid: await run.halted(halt) });
        await run.allGone();
        expect(await run.leaseHolder(), run.story).toBe('');
      } finally {
        await run.remove();
      }
    },
  };
}

/** Lets a process that stopped itself go on. */
export const goOn = (pid: number): void => tryKill(pid, 'SIGCONT');

/** Back at the release before, told in the log, and heard of by the decision. */
export async function expectBack(run: CutoverRun, reasons: readonly string[]): Promise<void> {
  await run.runnerEnded();
  await expectOld(run);
  expect(reasons, run.story).toContain(run.of('rollback-begun').at(-1)?.reason.code);
  expect(run.cutoverEnded, run.story).toMatchObject([{ complete: true }]);
  expect(run.decided?.reasons, run.story).toContain('rolled-back');
  expect(run.told).toContain('ROLLED BACK');
}
/** Every user is served by the release before, and the journal ends so. */
export async function expectOld(run: CutoverRun): Promise<void> {
  expect(await run.weights(), run.story).toEqual({ stable: 100, canary: 0 });
  expect(run.events.at(-1), run.story).toMatchObject({ event: 'rolled-back', verified: true });
}
/** What stands on the disk, as somebody finds it who comes later. */
export const decisionOf = ({ root }: CutoverRun): unknown =>
  (JSON.parse(readFileSync(join(root, 'reports/out/decision.json'), 'utf8')) as { decision: unknown }).decision;
