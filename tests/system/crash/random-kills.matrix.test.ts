/**
 * Signals to the processes of a cutover at moments that nobody chose: what a matrix of points holds for must hold in between. The seed in
 * a test's name gives its signals, processes and moments again; `KILLS` says how many seeds are tried (`npm run bench -- kills`).
 */
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { pidsOf, tryKill } from '../../harness/processes.ts';
import { crashes, decisionOf } from './cells.ts';
import type { CutoverRun } from './cutover-run.ts';

const SEEDS = Number(process.env['KILLS'] ?? 12);
/** From its first process to its end a run takes about so long. */
const RUN_MS = 6000;
/** Longer than anybody is silent by chance, in the protocol between the run and its cutover. */
const LONGEST_STOP_MS = 12_000;

const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGSTOP'] as const;
const TARGETS = ['the cutover', 'the run', 'both'] as const;

interface Blow {
  readonly signal: (typeof SIGNALS)[number];
  readonly target: (typeof TARGETS)[number];
  readonly afterMs: number;
  /** Of SIGSTOP: until SIGCONT. */
  readonly stoppedMs: number;
}

/** Mulberry32: the same numbers on every machine. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Signals and processes take turns, so that a few seeds try each pair; the moment is the seed's own. */
function blowOf(seed: number): Blow {
  const random = seeded(seed);
  return {
    signal: SIGNALS[seed % SIGNALS.length] ?? 'SIGKILL',
    target: TARGETS[Math.floor(seed / SIGNALS.length) % TARGETS.length] ?? 'both',
    afterMs: Math.round(random() * RUN_MS),
    stoppedMs: Math.round(random() * LONGEST_STOP_MS),
  };
}

async function strike(run: CutoverRun, { signal, target, stoppedMs }: Blow): Promise<void> {
  const pids = [
    ...(target === 'the cutover' ? [] : [run.runnerPid]),
    ...(target === 'the run' ? [] : pidsOf(run.root, 'cutover.js')),
  ];
  for (const pid of pids) tryKill(pid, signal);
  if (signal !== 'SIGSTOP') return;
  await wait(stoppedMs);
  for (const pid of pids) tryKill(pid, 'SIGCONT');
}

/** All users on one release, whichever process is left to see to it. */
async function expectWhole(run: CutoverRun): Promise<void> {
  const { canary, stable } = await run.weights();
  if (run.end === 'finished') return expect([canary, stable], run.story).toEqual([100, 0]);
  const wentBack = run.end === 'rolled-back' || run.events.length === 0 || run.end === 'refused';
  if (wentBack) return expect(canary, run.story).toBe(0);
  // Left by everybody: a HOLD, which `golive rollback` finishes, with the Lease of the dead.
  expect(decisionOf(run), run.story).toBe('HOLD');
  expect(await run.rollback().ended, run.story).toMatchObject({ code: 0 });
  expect((await run.weights()).canary, run.story).toBe(0);
}

const { make } = crashes();

describe.concurrent('at a moment that nobody chose', () => {
  const seeds = Array.from({ length: SEEDS }, (_, index) => ({ seed: index + 1, ...blowOf(index + 1) }));
  // All wait for their turn from the start: a few run at once.
  it.each(seeds)('$signal to $target after $afterMs ms, seed $seed', { timeout: SEEDS * 60_000 }, async (blow) => {
    const run = await make();
    try {
      run.start();
      await run.saying('opened');
      await wait(blow.afterMs);
      await strike(run, blow);
      await run.allGone();
      await expectWhole(run);
      await run.allGone();
      // Of one that was killed before it told anything nobody knows the holder: its Lease runs out.
      if (run.of('begun').length > 0) expect(await run.leaseHolder(), run.story).toBe('');
    } finally {
      await run.remove();
    }
  });
});
