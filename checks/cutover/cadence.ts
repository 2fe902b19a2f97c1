/** How often a cutover looks, and so how long its windows must be at least: a shorter one always takes traffic back, with users moved. */
import { halfWidthFor, LEAST_ANSWERS, proveSplit } from './split.ts';

/** Between two evaluations, as declared: compressed as windows are. */
const INTERVAL_MS = 15_000;
/** Evaluations are not closer together than this, however short the windows are. */
const LEAST_INTERVAL_MS = 100;

export function evaluatedEveryMs(compression: number): number {
  return Math.max(LEAST_INTERVAL_MS, INTERVAL_MS / compression);
}

/** How long steps with their rollback may last: each window, each proof, and the rollback from the last. */
export function longestLadderMs(
  steps: readonly { readonly watchMs: number; readonly proveWithinMs: number }[],
  rollbackWithinMs: number,
): number {
  return steps.reduce((sum, { watchMs, proveWithinMs }) => sum + watchMs + proveWithinMs, rollbackWithinMs);
}

/** The shortest `watch` of a step, as declared, whose window can hold its samples and no gap too long. One interval is lost at its ends. */
export function shortestWatchMs(
  { minSamples, maxGap }: { readonly minSamples: number; readonly maxGap: number },
  compression: number,
): number {
  return evaluatedEveryMs(compression) * compression * (Math.max(minSamples, 1 / maxGap) + 1);
}

/** The shortest time in which probes can prove a split that is as the weights say; a share from 0 to 1. Never compressed. */
export function shortestProofMs(target: number, probeRate: number, widths: Parameters<typeof halfWidthFor>[1]): number {
  const widest = halfWidthFor(target, widths);
  let answers = LEAST_ANSWERS;
  while (proveSplit(target, Math.round(target * answers), answers, widest).verdict !== 'proven')
    answers = Math.ceil(answers * 1.02);
  return (answers / probeRate) * 1000;
}

/** The shortest `window` of a trigger, as declared, in which so many probes are sent. */
export function shortestTriggerMs(minSamples: number, probeRate: number, compression: number): number {
  return (minSamples / probeRate) * 1000 * compression;
}
