/** What a cutover is given and how it ends; how it begins, with the Lease and with what to go back to, or why it does not. */
import { errorText } from '../checks/contract/text.ts';
import type { RecordedRevision, RecordedSetting } from '../checks/contract/cutover.ts';
import { formatMs } from '../checks/contract/units.ts';
import { longestLadderMs } from '../checks/cutover/cadence.ts';
import type { Clock } from './clock.ts';
import type { CutoverJournal } from './journal.ts';
import { processStartedAt } from '../fixtures/rehearsal-client/process-identity.ts';
import type { CutoverParts } from './parts.ts';
import type { CutoverSettings } from './settings.ts';

export type CutoverEnd = 'refused' | 'finished' | 'rolled-back' | 'unverified' | 'unfinished';

export interface CutoverRun {
  readonly settings: CutoverSettings;
  readonly parts: CutoverParts;
  readonly clock: Clock;
  readonly journal: CutoverJournal;
  readonly facts: {
    readonly id: string;
    readonly release: string;
    readonly environment: string;
    readonly planDigest: string;
  };
  /** Aborted with a RollbackReason: go back, whatever is under way. */
  readonly back: AbortSignal;
  /** Aborted when every step has passed and nothing is left to watch. */
  readonly finish: AbortSignal;
}

/** What is gone back to. */
export interface Recorded {
  readonly stable: readonly RecordedRevision[];
  readonly kept: readonly RecordedSetting[];
}

const LEASE_WITHIN_MS = 60_000;
const RELEASE_WITHIN_MS = 5000;

/** Takes the Lease and records what to go back to; why not, where that cannot be. Never throws. */
export async function begin(run: Omit<CutoverRun, 'back' | 'finish'>, signal: AbortSignal): Promise<Recorded | string> {
  const { parts, clock, journal, settings } = run;
  try {
    await parts.lease.acquire(AbortSignal.any([signal, clock.limit(LEASE_WITHIN_MS)]));
  } catch (error) {
    return errorText(error);
  }
  try {
    await requireLasting(run, signal);
    const { weights } = await parts.route.read(signal);
    const whole = weights.canary + weights.stable;
    if (weights.canary !== 0)
      throw new Error(`the route gives ${weights.canary} of ${whole} to ${settings.route.canary} already`);
    const stable = await parts.revisions.record(signal);
    const kept = await parts.settings.record(signal);
    const { route, triggers, steps, compression, tryAt } = settings;
    journal.tell({
      event: 'begun',
      ...run.facts,
      compression,
      ...(tryAt === undefined ? {} : { tryAt }),
      route,
      triggers,
      steps,
      stable,
      settings: kept,
      weights,
      pid: process.pid,
      pidStartedAt: processStartedAt(process.pid) ?? '',
    });
    return { stable, kept };
  } catch (error) {
    await giveBack(parts, clock);
    return errorText(error);
  }
}

/** A credential that ends under way leaves users on both releases: the weights stay, and nobody may set them. */
async function requireLasting(
  { parts, clock, settings: { steps, rollbackWithinMs } }: Pick<CutoverRun, 'parts' | 'clock' | 'settings'>,
  signal: AbortSignal,
): Promise<void> {
  const ladderMs = longestLadderMs(steps, rollbackWithinMs);
  const end = await parts.credentialEnd(clock.date().getTime() + ladderMs, signal);
  if (!end) return;
  throw new Error(
    `the kubeconfig ends too early: ${end.what} is valid until ${new Date(end.at).toISOString()}, and the cutover with its rollback may last ${formatMs(ladderMs)}. Use a credential that lasts longer, or one that is renewed by itself: a token file or a plugin (exec)`,
  );
}

/** Tells why nothing was begun. Never throws. */
export function refuse(journal: CutoverJournal, why: string): CutoverEnd {
  try {
    journal.tell({ event: 'refused', why });
  } catch {
    // Nothing was moved; the exit code says it.
  }
  return 'refused';
}

/** Gives the Lease back. One that cannot be given back runs out. Never throws. */
export async function giveBack({ lease }: Pick<CutoverParts, 'lease'>, clock: Clock): Promise<void> {
  await lease.release(clock.limit(RELEASE_WITHIN_MS)).catch(() => undefined);
}
