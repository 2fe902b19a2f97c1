/** `golive rollback`: takes the traffic of a cutover back, the one that is under way or one whose process died. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { EXIT } from '../checks/contract/decision.ts';
import type { CutoverEvent } from '../checks/contract/cutover.ts';
import { endOf, readCutover } from '../fixtures/cutover/log.ts';
import { signalIfSame } from '../fixtures/rehearsal/process-identity.ts';
import { findDist } from '../fixtures/rehearsal/start.ts';
import { endText } from '../gate/cutover/control.ts';
import { standingCutover, type StandingCutover } from '../gate/cutover/unfinished.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

const LOOK_MS = 100;

export interface RollbackOptions {
  /** The run whose cutover it is; also one that has ended well. */
  readonly run?: string;
}

/** 0 traffic is back and verified, or there was nothing to take back; 1 it is back and something does not conform; 70 it is not back. */
export async function rollback({ run }: RollbackOptions): Promise<number> {
  const root = projectRoot();
  const standing = standingCutover(root, run);
  if (!standing) {
    if (run === undefined) {
      writeOut('No cutover has begun here: there is nothing to take back.');
      return EXIT.GO;
    }
    writeError(`Run ${run} has no cutover that began here. Look at the names in .golive/runs.`);
    return EXIT.usage;
  }
  if (standing.is === 'over' && run === undefined) {
    const { event } = endOf(readCutover(standing.runDir)) ?? { event: 'none' };
    writeOut(
      event === 'finished'
        ? `The cutover of run ${standing.run} has ended well: nothing is half done.\nTo take its traffic back all the same: golive rollback --run ${standing.run}`
        : `The cutover of run ${standing.run} was taken back already.`,
    );
    return EXIT.GO;
  }
  writeOut(`Taking back ${standing.begun.release} on ${standing.begun.environment} (run ${standing.run}) …`);
  const told = readCutover(standing.runDir).length;
  const over = standing.is === 'under-way' ? callBack(standing) : finish(standing, root);
  await follow(standing.runDir, told, over);
  const events = readCutover(standing.runDir);
  const text = endText(events);
  const end = endOf(events);
  if (end?.event === 'rolled-back') {
    writeOut(text ?? '');
    return end.verified ? EXIT.GO : EXIT['NO-GO'];
  }
  writeError(
    text ?? 'The rollback did not reach its end.\nFix: see what it said above, then run golive rollback again',
  );
  return EXIT.broken;
}

/** Tells the process that is under way. */
async function callBack({ begun, runDir }: StandingCutover): Promise<void> {
  signalIfSame({ pid: begun.pid, pidStartedAt: begun.pidStartedAt }, 'SIGTERM');
  while (endOf(readCutover(runDir)) === undefined) {
    const standing = standingCutover(join(runDir, '..', '..', '..'), undefined);
    if (standing?.is === 'died') return;
    await new Promise((again) => setTimeout(again, LOOK_MS));
  }
}

/** The program of the cutover, on its journal. */
function finish({ runDir }: StandingCutover, root: string): Promise<void> {
  const program = join(findDist(), 'cutover.js');
  const child = spawn(process.execPath, [program, '--run', runDir, '--root', root, '--back'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

/** Prints what the log tells until it is over. */
async function follow(runDir: string, from: number, over: Promise<void>): Promise<void> {
  let done = false;
  const isDone = (): boolean => done;
  const end = over.finally(() => (done = true));
  for (let told = from; ;) {
    const isOver = isDone();
    const events = readCutover(runDir);
    for (const event of events.slice(told)) {
      const line = lineOf(event);
      if (line) writeOut(`  ${line}`);
    }
    told = events.length;
    if (isOver) break;
    await new Promise((again) => setTimeout(again, LOOK_MS));
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
