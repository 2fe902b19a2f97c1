/**
 * The watchdog's thread: sees that the rehearsal's event loop no longer turns, which nobody on that loop can. It marks the
 * state file `failed` and ends the process; the reaper then ends the children.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { readState, writeAtomically, statePath } from '../fixtures/rehearsal-client/state-file.ts';

/** Handed over at the start: the folder, the beat counter shared with the main thread, and how long it may stand still. */
export interface WatchdogData {
  readonly dir: string;
  readonly beats: SharedArrayBuffer;
  readonly limitMs: number;
}

const { dir, beats, limitMs } = workerData as WatchdogData;
const counter = new Int32Array(beats);
let last = -1;
let changedAt = performance.now();

function end(): void {
  const state = readState(dir);
  if (state?.pid === process.pid) {
    const failure = `its event loop stood still for ${Math.round(limitMs / 1000)} s (an endless loop, or a machine far too busy)`;
    writeAtomically(statePath(dir), JSON.stringify({ ...state, status: 'failed', failure }));
  }
  process.kill(process.pid, 'SIGKILL');
}

let lookedAt = performance.now();
const timer = setInterval(() => {
  const now = performance.now();
  const asleep = now - lookedAt > 3000;
  lookedAt = now;
  const beat = Atomics.load(counter, 0);
  // The whole machine or process was stopped (suspended laptop, debugger): this thread slept as well, so start counting anew.
  if (beat !== last || asleep) changedAt = now;
  last = beat;
  if (now - changedAt > limitMs) end();
}, 500);
parentPort?.once('message', () => clearInterval(timer));
