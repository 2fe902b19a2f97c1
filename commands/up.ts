/** `golive up`: starts a rehearsal that stays until `golive down`, for people who try things and for many runs in a row. */
import { resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import { formatMs } from '../checks/contract/units.ts';
import { DEFAULT_DIR } from '../fixtures/rehearsal-client/state-file.ts';
import { startRehearsal, waitForRehearsal, type StartedRehearsal } from '../fixtures/rehearsal-client/start.ts';
import { nextSteps } from './next-steps.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

const READY_LIMIT_MS = 90_000;
/** As long as the longest name of a component, `mcp-learning-system-green`. */
const COMPONENT_COLUMNS = 25;

/** Starts and waits until it is ready. 0 ready, 64 wrong use, 70 it does not start, 130 interrupted (it then goes on starting). */
export async function up(argv: readonly string[]): Promise<number> {
  if (argv.length > 0) {
    writeError(`golive up takes no arguments (${argv.join(' ')}).`);
    return EXIT.usage;
  }
  const dir = resolve(projectRoot(), DEFAULT_DIR);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    const rehearsal = startRehearsal({ dir, kept: true });
    if (rehearsal.reused) return await reuse(dir, rehearsal, interrupt.signal);
    writeOut('Starting the rehearsal …');
    await ready(dir, rehearsal, interrupt.signal);
    tellNextSteps(dir, rehearsal);
    return EXIT.GO;
  } catch (cause) {
    if (interrupt.signal.aborted) {
      writeError('Interrupted; the rehearsal goes on starting. Stop it with: golive down');
      return EXIT.interrupted;
    }
    if (!(cause instanceof ObservationError)) throw cause;
    writeError(`${capital(cause.message)}.${cause.fix === undefined ? '' : `\n${cause.fix}.`}`);
    return EXIT.broken;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

async function reuse(dir: string, rehearsal: StartedRehearsal, signal: AbortSignal): Promise<number> {
  const state = rehearsal.state();
  if (state?.kept === false) {
    writeError('A run is using a rehearsal of its own here, which ends with it. Wait for its end, then try again.');
    return EXIT.broken;
  }
  writeOut('A rehearsal is running here already.');
  await ready(dir, rehearsal, signal);
  tellNextSteps(dir, rehearsal);
  return EXIT.GO;
}

/** Waits, telling each component as it comes. */
async function ready(dir: string, rehearsal: StartedRehearsal, signal: AbortSignal): Promise<void> {
  const told = new Set<string>();
  const tell = (): void => {
    for (const { name, state, readyAfterMs } of rehearsal.state()?.components ?? []) {
      if (state !== 'ready' || told.has(name)) continue;
      told.add(name);
      writeOut(`  ${name.padEnd(COMPONENT_COLUMNS)} ready after ${formatMs(readyAfterMs ?? 0)}`);
    }
  };
  const timer = setInterval(tell, 100);
  try {
    await waitForRehearsal({ dir, signal, timeoutMs: READY_LIMIT_MS });
    tell();
  } finally {
    clearInterval(timer);
  }
}

function tellNextSteps(dir: string, rehearsal: StartedRehearsal): void {
  const state = rehearsal.state();
  if (state) writeOut(nextSteps({ root: projectRoot(), dir, cwd: process.cwd() }, state));
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
