/** `golive down`: stops this project's rehearsal. */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pause } from '../checks/contract/pause.ts';
import { EXIT } from '../checks/contract/decision.ts';
import { isAlive, signalIfSame } from '../fixtures/rehearsal-client/process-identity.ts';
import { DEFAULT_DIR, standingOf, statePath } from '../fixtures/rehearsal-client/state-file.ts';
import type { RehearsalState } from '../fixtures/rehearsal-client/state.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

/** An orderly stop takes some seconds; its own limit is 5 s, and the leash needs up to 2 s more. */
const STOP_LIMIT_MS = 12_000;
const POLL_MS = 30;

/** Stops it and waits until it is gone; nothing to stop is no fault. 0 none is left, 64 wrong use, 70 it does not end. */
export async function down(argv: readonly string[]): Promise<number> {
  if (argv.length > 0) {
    writeError(`golive down takes no arguments (${argv.join(' ')}).`);
    return EXIT.usage;
  }
  const dir = resolve(projectRoot(), DEFAULT_DIR);
  const standing = standingOf(dir);
  if (standing.is === 'none' || standing.is === 'ended') {
    if (standing.is === 'ended') rmSync(statePath(dir), { force: true });
    writeOut('No rehearsal is running here.');
    return EXIT.GO;
  }
  const { state } = standing;
  if (standing.is === 'hung') writeOut(`The rehearsal (pid ${state.pid}) hangs; it is ended by force.`);
  else if (!state.kept) writeOut('A run is using this rehearsal; its remaining items will be errors.');
  return (await end(state, standing.is === 'hung')) ? stopped(dir, state) : notStopped(state);
}

async function end(state: RehearsalState, byForce: boolean): Promise<boolean> {
  if (!byForce) {
    signalIfSame(state, 'SIGTERM');
    if (await goneWithin(state, STOP_LIMIT_MS)) return true;
  }
  // Its leash then ends what it had started.
  signalIfSame(state, 'SIGKILL');
  return goneWithin(state, 3000);
}

async function goneWithin(state: RehearsalState, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (isAlive(state)) {
    if (performance.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

function stopped(dir: string, state: RehearsalState): number {
  if (standingOf(dir).is === 'ended') rmSync(statePath(dir), { force: true });
  writeOut(`Stopped the rehearsal (pid ${state.pid}).`);
  return EXIT.GO;
}

function notStopped(state: RehearsalState): number {
  writeError(`The rehearsal (pid ${state.pid}) does not end. Look at it with: ps -fp ${state.pid}`);
  return EXIT.broken;
}
