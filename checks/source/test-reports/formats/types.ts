/** What a file of test results says, whoever wrote it. */
import type { DoubtReason } from '../../../kit/verdict.ts';

export interface TestResult {
  /** As people find it: suite, class, name. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped' | 'unknown';
  /** Attempts that it took besides the last one. */
  readonly retries: number;
  /** It failed at first and passed in the end. */
  readonly flaky: boolean;
  /** Why it failed; of an unknown one the word that the file has for it. */
  readonly why?: string;
  /** A bound of a load test, and the value that was measured. */
  readonly threshold?: { readonly metric: string; readonly bound: string; readonly actual: string };
}
export interface ResultsDoubt {
  readonly reason: DoubtReason;
  readonly why: string;
}
export interface Results {
  readonly format: string;
  readonly tests: readonly TestResult[];
  /** Commits that it names as the one under test. */
  readonly commits: readonly string[];
  /** When the earliest of it ran at the latest, in milliseconds since 1970: a time without a zone may be any zone's. */
  readonly ranAt?: number;
  readonly durationMs?: number;
  readonly doubts: readonly ResultsDoubt[];
}

/** A commit, or an abbreviation that is one: at least seven digits. */
export const COMMIT = /^[0-9a-f]{7,64}$/i;

/** Whether a name in a file's properties is that of the commit under test, and not of one before it. */
export const isCommitName = (name: string): boolean =>
  /commit|revision|git[._-]?(sha|hash|head)|^sha$/i.test(name) &&
  !/before|base|parent|prev|last|target|time|date|message|author|user/i.test(name);

/** Earlier years are how writers say that they know no time. */
const FIRST_YEAR = 2000;
const HALF_A_DAY_MS = 12 * 3_600_000;

/** The latest moment that a text may mean; undefined where it is no time. */
export function latestMoment(text: string): number | undefined {
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(text);
  const ms = Date.parse(zoned ? text : `${text}Z`);
  if (Number.isNaN(ms) || new Date(ms).getUTCFullYear() < FIRST_YEAR) return undefined;
  return zoned ? ms : ms + HALF_A_DAY_MS;
}

export const earliest = (moments: readonly (number | undefined)[]): number | undefined => {
  const known = moments.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};
