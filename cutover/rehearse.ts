/** The rollback, done once before it is needed, and how every trigger stands meanwhile. */
import type { RollbackReason } from '../checks/contract/cutover.ts';
import { errorText } from '../checks/contract/text.ts';
import { begin, giveBack, refuse, type CutoverEnd, type CutoverRun } from './begin.ts';
import { aborted, RollbackRequested } from './rollback-requested.ts';
import { rollBack } from './rollback.ts';
import { watching, type Watching } from './watching.ts';

const LOOK_MS = 50;
const WARM_MS = 10_000;
/** Nothing was moved: who is served badly now was so before, and waiting changes nothing. */
const USERS_MS = 5_000;
/** Evaluations at the least. */
const TIMES = 5;

/**
 * Does the whole rollback while no traffic has moved: what is needed in an emergency is tried before there is one. Ends at once when it is
 * called back, as nothing is half done that was not so before. Never throws.
 */
export async function rehearseRollback(run: Omit<CutoverRun, 'finish'>): Promise<CutoverEnd> {
  const { parts, clock, journal, settings, back } = run;
  const recorded = await begin(run, AbortSignal.any([back, clock.limit(settings.rollbackWithinMs)]));
  if (typeof recorded === 'string') return refuse(journal, recorded);
  const reason: RollbackReason = { code: 'asked', text: 'A rehearsal of the rollback; no traffic has moved.' };
  const probes = parts.probe(() => journal.now());
  const services = parts.watch();
  const prometheus = parts.prometheus(() => journal.now());
  const goIt = async (): Promise<CutoverEnd> => {
    await tellTriggers(watching({ settings, clock, journal, probes, services, prometheus }), run);
    return await rollBack({ settings, parts, clock, journal, ...recorded, reason, probes, usersWithinMs: USERS_MS });
  };
  try {
    return await Promise.race([goIt(), aborted(back)]);
  } catch (error) {
    return refuse(journal, errorText(error));
  } finally {
    probes.stop();
    services.stop();
    prometheus.stop();
    await giveBack(parts, clock);
  }
}

/** How every trigger stands while nothing has moved: one that knows nothing now would know nothing later. */
async function tellTriggers(
  triggers: Watching,
  { clock, journal, back, settings: { intervalMs } }: Omit<CutoverRun, 'finish'>,
): Promise<void> {
  const until = journal.now() + WARM_MS;
  while (!triggers.knows() && journal.now() < until) await clock.wait(LOOK_MS, back);
  try {
    for (
      let times = 0;
      times < TIMES || (triggers.unsettledTriggers().length > 0 && journal.now() < until);
      times += 1
    ) {
      triggers.evaluate(0);
      await clock.wait(intervalMs, back);
    }
  } catch (error) {
    // One that fires now is told of below; there is nothing to take back.
    if (!(error instanceof RollbackRequested)) throw error;
  }
  triggers.tellAll();
}
