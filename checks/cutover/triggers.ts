/**
 * Triggers of a cutover, as pure functions over what was measured: when one fires, by Prometheus' rules for an alert, and how the
 * values it watches are made from probes and counters.
 */
import type { ProbeRecord, TriggerMetric, TriggerPoint, TriggerRule, TriggerState } from '../contract/cutover.ts';

/** Metrics whose value is a number of things that are wrong: any is a breach, and no window makes it. */
export const isCountOfWrongs = (metric: TriggerMetric): boolean =>
  metric === 'critical-service' || metric === 'business';

/** The evaluation before, where there was one. */
export interface LastEvaluation {
  readonly at: number;
  /** Nothing is known of a longer stretch than this, in milliseconds: a breach before it does not last through it. */
  readonly maxGapMs: number;
}

/** Clocks count in fractions of a millisecond: `0.3 - 0.1` is not `0.2`. */
const CLOCK_ERROR_MS = 1e-6;

/**
 * One evaluation of a trigger. As an alerting rule of Prometheus: above the threshold is a breach, pending since the first one, firing once it
 * has lasted for `forMs` (0: at once), inactive at the first evaluation without a breach. Beyond Prometheus:
 *
 * - No value (too few samples, the source did not answer, NaN, an endless one) is `no-data` under `hold` and a breach under `fail`.
 *   What was pending begins anew after it; what fires goes on firing, as nothing says that it is over.
 * - A gap longer than `last.maxGapMs`, and a clock that went back, let a pending breach begin anew; they never end a firing one.
 *
 * An evaluation without a time is none: the state stays.
 */
export function evaluate(
  rule: Pick<TriggerRule, 'threshold' | 'forMs' | 'minSamples' | 'onNoData'>,
  before: TriggerState,
  point: TriggerPoint,
  last?: LastEvaluation,
): TriggerState {
  const { at } = point;
  if (!Number.isFinite(at)) return before;
  const value = usable(rule, point);
  const breached = value === null ? rule.onNoData === 'fail' : value > rule.threshold;
  if (before.state === 'firing' && (breached || value === null)) return { ...before, value };
  if (value === null && !breached)
    return { state: 'no-data', since: before.state === 'no-data' ? Math.min(before.since, at) : at };
  if (!breached) return { state: 'inactive' };
  const since = before.state === 'pending' && isSeamless(before.since, at, last) ? before.since : at;
  return at - since + CLOCK_ERROR_MS >= rule.forMs
    ? { state: 'firing', since, firedAt: at, value }
    : { state: 'pending', since, value };
}

function usable({ minSamples }: Pick<TriggerRule, 'minSamples'>, { value, samples }: TriggerPoint): number | null {
  // Also when the number of samples is NaN.
  return value !== null && Number.isFinite(value) && samples >= minSamples ? value : null;
}

function isSeamless(since: number, at: number, last: LastEvaluation | undefined): boolean {
  if (at < since) return false;
  return !last || (at >= last.at && at - last.at <= last.maxGapMs + CLOCK_ERROR_MS);
}

/** A value with the number of samples behind it; null: there is nothing to make one from. */
export interface Measured {
  readonly value: number | null;
  readonly samples: number;
}

/**
 * Share of failed requests among those that lived in the window: started before `to`, and not over before `from`. So a request that
 * started in it counts, and one that was under way when it opened and ended later, which is how a time-out longer than the window
 * still shows. One that is under way has neither succeeded nor failed and is no sample.
 */
export function errorRateOf(probes: readonly ProbeRecord[], from: number, to: number): Measured {
  const ended = probes.filter((probe) => probe.outcome !== 'under-way' && livedIn(probe, from, to));
  const failed = ended.filter(({ outcome }) => outcome === 'failed').length;
  return { value: ended.length === 0 ? null : failed / ended.length, samples: ended.length };
}

/**
 * P95 (nearest rank), in milliseconds, over the requests that lived in the window, as `errorRateOf` counts them; failed ones with the
 * time they took. One still under way at `now` takes at least its age: it counts with that once it is as old as the P95 of those that have
 * ended. A younger one may yet end on either side, so it counts for neither; its age as a value would only flatter. Where none has ended, the ages
 * are all there is, and they count. Each value is thus a lower bound, and a server that hangs cannot hide.
 */
export function p95Of(probes: readonly ProbeRecord[], from: number, to: number, now: number): Measured {
  const lived = probes.filter((probe) => livedIn(probe, from, to));
  const ended = lived.flatMap((probe) => durationOf(probe) ?? []);
  const ages = lived.filter((probe) => durationOf(probe) === null).map(({ at }) => Math.max(0, now - at));
  const ofEnded = nearestRank(ended, 95);
  const counted = [...ended, ...ages.filter((age) => ofEnded === null || age >= ofEnded)];
  return { value: nearestRank(counted, 95), samples: counted.length };
}

/** Null while it is under way, and for a time no request can have taken. */
function durationOf({ outcome, ms }: ProbeRecord): number | null {
  return outcome !== 'under-way' && ms !== null && Number.isFinite(ms) && ms >= 0 ? ms : null;
}

/** Whether a request lived in a stretch of time: begun before its end, and not over before its begin. */
export function livedIn(probe: ProbeRecord, from: number, to: number): boolean {
  if (!(probe.at < to)) return false;
  const ms = durationOf(probe);
  // Its end is not known where it is under way, or a failure was told without its time: then the start decides alone.
  if (ms === null) return probe.outcome === 'under-way' || probe.at >= from;
  return probe.at >= from || probe.at + ms >= from;
}

/**
 * The highest of several measurements that have enough samples; the first where none has. For a metric over all requests and over those the
 * new release answered: at 5 % of the traffic a release that fails everybody raises the error rate of all to 5 %, and their P95 not at all.
 */
export function worstOf(measurements: readonly [Measured, ...Measured[]], minSamples: number): Measured {
  const known = measurements.filter(({ value, samples }) => value !== null && samples >= minSamples);
  const [first = measurements[0], ...others] = known;
  return others.reduce((worst, one) => ((one.value ?? 0) > (worst.value ?? 0) ? one : worst), first);
}

/** The smallest value that at least `percentile` percent of all are not above; null of none. */
export function nearestRank(values: readonly number[], percentile: number): number | null {
  const sorted = Float64Array.from(values).sort();
  const rank = Math.max(1, Math.ceil((percentile / 100) * sorted.length - 1e-9));
  return sorted[rank - 1] ?? null;
}

/**
 * How much a counter grew over its samples, `[milliseconds, value]`: as Prometheus' `increase`, without its extrapolation to the window's
 * ends. A value below the one before is a reset: the counter began at 0 again. Null with fewer than two samples; NaN and endless ones are
 * none. Samples may come in any order.
 */
export function increaseOf(samples: readonly (readonly [at: number, value: number])[]): number | null {
  const values = samples
    .filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value))
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);
  if (values.length < 2) return null;
  return values.slice(1).reduce((sum, value, index) => {
    const before = values[index] ?? 0;
    return sum + (value < before ? value : value - before);
  }, 0);
}
