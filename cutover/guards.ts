/** What runs beside the climb and ends it: a Lease that is lost, another hand on the route, an item of the run that failed. */
import { errorText } from '../checks/contract/text.ts';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { formatMs } from '../checks/contract/units.ts';
import { LeaseHeld } from './lease.ts';
import type { CutoverRun } from './begin.ts';
import { GoBack } from './go-back.ts';
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
export interface Climb {
  readonly run: CutoverRun;
  /** Percent that the route is meant to give to the canary. */
  weight(): number;
  /** While the route is being changed what it says is no sign of somebody else. */
  isShifting(): boolean;
  /** Rejects when the climb is over. */
  pause(ms: number): Promise<void>;
  /** For one request: aborted when the climb is over or it takes too long. */
  signal(): AbortSignal;
}

/** Renews the Lease for as long as the climb lasts. Throws GoBack when another holds it, or it could not be renewed for too long. */
export async function holdLease(climb: Climb): Promise<never> {
  const { parts, clock, journal } = climb.run;
  let lastRenewed = journal.now();
  for (;;) {
    await climb.pause(RENEW_MS);
    try {
      await parts.lease.renew(AbortSignal.any([climb.signal(), clock.limit(RENEW_MS)]));
      lastRenewed = journal.now();
    } catch (error) {
      if (error instanceof LeaseHeld) throw new GoBack({ code: 'lease-lost', text: `${errorText(error)}.` });
      const since = journal.now() - lastRenewed;
      if (since > RENEWED_WITHIN_MS)
        throw new GoBack({
          code: 'lease-lost',
          text: `The Lease could not be renewed for ${formatMs(since)}: ${errorText(error)}`,
        });
    }
  }
}

/**
 * Somebody who sets other weights, or takes the route away, is an enemy of this cutover, whoever it is: it is over. So it is where the
 * gateway takes the route no more. Throws GoBack. A server that cannot be asked says nothing of the route.
 */
export async function guardRoute(climb: Climb): Promise<never> {
  const { journal, parts } = climb.run;
  let takenAt = journal.now();
  let gone = 0;
  for (;;) {
    await climb.pause(LOOK_MS);
    if (climb.isShifting()) {
      takenAt = journal.now();
      continue;
    }
    const wanted = climb.weight();
    const state = await parts.route.read(climb.signal()).catch(goneOrUnknown);
    if (state instanceof GoBack) {
      gone += 1;
      if (gone === GONE_LOOKS) throw state;
      continue;
    }
    gone = 0;
    if (!state || climb.isShifting() || wanted !== climb.weight()) continue;
    requireOwn(climb, state);
    if (state.accepted) takenAt = journal.now();
    const refusedFor = journal.now() - takenAt;
    if (refusedFor > REFUSED_FOR_MS)
      throw new GoBack({
        code: 'route-failed',
        text: `The route with ${wanted} % has not been accepted any more for ${formatMs(refusedFor)}: ${state.why ?? 'no reason is given'}.`,
      });
  }
}

/** Undefined where nothing is known of the route; why to go back where it, or what it declares, is not there any more. */
function goneOrUnknown(error: unknown): GoBack | undefined {
  const isGone = error instanceof ObservationError && (error.code === 'not-found' || error.code === 'misconfigured');
  return isGone
    ? new GoBack({ code: 'reverted-by-another', text: `Somebody else changed the route: ${error.message}.` })
    : undefined;
}

/** Throws GoBack where the route does not give what this cutover has set. */
export function requireOwn(climb: Climb, { weights: { canary, stable }, lastManager }: RouteState): void {
  const share = canary + stable === 0 ? 0 : (canary / (canary + stable)) * 100;
  if (Math.abs(share - climb.weight()) < 0.01) return;
  const { route } = climb.run.settings;
  throw new GoBack({
    code: 'reverted-by-another',
    text: `Somebody else set the weights to ${stable}/${canary} (${lastManager ?? 'unknown field manager'}) while ${climb.weight()} % were meant for ${route.canary}.`,
    facts: { stable, canary, manager: lastManager ?? '', atWeight: climb.weight() },
  });
}

/** Items of the run that say `onFailure: rollback`, in whatever phase. Throws GoBack when one has failed. */
export async function watchItems(climb: Climb): Promise<never> {
  const { settings, parts } = climb.run;
  for (;;) {
    await climb.pause(LOOK_MS);
    const failed = parts
      .outcomes()
      .find(({ item, outcome }) => settings.rollbackOn.includes(item) && (outcome === 'fail' || outcome === 'error'));
    if (failed)
      throw new GoBack({ code: 'item-failed', text: `${failed.item} ended as ${failed.outcome}: ${failed.message}` });
  }
}
