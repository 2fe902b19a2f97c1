/** What runs beside the ramp and ends it: a Lease that is lost, another hand on the route, an item of the run that failed. */
import { errorText } from '../checks/contract/text.ts';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { shareOf } from '../checks/protocols/traffic/system.ts';
import { formatMs } from '../checks/contract/units.ts';
import { LeaseHeld } from './lease.ts';
import type { CutoverRun } from './begin.ts';
import { RollbackRequested } from './rollback-requested.ts';
import type { RouteState } from './parts.ts';

/** How long the Lease holds without being renewed. */
export const LEASE_SECONDS = 15;
/** It is given up well before anybody else may take it: the renew deadline of client-go's leader election beside its Lease of 15 s. */
const RENEWED_WITHIN_MS = 10_000;
const RENEW_MS = 3000;
const LOOK_MS = 500;
/** Controllers may take a moment to say again what they have said before. */
const REFUSED_FOR_MS = 15_000;
/** An API server that has just started may not know all of its kinds yet: a route that is not there is looked for once more. */
const GONE_LOOKS = 2;

/** A cutover under way, as those see it who guard it. */
export interface Ramp {
  readonly run: CutoverRun;
  /** Percent that the route is meant to give to the canary. */
  weight(): number;
  /** While the route is being changed what it says is no sign of somebody else. */
  isShifting(): boolean;
  /** Rejects when the ramp is over. */
  pause(ms: number): Promise<void>;
  /** For one request: aborted when the ramp is over or it takes too long. */
  signal(): AbortSignal;
}

/** Renews the Lease for as long as the ramp lasts. Throws RollbackRequested when another holds it, or it could not be renewed for too long. */
export async function holdLease(ramp: Ramp): Promise<never> {
  const { parts, clock, journal } = ramp.run;
  let lastRenewed = journal.now();
  for (;;) {
    await ramp.pause(RENEW_MS);
    try {
      await parts.lease.renew(AbortSignal.any([ramp.signal(), clock.limit(RENEW_MS)]));
      lastRenewed = journal.now();
    } catch (error) {
      if (error instanceof LeaseHeld) throw new RollbackRequested({ code: 'lease-lost', text: `${errorText(error)}.` });
      const since = journal.now() - lastRenewed;
      if (since > RENEWED_WITHIN_MS)
        throw new RollbackRequested({
          code: 'lease-lost',
          text: `The Lease could not be renewed for ${formatMs(since)}: ${errorText(error)}`,
        });
    }
  }
}

/**
 * Somebody who sets other weights, or takes the route away, is an enemy of this cutover, whoever it is: it is over. So it is where the
 * gateway takes the route no more. Throws RollbackRequested. A server that cannot be asked says nothing of the route.
 */
export async function guardRoute(ramp: Ramp): Promise<never> {
  const { journal, parts } = ramp.run;
  let takenAt = journal.now();
  let gone = 0;
  for (;;) {
    await ramp.pause(LOOK_MS);
    if (ramp.isShifting()) {
      takenAt = journal.now();
      continue;
    }
    const wanted = ramp.weight();
    const state = await parts.route.read(ramp.signal()).catch(goneOrUnknown);
    if (state instanceof RollbackRequested) {
      gone += 1;
      if (gone === GONE_LOOKS) throw state;
      continue;
    }
    gone = 0;
    if (!state || ramp.isShifting() || wanted !== ramp.weight()) continue;
    requireOwn(ramp, state);
    if (state.accepted) takenAt = journal.now();
    const refusedFor = journal.now() - takenAt;
    if (refusedFor > REFUSED_FOR_MS)
      throw new RollbackRequested({
        code: 'route-failed',
        text: `The route with ${wanted} % has not been accepted any more for ${formatMs(refusedFor)}: ${state.why ?? 'no reason is given'}.`,
      });
  }
}

/** Undefined where nothing is known of the route; why to go back where it, or what it declares, is not there any more. */
function goneOrUnknown(error: unknown): RollbackRequested | undefined {
  const isGone = error instanceof ObservationError && (error.code === 'not-found' || error.code === 'misconfigured');
  return isGone
    ? new RollbackRequested({ code: 'reverted-by-another', text: `Somebody else changed the route: ${error.message}.` })
    : undefined;
}

/** Throws RollbackRequested where the route does not give what this cutover has set. */
export function requireOwn(ramp: Ramp, { splits, lastManager }: RouteState): void {
  const other = splits.find((one) => Math.abs(shareOf(one) * 100 - ramp.weight()) >= 0.01);
  if (!other) return;
  const { canary, stable } = other;
  const { route } = ramp.run.settings;
  throw new RollbackRequested({
    code: 'reverted-by-another',
    text: `Somebody else set the weights to ${stable}/${canary} (${lastManager ?? 'unknown field manager'}) while ${ramp.weight()} % were meant for ${route.canary}.`,
    facts: { stable, canary, manager: lastManager ?? '', atWeight: ramp.weight() },
  });
}

/** Items of the run that say `onFailure: rollback`, in whatever phase. Throws RollbackRequested when one has failed. */
export async function watchItems(ramp: Ramp): Promise<never> {
  const { settings, parts } = ramp.run;
  for (;;) {
    await ramp.pause(LOOK_MS);
    const failed = parts
      .outcomes()
      .find(({ item, outcome }) => settings.rollbackOn.includes(item) && (outcome === 'fail' || outcome === 'error'));
    if (failed)
      throw new RollbackRequested({
        code: 'item-failed',
        text: `${failed.item} ended as ${failed.outcome}: ${failed.message}`,
      });
  }
}
