/** What runs beside the climb and ends it: a Lease that is lost, another hand on the route, an item of the run that failed. */
import { textOf, type CutoverRun } from './begin.ts';
import { GoBack } from './go-back.ts';
import type { RouteState } from './parts.ts';

/** How long the Lease holds without being renewed. */
export const LEASE_SECONDS = 15;
const RENEW_MS = 3000;
const LOOK_MS = 500;

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

/** Renews the Lease for as long as the climb lasts. Throws GoBack when it could not for as long as it holds. */
export async function holdLease(climb: Climb): Promise<never> {
  const { parts, journal } = climb.run;
  let lastRenewed = journal.now();
  for (;;) {
    await climb.pause(RENEW_MS);
    try {
      await parts.lease.renew(AbortSignal.any([climb.signal(), AbortSignal.timeout(RENEW_MS)]));
      lastRenewed = journal.now();
    } catch (error) {
      if (journal.now() - lastRenewed > LEASE_SECONDS * 1000)
        throw new GoBack({
          code: 'lease-lost',
          text: `The Lease could not be renewed for ${LEASE_SECONDS} s: ${textOf(error)}`,
        });
    }
  }
}

/** Somebody who sets other weights is an enemy of this cutover, whoever it is: it is over. Throws GoBack. */
export async function guardRoute(climb: Climb): Promise<never> {
  const { route } = climb.run.parts;
  for (;;) {
    await climb.pause(LOOK_MS);
    if (climb.isShifting()) continue;
    const wanted = climb.weight();
    const state = await route.read(climb.signal()).catch(() => undefined);
    if (state && !climb.isShifting() && wanted === climb.weight()) requireOwn(climb, state);
  }
}

/** Throws GoBack where the route does not give what this cutover has set. */
export function requireOwn(climb: Climb, { weights: { canary, stable }, lastManager }: RouteState): void {
  const share = canary + stable === 0 ? 0 : (canary / (canary + stable)) * 100;
  if (Math.abs(share - climb.weight()) < 0.01) return;
  const { route } = climb.run.settings;
  throw new GoBack({
    code: 'reverted-by-another',
    text: `Somebody else set the weights to ${stable}/${canary} (${lastManager ?? 'unknown field manager'}) while ${climb.weight()} % were meant for ${route.canary}.`,
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
