/**
 * People at the wheel: a cutover that is held stays at its weight with every trigger armed, and goes on when it is resumed; one that is
 * aborted goes back. What they say is journalled before anything is done upon it.
 */
import type { CutoverEvent, WheelRequest } from '../checks/contract/cutover.ts';
import { formatMs } from '../checks/contract/units.ts';
import { longestLadderMs } from '../checks/cutover/cadence.ts';
import { heldBy } from '../checks/cutover/log.ts';
import type { CutoverRun } from './begin.ts';
import { RollbackRequested } from './rollback-requested.ts';
import type { Ramp } from './guards.ts';

const LOOK_MS = 100;
/** Between two looks at the credential while traffic is held. */
const CREDENTIAL_EVERY_MS = 15_000;

/** Hears what was said since; answers whether traffic is held. Throws RollbackRequested where somebody aborts. */
export function atWheel({ parts, journal }: Pick<CutoverRun, 'parts' | 'journal'>, weight: number): boolean {
  const requests = parts.wheel();
  const heard = new Set(journal.events.flatMap(requestOf));
  for (const request of requests.filter(({ id }) => !heard.has(id))) {
    const { id, say, by, reason } = request;
    if (say === 'abort') throw abortedBy(request, weight);
    journal.tell({ event: say === 'hold' ? 'held' : 'resumed', request: id, by, reason, weight });
  }
  return heldBy(journal.events) !== null;
}

const requestOf = (event: CutoverEvent): readonly string[] =>
  event.event === 'held' || event.event === 'resumed' ? [event.request] : [];

/** Why traffic goes back. */
export function abortedBy({ by, reason }: Omit<WheelRequest, 'id'>, weight?: number): RollbackRequested {
  const where = weight === undefined ? '' : ` at ${weight} %`;
  return new RollbackRequested({
    code: 'asked',
    text: `${by} aborted the cutover${where}: ${reason}`,
    facts: { by, ...(weight === undefined ? {} : { atWeight: weight }) },
  });
}

/** Runs beside the ramp. Throws RollbackRequested where somebody aborts, or a hold outlasts the credential that is needed to go back. */
export async function watchWheel(ramp: Ramp): Promise<never> {
  const { clock, journal, parts, settings } = ramp.run;
  let lookedAt = journal.now();
  for (;;) {
    await ramp.pause(LOOK_MS);
    const isHeld = atWheel(ramp.run, ramp.weight());
    if (!isHeld || journal.now() - lookedAt < CREDENTIAL_EVERY_MS) continue;
    lookedAt = journal.now();
    const needMs = longestLadderMs(settings.steps, settings.rollbackWithinMs);
    const end = await parts.credentialEnd(clock.date().getTime() + needMs, ramp.signal()).catch(() => null);
    if (end)
      throw new RollbackRequested({
        code: 'out-of-time',
        text: `Traffic was held until ${end.what} no longer lasts: it ends ${new Date(end.at).toISOString()}, and the rest of the cutover with its way back may take ${formatMs(needMs)}.`,
      });
  }
}
