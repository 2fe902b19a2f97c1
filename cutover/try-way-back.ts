/** The way back, gone once with real weights before the first step: some users to the new release, and none of them again. */
import { formatMs } from '../checks/contract/units.ts';
import type { ProbeRecord } from '../checks/contract/cutover.ts';
import { halfWidthFor, proveSplit } from '../checks/cutover/split.ts';
import type { Ramp } from './guards.ts';
import { SETTLED_MS } from './prove.ts';
import { RollbackRequested } from './rollback-requested.ts';

const LOOK_MS = 50;
/** Answers of the new release that show that it was given users at all. */
const GIVEN = 5;
/** Answers that must all come from the release that served before: as many after a rollback, and so many that the weight would have shown. */
const BACK = 50;
const CHANCE = 0.001;
const WITHIN_MS = 60_000;

/** Throws RollbackRequested where the new release gets no users, or goes on to get some. */
export async function tryWayBack(
  ramp: Ramp,
  probes: { records(): readonly ProbeRecord[] },
  weight: number,
  shift: (weight: number) => Promise<void>,
): Promise<void> {
  const { journal, settings } = ramp.run;
  const { canaryVersion } = settings.route;
  const since = (from: number): readonly ProbeRecord[] =>
    probes.records().filter(({ at, outcome }) => at >= from && outcome !== 'under-way');
  const enough = Math.max(BACK, Math.ceil(Math.log(CHANCE) / Math.log(1 - weight / 100)));
  const strangers = (from: number): number => since(from).filter(({ version }) => version === canaryVersion).length;
  // Waiting on would let business metrics say that a release without users does worse.
  const requireShare = (of: number, canary: number): void => {
    const share = weight / 100;
    if (proveSplit(share, canary, of, halfWidthFor(share, settings)).verdict !== 'refuted') return;
    throw new RollbackRequested({
      code: 'split-refuted',
      text: `The way back was tried at ${weight} %, and traffic does not split as the weights say: ${canary} of ${of} answers came from ${canaryVersion}.`,
      facts: { canary, of, atWeight: weight },
    });
  };
  const until = async (isSo: () => boolean, why: () => string): Promise<void> => {
    for (const from = journal.now(); !isSo();) {
      if (journal.now() - from > WITHIN_MS)
        throw new RollbackRequested({
          code: 'out-of-time',
          text: `The way back was tried at ${weight} %, and for ${formatMs(WITHIN_MS)} ${why()}.`,
          facts: { atWeight: weight },
        });
      await ramp.pause(LOOK_MS);
    }
  };
  await shift(weight);
  await ramp.pause(SETTLED_MS);
  const given = Math.ceil(journal.now());
  await until(
    () => {
      const counted = strangers(given);
      if (counted < GIVEN) requireShare(since(given).length, counted);
      return counted >= GIVEN;
    },
    () => `${canaryVersion} gave ${strangers(given)} answers, expected ${GIVEN}`,
  );
  const answers = strangers(given);
  await shift(0);
  const back = journal.now();
  // Begun again after each answer of the new release: a gateway takes weights a little later than it says.
  let from = back;
  await until(
    () => {
      const last = since(from).findLast(({ version }) => version === canaryVersion);
      if (last) from = last.at + 1e-3;
      return since(from).length >= enough;
    },
    () => `requests went on to be answered by ${canaryVersion}`,
  );
  journal.tell({ event: 'tried', weight, answers, backMs: Math.round(from - back) });
}
