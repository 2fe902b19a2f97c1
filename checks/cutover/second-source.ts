/**
 * Prometheus as the second source of a trigger, as pure functions: the window it is asked for, whether it agrees with the probes, and what
 * a trigger makes of both.
 *
 * The worse of both values counts: a breach that only one of them sees is one. Without a breach they must agree; while they differ, or one
 * of them says nothing, nobody knows which to believe, and the trigger has no data.
 */
import type {
  ProbeRecord,
  SecondOpinion,
  SecondSource,
  TriggerMetric,
  TriggerRule,
  TriggerState,
} from '../contract/cutover.ts';
import { WINDOW_PLACEHOLDER } from '../contract/param-schemas.ts';
import { formatMs } from '../contract/units.ts';
import { promDuration } from '../protocols/prometheus.ts';
import { evaluate, isCountOfWrongs, nearestRank, type LastEvaluation, type Measured } from './triggers.ts';

/**
 * A window shorter than four scrapes may hold fewer than the two samples that rate() needs, as soon as one of them fails: the rule of
 * Grafana's `$__rate_interval`.
 */
const SCRAPES_IN_WINDOW = 4;
/** Of the intervals it is asked at. */
const ANSWERS_MISSED = 3;
/** Differences of decimal fractions: `0.05 - 0.03` is above `0.02`. */
const FRACTION_ERROR = 1e-9;

/** What a trigger declares of Prometheus, with its windows as long as they are here. */
export function secondSourceOf(
  { query, tolerance }: { readonly query: string; readonly tolerance: number },
  triggerWindowMs: number,
  scrapeIntervalMs: number,
): SecondSource {
  const windowMs = Math.max(triggerWindowMs, SCRAPES_IN_WINDOW * scrapeIntervalMs);
  return {
    query: query.replaceAll(WINDOW_PLACEHOLDER, promDuration(windowMs)),
    windowMs,
    scrapeIntervalMs,
    tolerance,
  };
}

/** How often it is worth asking: its answer changes with each scrape, and is used at each evaluation. */
export function askEveryMs({ scrapeIntervalMs }: Pick<SecondSource, 'scrapeIntervalMs'>, evaluatedEveryMs: number) {
  return Math.max(scrapeIntervalMs, evaluatedEveryMs);
}

/** An answer older than this is none. */
function oldestMs(second: SecondSource, evaluatedEveryMs: number): number {
  return ANSWERS_MISSED * askEveryMs(second, evaluatedEveryMs);
}

/** How long ago a request may have ended that an answer is still held against. */
export function lookBackMs(second: SecondSource, evaluatedEveryMs: number): number {
  return second.windowMs + oldestMs(second, evaluatedEveryMs);
}

/** An answer of Prometheus. */
export interface Reading {
  /** When it was evaluated, in milliseconds of the probes' clock. */
  readonly at: number;
  /** Null: it gave none; `why` says why. */
  readonly value: number | null;
  readonly why: string | null;
}
/** What the probes saw between two times; `samples` says how much it means. */
export type ProbedOver = (from: number, to: number) => Measured;

/**
 * Of the requests that ended in a stretch of time, which is when a service counts them. The trigger's own values also count those that
 * began before it or are under way, which Prometheus cannot know of.
 */
export function endedOver(metric: 'error-rate' | 'p95', probes: readonly ProbeRecord[]): ProbedOver {
  return (from, to) => {
    const ended = probes.filter(
      ({ at, ms, outcome }) => outcome !== 'under-way' && ms !== null && at + ms > from && at + ms <= to,
    );
    const failed = ended.filter(({ outcome }) => outcome === 'failed').length;
    const rate = ended.length === 0 ? null : failed / ended.length;
    const p95 = nearestRank(
      ended.flatMap(({ ms }) => ms ?? []),
      95,
    );
    return { value: metric === 'p95' ? p95 : rate, samples: ended.length };
  };
}

/** When and by what a reading is held against the probes. */
export interface Compared {
  readonly now: number;
  /** Between two evaluations of the trigger, in milliseconds. */
  readonly evaluatedEveryMs: number;
  readonly probed: ProbedOver;
}

/**
 * Whether Prometheus agrees with the probes. Its samples are up to a scrape old at either end of its window, so what it has looked at is the
 * window without up to one scrape at its begin or its end: a value between those the probes saw over these stretches agrees however fast
 * it moves, and any other one is held against the nearest of them.
 */
