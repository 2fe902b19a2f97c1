/** The proof that traffic splits as the weights say, by the answers that users get. */
import type { ProbeRecord } from '../checks/contract/cutover.ts';
import { formatMs } from '../checks/contract/units.ts';
import { halfWidthFor, proveSplit } from '../checks/cutover/split.ts';
import { RollbackRequested } from './rollback-requested.ts';
import { requireOwn, type Ramp } from './guards.ts';
import type { CutoverStep } from './settings.ts';

/** Requests that began this long after the route was accepted go by its weights. */
export const SETTLED_MS = 200;
const LOOK_MS = 50;

/** Counts answers until the split of this step is proven; since when. Throws RollbackRequested when it is refuted or time is up. */
export async function proveStep(
  ramp: Ramp,
  probes: { records(): readonly ProbeRecord[] },
  { item, weight, proveWithinMs }: CutoverStep,
): Promise<number> {
  const { journal, settings, parts } = ramp.run;
  await ramp.pause(SETTLED_MS);
  // Whole, as the log keeps times.
  const from = Math.ceil(journal.now());
  for (;;) {
    const answers = answeredSince(probes.records(), from);
    const canary = answers.filter(({ version }) => version === settings.route.canaryVersion).length;
    const proof = proveSplit(weight / 100, canary, answers.length, halfWidthFor(weight / 100, settings));
    const isLate = journal.now() - from > proveWithinMs;
    if (proof.verdict === 'too-few' && !isLate) {
      await ramp.pause(LOOK_MS);
      continue;
    }
    journal.tell({ event: 'split', item, countedFrom: from, ...proof });
    if (proof.verdict === 'proven') return from;
    // The gateway may well obey, but somebody else.
    requireOwn(ramp, await parts.route.read(ramp.signal()));
    const share = `${canary} of ${answers.length} answers came from ${settings.route.canaryVersion}`;
    const wanted = `the route says ${weight} %`;
    const facts = { canary, of: answers.length, atWeight: weight };
    throw new RollbackRequested(
      proof.verdict === 'refuted'
        ? { code: 'split-refuted', text: `Traffic does not split as the weights say: ${share}, ${wanted}.`, facts }
        : {
            code: 'out-of-time',
            facts,
            text: `The split could not be proven within ${formatMs(proveWithinMs)}: ${share}, ${wanted}.`,
          },
    );
  }
}

/**
 * Answers to what was asked from then on, up to the first request that is still under way: a release that answers slowly would look like one
 * that gets little traffic.
 */
function answeredSince(records: readonly ProbeRecord[], from: number): readonly ProbeRecord[] {
  const asked = records.filter(({ at }) => at >= from);
  const waits = asked.findIndex(({ outcome }) => outcome === 'under-way');
  return (waits === -1 ? asked : asked.slice(0, waits)).filter(({ version }) => version !== null);
}
