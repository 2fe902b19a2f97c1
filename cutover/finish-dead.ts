/** Going back for a cutover whose process is dead, by its journal; again, where the rollback did not reach its end. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorText } from '../checks/contract/text.ts';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { CutoverEventOf, RollbackReason } from '../checks/contract/cutover.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { realClock, type Clock } from './clock.ts';
import { LeaseHeld } from './lease.ts';
import { endOf, readCutover } from '../reports/record/run-folder/cutover-log.ts';
import { wheelRequests } from '../reports/record/run-folder/cutover-wheel.ts';
import { openJournal, type CutoverJournal } from './journal.ts';
import { isAlive } from '../fixtures/rehearsal-client/process-identity.ts';
import { releaseLock, takeLock } from '../fixtures/rehearsal-client/state-file.ts';
import { loadPlan } from '../specs/loader/plan-file.ts';
import { InvalidInput } from '../specs/loader/problems.ts';
import { giveBack, type CutoverEnd } from './begin.ts';
import type { CutoverParts } from './parts.ts';
import { rollBack } from './rollback.ts';
import { abortedBy } from './wheel.ts';
import type { CutoverSettings } from './settings.ts';

const LOOK_MS = 100;

/** The plan of the run. Throws, where it is damaged, an Error that says how to go back without it. */
export function planToGoBackBy(runDir: string): Plan {
  try {
    return loadPlan(runDir);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const why = error.problems.map(({ file, message }) => `${file}: ${message}`).join('; ');
    throw new Error(`golive cannot go back by this run any more. ${why}.\nFix: ${byHand(runDir)}`, { cause: error });
  }
}

/** What the journal alone tells: it holds no way to the cluster. */
function byHand(runDir: string): string {
  const begun = begunOf(runDir);
  if (!begun) return 'Look at the weights of the route by hand';
  const { kind = 'HTTPRoute', namespace, name, rule, stable, canary } = begun.route;
  const where = rule === 'all' ? 'every rule' : `rules[${rule}]`;
  const what =
    kind === 'Ingress' ? 'annotation canary-weight: "0"' : `${where}: weight 100 for ${stable}, 0 for ${canary}`;
  return [
    'Go back by hand:',
    `  kubectl edit ${kind.toLowerCase()} ${name} -n ${namespace}  # ${what}`,
    ...begun.stable.map(
      (one) => `  kubectl rollout undo deployment/${one.deployment} -n ${one.namespace} --to-revision=${one.revision}`,
    ),
  ].join('\n');
}

/**
 * Waits until nobody else goes back for this run: two at once would each tell half of it. Null: it is this process's turn, which it gives
 * back by `endTurn`. Otherwise how another one ended, well, since whoever asked had seen `known` events: there is nothing left to do, also
 * where that one was quick and this process slow to start.
 */
export async function takeTurn(runDir: string, known: number, clock: Clock): Promise<CutoverEnd | null> {
  for (;;) {
    const owner = ownerOfTurn(runDir);
    while (owner && isAlive(owner)) await clock.wait(LOOK_MS);
    const end = endOf(readCutover(runDir).slice(known));
    if (end?.event === 'rolled-back') {
      if (!owner) endTurn(runDir);
      return end.verified ? 'rolled-back' : 'unverified';
    }
    if (!owner) return null;
  }
}

export function endTurn(runDir: string): void {
  try {
    releaseLock(turnFolder(runDir));
  } catch {
    // A dead process's turn is over anyway.
  }
}

const turnFolder = (runDir: string): string => join(runDir, 'going-back');

function ownerOfTurn(runDir: string): { readonly pid: number; readonly pidStartedAt: string } | undefined {
  try {
    return takeLock(turnFolder(runDir))?.owner;
  } catch {
    // A disk that is full must not keep anybody from going back; what is done is idempotent.
    return undefined;
  }
}

/** The journal, or one that cannot be written: going back matters more. */
export function journalToGoBackBy(runDir: string): CutoverJournal {
  try {
    return openJournal(runDir);
  } catch (error) {
    const from = realClock.now();
    return {
      events: readCutover(runDir),
      now: () => realClock.now() - from,
      tell: () => {
        throw error;
      },
      close: () => undefined,
    };
  }
}

/** Who held the Lease, where that was a process of this machine and is dead: its Lease need not run out first. */
export function deadHolder(runDir: string): string | null {
  const begun = begunOf(runDir);
  return begun?.id.startsWith(`${hostname()}-`) === true && !isAlive(begun) ? begun.id : null;
}

export interface DeadRun {
  readonly runDir: string;
  readonly journal: CutoverJournal;
  readonly parts: CutoverParts;
  readonly clock: Clock;
  readonly settings: CutoverSettings;
}

/** Takes the Lease and goes back. Never throws. */
export async function finishDead({ runDir, journal, parts, clock, settings }: DeadRun): Promise<CutoverEnd> {
  const refused = await leaseFor(parts, clock, clock.limit(settings.rollbackWithinMs));
  if (refused !== null) {
    try {
      journal.tell({ event: 'unfinished', why: `nothing was moved, the Lease could not be taken: ${refused}` });
    } catch {
      // The exit code says it.
    }
    return 'unfinished';
  }
  try {
    const { stable = [], settings: kept = [] } = begunOf(runDir) ?? {};
    return await rollBack({ settings, parts, clock, journal, stable, kept, reason: reasonFor(runDir) });
  } finally {
    await giveBack(parts, clock);
  }
}

/** Null once it is ours; why not otherwise. An API server that is away comes back. */
async function leaseFor({ lease }: CutoverParts, clock: Clock, signal: AbortSignal): Promise<string | null> {
  for (;;) {
    try {
      await lease.acquire(signal);
      return null;
    } catch (error) {
      const isAway = error instanceof ObservationError && (error.code === 'unreachable' || error.code === 'timeout');
      if (error instanceof LeaseHeld || !isAway || signal.aborted) return errorText(error);
    }
    await clock.wait(LOOK_MS);
  }
}

/** Why it went back in the first place, where it had begun to. */
function reasonFor(runDir: string): RollbackReason {
  const events = readCutover(runDir);
  const finished = events.findLastIndex(({ event }) => event === 'finished');
  const begun = events
    .slice(finished + 1)
    .findLast((one): one is CutoverEventOf<'rollback-begun'> => one.event === 'rollback-begun');
  if (begun) return begun.reason;
  const aborting = wheelRequests(runDir).findLast(({ say }) => say === 'abort');
  if (aborting) return abortedBy(aborting).reason;
  return finished === -1
    ? { code: 'asked', text: 'The process of the cutover ended before the cutover did.' }
    : { code: 'asked', text: 'golive rollback was asked to take back a cutover that had ended well.' };
}

function begunOf(runDir: string): CutoverEventOf<'begun'> | undefined {
  return readCutover(runDir).findLast((one): one is CutoverEventOf<'begun'> => one.event === 'begun');
}