export function opinionOf(
  second: SecondSource,
  { minSamples }: Pick<TriggerRule, 'minSamples'>,
  reading: Reading | null,
  { now, evaluatedEveryMs, probed }: Compared,
): SecondOpinion {
  const why = whyNone(reading, now, oldestMs(second, evaluatedEveryMs));
  const { windowMs, scrapeIntervalMs, tolerance } = second;
  const to = reading?.at ?? now;
  const from = to - windowMs;
  const over = [probed(from, to), probed(from, to - scrapeIntervalMs), probed(from + scrapeIntervalMs, to)];
  const known = over.flatMap(({ value, samples }) => (value !== null && samples >= minSamples ? [value] : []));
  const [whole] = known;
  const value = reading?.value ?? null;
  if (why !== null || value === null) return { value: null, probes: whole ?? null, verdict: 'missing', why };
  if (whole === undefined) return { value, probes: null, verdict: 'missing', why: null };
  const probes = Math.min(Math.max(value, Math.min(...known)), Math.max(...known));
  const agrees = Math.abs(value - probes) <= tolerance + FRACTION_ERROR;
  // Which of them it lies between says nothing to people.
  return { value, probes: agrees ? whole : probes, verdict: agrees ? 'agree' : 'differ', why: null };
}

function whyNone(reading: Reading | null, now: number, maxAgeMs: number): string | null {
  if (!reading) return 'it has not answered yet';
  if (reading.value !== null && !Number.isFinite(reading.value)) return 'its value is no number';
  if (reading.value === null) return reading.why ?? 'it gave no value';
  const age = now - reading.at;
  return age <= maxAgeMs ? null : `its last answer is ${formatMs(age)} old`;
}

/** The value a trigger is judged by: the worse of both in a breach, else only where both are there and agree. */
export function combine(
  { threshold, minSamples }: Pick<TriggerRule, 'threshold' | 'minSamples'>,
  own: Measured,
  opinion: SecondOpinion,
): Measured {
  const probes = own.value !== null && Number.isFinite(own.value) && own.samples >= minSamples ? own.value : null;
  const known = [probes, opinion.value].filter((value) => value !== null);
  const worst = known.length === 0 ? null : Math.max(...known);
  const samples = Math.max(minSamples, own.samples);
  if (worst !== null && worst > threshold) return { value: worst, samples };
  if (probes === null || opinion.verdict !== 'agree') return { value: null, samples: own.samples };
  return { value: worst, samples };
}

/** A trigger with two sources has two states. */
export interface BothStates {
  /** By the probes alone, as if there were no other source: they are quicker. */
  readonly probes: TriggerState;
  /** By both. */
  readonly both: TriggerState;
}
export const AT_REST: BothStates = { probes: { state: 'inactive' }, both: { state: 'inactive' } };
/** What is known at one evaluation. */
export interface Evaluated {
  readonly at: number;
  readonly own: Measured;
  /** Of a trigger that asks Prometheus. */
  readonly opinion?: SecondOpinion | undefined;
}

/**
 * One evaluation. A window that is longer than the trigger's own forgets a breach later by the difference: a breach by both must last that much
 * longer before it fires, or one second of errors would look like four that last. Without a `for` there is nothing to last. With one source
 * both states are the same.
 */
export function nextStates(
  rule: Omit<TriggerRule, 'item'>,
  before: BothStates,
  { at, own, opinion }: Evaluated,
  last?: LastEvaluation,
): BothStates {
  const probes = evaluate(rule, before.probes, { at, ...own }, last);
  const { prometheus, forMs, windowMs } = rule;
  if (!prometheus || !opinion) return { probes, both: probes };
  const later = forMs === 0 ? 0 : Math.max(0, prometheus.windowMs - windowMs);
  const both = evaluate({ ...rule, forMs: forMs + later }, before.both, { at, ...combine(rule, own, opinion) }, last);
  return { probes, both };
}

/** How the trigger stands by its two states. */
export function standingOf({ probes, both }: BothStates): TriggerState {
  return probes.state === 'firing' ? probes : both;
}

/** `4.2 %`, `350 ms`, `2`. */
export function metricText(metric: TriggerMetric, value: number): string {
  if (isCountOfWrongs(metric)) return String(value);
  return metric === 'p95' ? formatMs(value) : `${(value * 100).toFixed(1)} %`;
}

/** `the probes saw 0.0 %, Prometheus 4.0 %, more than 2.0 % apart`; for people. */
export function opinionText(
  { metric, prometheus }: Pick<TriggerRule, 'metric' | 'prometheus'>,
  { value, probes, verdict, why }: SecondOpinion,
): string {
  const show = (one: number | null): string => (one === null ? 'nothing' : metricText(metric, one));
  const saw = `the probes saw ${show(probes)}, Prometheus ${show(value)}`;
  if (verdict === 'differ') return `${saw}, more than ${metricText(metric, prometheus?.tolerance ?? 0)} apart`;
  return why === null ? saw : `${saw} (${why})`;
}
