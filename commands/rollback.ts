/** `golive rollback`: takes the traffic of a cutover back, the one that is under way or one whose process died. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../checks/contract/pause.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { CutoverEvent } from '../checks/contract/cutover.ts';
import { endOf, readCutover } from '../reports/record/run-folder/cutover-log.ts';
import { isAlive, signalIfSame } from '../fixtures/rehearsal-client/process-identity.ts';
import { findDist } from '../fixtures/rehearsal-client/start.ts';
import { DEFAULT_DIR, isUsable, standingOf } from '../fixtures/rehearsal-client/state-file.ts';
import { endText } from '../cutover/control.ts';
import { standingCutover, type StandingCutover } from '../cutover/unfinished.ts';
import { runsFolder } from '../reports/record/paths.ts';
import { loadPlan } from '../specs/loader/plan-file.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

const LOOK_MS = 100;
/** A process that has not begun to go back by then does not hear. */
const HEARD_WITHIN_MS = 10_000;

type Say = (text: string) => void;

export interface RollbackOptions {
  /** The run whose cutover it is; also one that has ended well. */
  readonly run?: string;
  /** Asks the process that is under way, where a signal is not to be all that it hears. */
  readonly ask?: (runDir: string) => void;
  /** Lines for people; to the terminal where nothing else is said. */
  readonly say?: Say;
}

/** 0 traffic is back and verified, or there was nothing to take back; 1 it is back and something does not conform; 70 it is not back. */
export async function rollback({ run, ask, say = writeOut }: RollbackOptions): Promise<number> {
  const root = projectRoot();
  const standing = standingCutover(root, run);
  if (!standing) return nothingBegun(root, run, say);
  if (standing.is === 'over' && run === undefined) return isOver(standing, say);
  if (hasLostItsPlatform(standing, root)) {
    say(`The rehearsal of run ${standing.run} is gone, and its platform with it: there is nothing to take back.`);
    return EXIT.GO;
  }
  const known = readCutover(standing.runDir).length;
  ask?.(standing.runDir);
  say(`Taking back ${standing.begun.release} on ${standing.begun.environment} (run ${standing.run}) …`);
  const release = refuseSignals();
  try {
    const back = takeBack({ standing, root, known, isAsked: ask !== undefined, say });
    await follow(standing.runDir, known, back, say);
  } finally {
    release();
  }
  return report(standing.runDir, say);
}

function isOver({ run, runDir }: StandingCutover, say: Say): number {
  const end = endOf(readCutover(runDir));
  const again = (what: string): string => `${what}: golive rollback --run ${run}`;
  if (end?.event === 'finished') {
    const all = again('To take its traffic back all the same');
    say(`The cutover of run ${run} has ended well: nothing is half done.\n${all}`);
    return EXIT.GO;
  }
  if (end?.event === 'rolled-back' && !end.verified) {
    say(`The cutover of run ${run} was taken back already, NOT VERIFIED.\n${again('To look again')}`);
    return EXIT['NO-GO'];
  }
  say(`The cutover of run ${run} was taken back already.`);
  return EXIT.GO;
}

function nothingBegun(root: string, run: string | undefined, say: Say): number {
  if (run === undefined) {
    say('No cutover has begun here: there is nothing to take back.');
    return EXIT.GO;
  }
  const folder = runsFolder(root);
  writeError(
    existsSync(join(folder, run))
      ? `Run ${run} has moved no traffic: no cutover began in it.`
      : `There is no run ${run} in ${folder}.\nFix: look at the names there, or leave out --run`,
  );
  return EXIT.usage;
}

/** A rehearsal that ended has taken its platform with it. */
function hasLostItsPlatform({ runDir }: StandingCutover, root: string): boolean {
  try {
    return loadPlan(runDir).environment.rehearsal && !isUsable(standingOf(join(root, DEFAULT_DIR)));
  } catch {
    // Whoever goes back says what is wrong with the plan.
    return false;
  }
}

interface Way {
  readonly standing: StandingCutover;
  readonly root: string;
  /** Events of its log before anything was asked. */
  readonly known: number;
  /** It was asked already, and hears in its own time. */
  readonly isAsked: boolean;
  readonly say: Say;
}

async function takeBack({ standing, root, known, isAsked, say }: Way): Promise<void> {
  if (standing.is === 'under-way') {
    await callBack(standing, isAsked, say);
    const end = endOf(readCutover(standing.runDir))?.event;
    if (end === 'rolled-back' || end === 'unfinished') return;
  }
  await finish(standing, root, known);
}

function report(runDir: string, say: Say): number {
  const events = readCutover(runDir);
  const end = endOf(events);
  const text = endText(events);
  if (end?.event === 'rolled-back') {
    say(text ?? '');
    return end.verified ? EXIT.GO : EXIT['NO-GO'];
  }
  writeError(
    text ?? 'The rollback did not reach its end.\nFix: see what it said above, then run golive rollback again',
  );
  return EXIT.broken;
}

/** Tells the process that is under way, and waits until it has gone. One that does not hear is killed: its journal is enough. */
async function callBack({ begun, runDir }: StandingCutover, isAsked: boolean, say: Say): Promise<void> {
  const { pid, pidStartedAt } = begun;
  if (!isAsked) signalIfSame({ pid, pidStartedAt }, 'SIGTERM');
  for (const from = performance.now(); isAlive({ pid, pidStartedAt });) {
    const isHeard = readCutover(runDir).some(({ event }) => event === 'rollback-begun' || event === 'finished');
    if (!isHeard && performance.now() - from > HEARD_WITHIN_MS) {
      say(`Its process ${pid} does not answer, and is killed.`);
      if (!signalIfSame({ pid, pidStartedAt }, 'SIGKILL') && isAlive({ pid, pidStartedAt })) {
        writeError(`Process ${pid} cannot be killed by this user.\nFix: kill it as the user it runs as`);
        return;
      }
    }
    await pause(LOOK_MS);
  }
}

/** The program of the cutover, on its journal. Ctrl-C and a terminal that is closed do not reach it: it goes its way to the end. */
function finish({ runDir }: StandingCutover, root: string, known: number): Promise<void> {
  const program = join(findDist(), 'cutover.js');
  const args = [program, '--run', runDir, '--root', root, '--back', '--known', String(known)];
  const child = spawn(process.execPath, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

/** A rollback is not broken off; the answer undoes this. */
function refuseSignals(): () => void {
  const refuse = (): void => writeError('The rollback goes on to its end: this waits for it.');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, refuse);
  // The terminal may be gone.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return () => {
    for (const signal of signals) process.off(signal, refuse);
  };
}

/** Prints what the log tells until it is over. */
async function follow(runDir: string, from: number, over: Promise<void>, say: Say): Promise<void> {
  let done = false;
  const isDone = (): boolean => done;
  const end = over.finally(() => (done = true));
  for (let told = from; ;) {
    const isOver = isDone();
    const events = readCutover(runDir);
    for (const event of events.slice(told)) {
      const line = lineOf(event);
      if (line) say(`  ${line}`);
    }
    told = events.length;
    if (isOver) break;
    await pause(LOOK_MS);
  }
  await end;
}

function lineOf(event: CutoverEvent): string | null {
  if (event.event === 'rollback-act') return event.act;
  if (event.event === 'verified')
    return `${event.item}: ${event.outcome}${event.message === null ? '' : ` (${event.message})`}`;
  if (event.event === 'zero') return 'no traffic goes to the new release';
  return null;
}
