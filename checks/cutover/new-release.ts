/**
 * What the new release of a cutover did with the requests it was given, as pure functions: also those of which no answer says whose they
 * were, because there was none. At 5 % of the traffic a release that breaks every connection fails 5 % of all users and answers nobody.
 */
import type { ProbeRecord, TriggerRule } from '../contract/cutover.ts';
import { wilson } from './split.ts';
import { isCountOfWrongs, livedIn, type Measured } from './triggers.ts';

export interface NewRelease {
  /** As its answers name it. */
  readonly version: string;
  /** What the route gives it of all requests, 0 to 1. */
  readonly share: number;
}

/** What became of the requests it was given; those under way are none. */
interface Given {
  readonly answers: readonly ProbeRecord[];
  /** Failed without a word of whose they were, and to be put down to it. */
  readonly lost: number;
}

/**
 * Failures that nobody is named in are put down to the new release in so far as it lacks answers: when the 99.9 % interval of its share of all
 * requests lies below what the route gives it, as many as bring it up to that. A gateway that loses a request now and then leaves its
 * share as it should be.
 */
function givenTo(probes: readonly ProbeRecord[], { version, share }: NewRelease, from: number, to: number): Given {
  const ended = probes.filter((probe) => probe.outcome !== 'under-way' && livedIn(probe, from, to));
  const answers = ended.filter((probe) => probe.version === version);
  const nameless = ended.filter((probe) => probe.outcome === 'failed' && probe.version === null).length;
  const lacks = wilson(answers.length, ended.length).high < share;
  const due = Math.max(0, Math.round(share * ended.length) - answers.length);
  return { answers, lost: lacks ? Math.min(nameless, due) : 0 };
}

/** Share of failed requests among those it was given in the window; `from` and `to` as in `errorRateOf`. */
export function errorRateOfNew(
  probes: readonly ProbeRecord[],
  release: NewRelease,
  from: number,
  to: number,
): Measured {
  const { answers, lost } = givenTo(probes, release, from, to);
  const failed = answers.filter(({ outcome }) => outcome === 'failed').length;
  const samples = answers.length + lost;
  return { value: samples === 0 ? null : (failed + lost) / samples, samples };
}

/** Requests that were not served as a trigger demands. */
export interface BadlyServed {
  readonly bad: number;
  readonly of: number;
  /** Of the bad ones: nobody answered. */
  readonly lost: number;
  /** Wilson score interval of their share at 99.9 %. */
  readonly low: number;
  readonly high: number;
}

/** The share of slow requests above which a P95 is over its threshold. */
export const SLOW_SHARE = 0.05;

/**
 * Whether it served its requests badly beyond doubt: the 99.9 % interval of the failed ones lies above the threshold, or that of those
 * slower than the threshold above one in twenty, which is what a P95 over it means. Null where that cannot be said, and for metrics that
 * do not count requests. It needs no least number of samples: the interval of a few answers is wide.
 */
export function badlyServedBy(
  { metric, threshold }: Pick<TriggerRule, 'metric' | 'threshold'>,
  probes: readonly ProbeRecord[],
  release: NewRelease,
  from: number,
  to: number,
): BadlyServed | null {
  if (isCountOfWrongs(metric)) return null;
  const { answers, lost } = givenTo(probes, release, from, to);
  const isBad = ({ outcome, ms }: ProbeRecord): boolean =>
    metric === 'p95' ? ms !== null && ms > threshold : outcome === 'failed';
  const missing = metric === 'p95' ? 0 : lost;
  const bad = answers.filter(isBad).length + missing;
  const of = answers.length + missing;
  const interval = wilson(bad, of);
  return interval.low > (metric === 'p95' ? SLOW_SHARE : threshold) ? { bad, of, lost: missing, ...interval } : null;
}
