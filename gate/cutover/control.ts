/** The run's side of the cutover: starts its process when the first step is asked for, lets it hear that the run lives, ends it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { CutoverEvent, CutoverEventOf } from '../../checks/contract/cutover.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { formatMs } from '../../checks/contract/units.ts';
import { askedSteps, endOf, readCutover, REHEARSAL } from '../../fixtures/cutover/log.ts';
import { findDist } from '../../fixtures/rehearsal/start.ts';
import { appendEvent } from '../../reports/run-folder/append.ts';
import { ALIVE_EVERY_MS, type Heard } from './protocol.ts';
import { hasCutover } from './settings.ts';

const LOOK_MS = 100;

export interface CutoverControl {
  /** Ends a cutover that is under way: well where every step has passed, else, and with `back`, by going back. Settles when its process is gone. */
  end(how?: 'finish' | 'back'): Promise<void>;
}
export interface ControlOptions {
  readonly runDir: string;
  readonly root: string;
  readonly plan: Plan;
  /** A line for people. */
  readonly say: (text: string) => void;
}

/** Undefined where the plan moves no traffic. */
export function watchForCutover({ runDir, root, plan, say }: ControlOptions): CutoverControl | undefined {
  if (!hasCutover(plan)) return undefined;
  let child: ChildProcess | undefined;
  let exited: Promise<void> = Promise.resolve();
  const tell = (word: Heard): void => void child?.stdin?.write(`${JSON.stringify(word)}\n`);
  const interrupt = (): void =>
    tell({ say: 'back', reason: { code: 'interrupted', text: 'The run was interrupted.' } });
  const start = (...args: readonly string[]): void => {
    const log = openSync(join(runDir, 'cutover.log'), 'a', 0o600);
    // Detached: Ctrl-C is for the run, which then ends the cutover in order.
    const started = spawn(
      process.execPath,
      [join(findDist(), 'cutover.js'), '--run', runDir, '--root', root, ...args],
      { cwd: process.cwd(), detached: true, stdio: ['pipe', log, log] },
    );
    closeSync(log);
    child = started;
    // Playwright ends its workers first, and that takes its time.
    process.once('SIGINT', interrupt);
    started.stdin?.on('error', () => undefined);
    exited = new Promise<void>((resolve) => {
      started.once('error', () => resolve());
      started.once('exit', () => resolve());
    }).finally(() => process.off('SIGINT', interrupt));
  };
  const alive = setInterval(() => tell({ say: 'alive' }), ALIVE_EVERY_MS).unref();
  let rehearsed: Promise<void> | undefined;
  const look = setInterval(() => {
    const asked = askedSteps(runDir);
    if (asked.includes(REHEARSAL) && !rehearsed) {
      start('--rehearse');
      rehearsed = exited.then(() => {
        child = undefined;
      });
      return;
    }
    if (child || !asked.some((item) => item !== REHEARSAL)) return;
    clearInterval(look);
    start();
    void exited.then(afterExit);
  }, LOOK_MS).unref();
  let finishing: Promise<void> | undefined;
  /** Once its process is gone: what it did not finish is finished now. */
  const afterExit = async (): Promise<void> => {
    finishing ??= (async () => {
      if (endOf(readCutover(runDir)) === undefined && readCutover(runDir).length > 0) {
        say('The process of the cutover died. Going back by its journal …');
        start('--back');
        await exited;
      }
      const events = readCutover(runDir);
      const end = endOf(events);
      const text = endText(events);
      if (text) say(text);
      if (end?.event !== 'rolled-back' && end?.event !== 'unfinished') return;
      const why = end.event === 'unfinished' ? end.why : reasonOf(events);
      appendEvent(runDir, {
        at: new Date().toISOString(),
        event: 'cutover-ended',
        complete: end.event === 'rolled-back',
        why,
      });
    })();
    await finishing;
  };
  return {
    async end(how = 'finish') {
      clearInterval(look);
      if (!child) return;
      const reason = { code: 'asked', text: 'The traffic of this cutover is not to stay.' } as const;
      tell(how === 'finish' ? { say: 'finish' } : { say: 'back', reason });
      await exited;
      if (readCutover(runDir).length > 0) await afterExit();
      clearInterval(alive);
    },
  };
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
