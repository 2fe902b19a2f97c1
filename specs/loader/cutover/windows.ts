/** Windows in which a cutover could never see enough: found out in the run it would take traffic back, with users on both releases. */
import type { TriggerMetric } from '../../../checks/contract/cutover.ts';
import { durationMs } from '../../../checks/contract/units.ts';
import { shortestProofMs, shortestTriggerMs, shortestWatchMs } from '../../../checks/cutover/cadence.ts';
import { isCountOfWrongs } from '../../../checks/cutover/triggers.ts';
import type { Problem } from '../problems.ts';
import { CUTOVER_KINDS, type Stated } from './stated.ts';

/** Where the kind's own schema has something to say, nothing is said here. */
const numberOf = ({ params }: Stated, name: string): number => {
  const value = params[name];
  return typeof value === 'number' && value > 0 ? value : NaN;
};
const msOf = ({ params }: Stated, name: string): number => {
  const value = params[name];
  try {
    return typeof value === 'string' ? durationMs(value) : NaN;
  } catch {
    return NaN;
  }
};
const seconds = (ms: number): string => `${Math.ceil(ms / 1000 - 1e-6)}s`;

/** `own`: the items of the cutover. */
export function windowProblems(own: readonly Stated[], compression: number): readonly Problem[] {
  const of = (kind: string): readonly Stated[] => own.filter((one) => one.kind === kind);
  const [weights] = of(CUTOVER_KINDS.weights);
  const [split] = of(CUTOVER_KINDS.split);
  const probeRate = weights ? numberOf(weights, 'probeRate') : NaN;
  const half = (name: string, byDefault: number): number => (split ? numberOf(split, name) : byDefault);
  const widths = { maxHalfWidthAt5: half('maxHalfWidthAt5', 0.02), maxHalfWidth: half('maxHalfWidth', 0.05) };
  const proofOf = (step: Stated): number => {
    const target = numberOf(step, 'weight') / 100;
    const isKnown = target <= 1 && probeRate > 0 && Math.min(...Object.values(widths)) > 0;
    return isKnown ? shortestProofMs(target, probeRate, widths) : NaN;
  };
  const watchOf = (step: Stated): number =>
    shortestWatchMs({ minSamples: numberOf(step, 'minSamples'), maxGap: numberOf(step, 'maxGap') }, compression);
  return [
    ...of(CUTOVER_KINDS.step).flatMap((step) => [
      ...tooShort(step, 'watch', watchOf(step), 'its samples, which are taken every 15 s'),
      ...tooShort(step, 'proveWithin', proofOf(step), `a proof of ${step.id}'s split at ${probeRate} probes a second`),
    ]),
    ...of(CUTOVER_KINDS.trigger)
      .filter(({ params }) => !isCountOfWrongs(params['metric'] as TriggerMetric))
      .flatMap((trigger) => {
        const least = numberOf(trigger, 'minSamples');
        const window = shortestTriggerMs(least, probeRate, compression);
        return tooShort(trigger, 'window', window, `${least} samples at ${probeRate} probes a second`);
      }),
  ];
}

function tooShort(one: Stated, name: string, least: number, what: string): readonly Problem[] {
  const actual = msOf(one, name);
  if (!(actual < least)) return [];
  return [
    one.paramProblem(`/${name}`, {
      message: `is too short for ${what}: the cutover would always go back, with users moved (${String(one.params[name])})`,
      fix: `Write ${seconds(least)} or more`,
    }),
  ];
}
