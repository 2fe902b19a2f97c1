/** The run's side of the cutover: starts its process when the first step is asked for, lets it hear that the run lives, ends it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../checks/contract/text.ts';
import { visibleLine } from '../checks/contract/visible-text.ts';
import type { CutoverEvent, CutoverEventOf } from '../checks/contract/cutover.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { formatMs } from '../checks/contract/units.ts';
import { heldBy } from '../checks/cutover/log.ts';
import { realClock } from './clock.ts';
import { askedSteps, REHEARSAL } from '../reports/record/run-folder/cutover-asked.ts';
import { endOf, readCutover, type CutoverLog } from '../reports/record/run-folder/cutover-log.ts';
import { openJournal } from './journal.ts';
import { findDist } from '../fixtures/rehearsal-client/start.ts';
import { appendEvent } from '../reports/record/run-folder/append.ts';
import { ALIVE_EVERY_MS, CUTOVER_EXIT, type Heard } from './protocol.ts';
import { hasCutover, rollbackWithinOf } from './settings.ts';
import { silenceOf } from './signs-of-life.ts';

const LOOK_MS = 100;

export interface CutoverControl {
  /**
   * Ends a cutover that is under way: well where every step has passed, else, and with `back`, by going back. Settles when its process is
   * gone. Throws when traffic was taken back and the run's folder could not be told.
   */
  end(how?: 'finish' | 'back'): Promise<void>;
}
export interface ControlOptions {
  readonly runDir: string;
  readonly root: string;
  readonly plan: Plan;
  /** A line for people. */
  readonly say: (text: string) => void;
}
/** A process of the cutover; how it ended, null where it was killed. */
interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
}

/** Undefined where the plan moves no traffic. */
export function watchForCutover(options: ControlOptions): CutoverControl | undefined {
  const { runDir, plan } = options;
  if (!hasCutover(plan)) return undefined;
  let present: Started | undefined;
  let rehearsal: Promise<void> | undefined;
  let settled: Promise<void> | undefined;
  const tell = (word: Heard): void => void present?.child.stdin?.write(`${JSON.stringify(word)}\n`);
  const interrupt = (): void =>
    tell({ say: 'back', reason: { code: 'interrupted', text: 'The run was interrupted.' } });
  const start = async (...args: readonly string[]): Promise<number | null> => {
    present = spawnCutover(options, args);
    // Playwright ends its workers first, and that takes its time.
    process.once('SIGINT', interrupt);
    return await present.exited.finally(() => process.off('SIGINT', interrupt));
  };
  const cutOver = async (): Promise<void> => {
    let code = await start();
    const events = readCutover(runDir);
    if (diedBeforeItsEnd(events, code)) {
      options.say('The process of the cutover died. Going back by its journal …');
      code = await start('--back', '--known', String(events.length));
    }
    settle(options, code);
  };
  const isSilent = silenceOf({ runDir, rollbackWithinMs: rollbackWithinOf(plan), clock: realClock });
  const alive = setInterval(() => {
    tell({ say: 'alive' });
    if (!settled || !isSilent()) return;
    options.say('The process of the cutover has hung, and is killed.');
    present?.child.kill('SIGKILL');
  }, ALIVE_EVERY_MS).unref();
  const look = setInterval(() => {
    const asked = askedSteps(runDir);
    if (asked.includes(REHEARSAL) && rehearsal === undefined) {
      rehearsal = start('--rehearse').then(() => {
        present = undefined;
        if (endOf(readCutover(runDir, REHEARSAL)) === undefined) tellDeath(runDir, REHEARSAL, 'unfinished');
      });
      rehearsal.catch(() => undefined);
      return;
    }
    if (present || !asked.some((item) => item !== REHEARSAL)) return;
    clearInterval(look);
    settled = cutOver();
    // `end` waits for it; until then nobody does.
    settled.catch(() => undefined);
  }, LOOK_MS).unref();
  return {
    async end(how = 'finish') {
      clearInterval(look);
      const reason = { code: 'asked', text: 'The traffic of this cutover is not to stay.' } as const;
      tell(how === 'finish' ? { say: 'finish' } : { say: 'back', reason });
      await rehearsal;
      const held = how === 'finish' ? heldBy(readCutover(runDir)) : null;
      if (held) options.say(heldText(held));
      await settled;
      clearInterval(alive);
    },
  };
}

/** The run is over, and nobody may end what a person holds. */
function heldText({ weight, by, reason }: CutoverEventOf<'held'>): string {
  return `The cutover is held at ${weight} % by ${by}: ${reason}\nThe run ends when it goes on: golive cutover resume, or golive cutover abort.`;
}

function spawnCutover({ runDir, root }: ControlOptions, args: readonly string[]): Started {
  const log = openSync(join(runDir, 'cutover.log'), 'a', 0o600);
  // Detached: Ctrl-C is for the run, which then ends the cutover in order.
  const child = spawn(process.execPath, [join(findDist(), 'cutover.js'), '--run', runDir, '--root', root, ...args], {
    cwd: process.cwd(),
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  child.stdin?.on('error', () => undefined);
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  return { child, exited };
}

/** Whether somebody else must take the traffic back. A process whose journal could not be written says by its exit code how it ended. */
function diedBeforeItsEnd(events: readonly CutoverEvent[], code: number | null): boolean {
  return events.length > 0 && endOf(events) === undefined && !isBack(code);
}
const isBack = (code: number | null): boolean =>
  code === CUTOVER_EXIT['rolled-back'] || code === CUTOVER_EXIT.unverified;

/** Tells people and the run's folder how it ended. Throws where the folder had to be told and could not be. */
function settle({ runDir, say }: ControlOptions, code: number | null): void {
  const events = readCutover(runDir);
  const end = endOf(events);
  const text = endText(events);
  if (events.length === 0) {
    say(`The cutover did not begin. Look at ${join(runDir, 'cutover.log')}.`);
    tellDeath(runDir, 'cutover', 'refused');
  } else if (text !== null) say(text);
  const ended = endedAs(events, code);
  if (ended === null) return;
  if (end === undefined) tellEnd(runDir, ended, code);
  if (end === undefined || (end.event === 'finished' && ended.complete))
    say(`${ended.complete ? 'ROLLED BACK' : 'THE ROLLBACK IS NOT FINISHED'}: ${visibleLine(ended.why)}.`);
  try {
    appendEvent(runDir, { at: new Date().toISOString(), event: 'cutover-ended', ...ended });
  } catch (error) {
    const why = errorText(error);
    const what = ended.complete ? 'Traffic was taken back' : 'Traffic is not back';
    say(`${what}, and that could not be recorded: ${why}.`);
    throw new Error(`${what}, and that could not be recorded: ${why}`, { cause: error });
  }
}

/** Items need not wait until their time is up. */
function tellDeath(runDir: string, log: CutoverLog, event: 'refused' | 'unfinished'): void {
  try {
    const journal = openJournal(runDir, log);
    journal.tell({ event, why: 'its process ended without a word; look at cutover.log in the folder of the run' });
    journal.close();
  } catch {
    // A full disk: they wait.
  }
}

/** What a process could not tell, or was not there to tell: items wait for it. */
function tellEnd(
  runDir: string,
  { complete, why }: { readonly complete: boolean; readonly why: string },
  code: number | null,
): void {
  try {
    const journal = openJournal(runDir);
    const verified = code === CUTOVER_EXIT['rolled-back'];
    // At the most: it is known to be over now.
    const msToRecovery = Math.round(Date.now() - Date.parse(journal.events.at(-1)?.at ?? ''));
    journal.tell(complete ? { event: 'rolled-back', verified, msToRecovery } : { event: 'unfinished', why });
    journal.close();
  } catch {
    // A disk that is still full: items wait until their time is up.
  }
}

/** What the decision must hear of: null for a cutover that ended well, or never began. */
function endedAs(
  events: readonly CutoverEvent[],
  code: number | null,
): { readonly complete: boolean; readonly why: string } | null {
  const end = endOf(events);
  if (end?.event === 'rolled-back' || isBack(code)) return { complete: true, why: reasonOf(events) };
  if (end?.event === 'unfinished') return { complete: false, why: end.why };
  if (events.length === 0 || end?.event === 'refused') return null;
  // Its last word may be on the disk although it was taken back: that it was written could not be made sure.
  if (end?.event === 'finished' && code !== CUTOVER_EXIT.unfinished) return null;
  return { complete: false, why: 'the process that was to take traffic back ended without a word' };
}

/** Why it went back. */
function reasonOf(events: readonly CutoverEvent[]): string {
  const begun = events.findLast((one): one is CutoverEventOf<'rollback-begun'> => one.event === 'rollback-begun');
  return `traffic was taken back: ${begun?.reason.text ?? 'no reason was recorded'}`;
}

/** How a cutover ended, for the console. Null for one that ended well or never began. */
export function endText(events: readonly CutoverEvent[]): string | null {
  const end = endOf(events);
  const begun = events.findLast((one): one is CutoverEventOf<'rollback-begun'> => one.event === 'rollback-begun');
  const zero = events.findLast((one): one is CutoverEventOf<'zero'> => one.event === 'zero');
  if (end?.event === 'refused') return `The cutover did not begin: ${end.why}`;
  if (end?.event === 'rolled-back') {
    const after = zero ? `, at 0 % after ${formatMs(zero.msSinceBreach ?? zero.msSinceBegun)}` : '';
    const checked = end.verified ? 'verified' : 'NOT VERIFIED';
    return `ROLLED BACK: ${begun?.reason.text ?? ''}\n  Traffic is back on the release before${after}, ${checked} after ${formatMs(end.msToRecovery)}.`;
  }
  if (end?.event === 'unfinished') return `THE ROLLBACK IS NOT FINISHED: ${end.why}\nFix: golive rollback`;
  return null;
}
