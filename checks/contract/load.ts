/** The capability `load`, as types only: load on one URL, and what a finished run is. */
import type { ReasonCode } from './outcome.ts';

/** What a pod used at one moment, as the metrics API said. */
export interface ResourceSample {
  /** RFC 3339: the end of the window that the figures are for. */
  readonly at: string;
  /** Length of that window. */
  readonly windowMs: number;
  readonly pod: string;
  /** Cores, 1 = one core fully used. */
  readonly cpu: number;
  readonly memoryBytes: number;
}
/** What was watched while load ran: pods behind selectors, with their requests. */
export interface ResourceSeries {
  readonly namespace: string;
  readonly samples: readonly ResourceSample[];
  /** Requests of each pod that was seen, summed over its containers; null where a container has none. */
  readonly requests: readonly {
    readonly pod: string;
    readonly cpu: number | null;
    readonly memoryBytes: number | null;
    /** RFC 3339, to the second. */
    readonly createdAt?: string;
  }[];
  /** Why samples are missing: the last look that failed. */
  readonly problem?: { readonly code: ReasonCode; readonly message: string };
}

/** What a 2xx answer must be to count; each is looked at. One that is not is `wrong`. */
export interface ExpectedAnswer {
  /** Media type without parameters. */
  readonly contentType?: string;
  readonly bodyIncludes?: readonly string[];
  readonly empty?: true;
  /** JSON Schema of the body. */
  readonly schema?: object;
}

/** A finished load run. Latencies in microseconds, warm-up left out; every request sent is in exactly one class. */
export interface LoadResult {
  readonly item: string;
  readonly url: string;
  readonly model: 'closed' | 'open';
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly connections: number;
  /** Connections that got no answer in the whole window: the others alone made the figures. */
  readonly silentConnections?: number;
  readonly sent: number;
  readonly answered: number;
  /** Sent but never answered: sent − answered. Counted as errors. */
  readonly lost: number;
  /** Lost requests by class: `refused` (no connection), `reset`, `closed` (FIN before the answer), `timeout`, `tls`, `other`. */
  readonly lostBy?: Readonly<Record<string, number>>;
  /** Open model: requests a second as declared, and intended starts in the window (= sent + not sent in time). */
  readonly declaredRate?: number;
  readonly intended?: number;
  /** Answers by status class `2xx` … `5xx`. */
  readonly statuses: Readonly<Record<string, number>>;
  /** 2xx answers that were not as expected, in all and by what they were; absent when nothing was expected of them. */
  readonly wrong?: number;
  readonly wrongBy?: Readonly<Record<string, number>>;
  readonly latencies: {
    readonly count: number;
    readonly minUs: number;
    readonly maxUs: number;
    readonly meanUs: number;
    /** [percentile, µs] for 50 75 90 95 97.5 99 99.9 100, exact within 0.1 %. */
    readonly percentiles: readonly (readonly [number, number])[];
    /** Open model: the same over every intended start; null: so many were never answered that it has no end. */
    readonly ofIntended?: readonly (readonly [number, number | null])[];
    /** Where that is null: how long it was at least, as a request never answered took longer than it was waited for. */
    readonly atLeast?: readonly (readonly [number, number])[];
  };
  /** Answered requests of each second of the window. */
  readonly perSecond: readonly number[];
  /** Open model, of each second: intended starts, failed requests, P50, P95 and P99 in µs (null without an answer). */
  readonly seconds?: readonly {
    readonly intended: number;
    readonly failed: number;
    readonly p50Us: number | null;
    readonly p95Us: number | null;
    readonly p99Us: number | null;
  }[];
  /** What was watched while it ran. */
  readonly resources?: ResourceSeries;
  /** Share of one core the generator used, 0–1, and its worst event loop delay: is it the bottleneck? */
  readonly generator: {
    readonly cpu: number;
    readonly maxLagMs: number;
    /** Open model: share of the intended starts that it began more than 10 ms late. */
    readonly late?: number;
  };
}
/** Puts load on one URL. */
export interface LoadGenerator {
  closed(options: {
    readonly url: string;
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly expect?: ExpectedAnswer;
    readonly connections: number;
    readonly durationMs: number;
    readonly warmupMs: number;
  }): Promise<LoadResult>;
  /**
   * Open model: requests start at the declared rate whatever the answers do, and each latency counts from the intended start, so that
   * a stalled server cannot hide (coordinated omission). Over the first half of the warm-up the rate rises to the declared one. `watch` samples the metrics API meanwhile. With `record: false` no
   * other item is meant to judge it.
   */
  open(options: {
    readonly url: string;
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly expect?: ExpectedAnswer;
    /** Requests a second. */
    readonly rate: number;
    readonly durationMs: number;
    readonly warmupMs: number;
    /** A request without an answer for this long is lost as `timeout`. */
    readonly timeoutMs: number;
    /** Connections at most; intended starts that find none free wait, and the wait counts. */
    readonly maxConnections: number;
    readonly watch?: () => Promise<ResourceSeries>;
    readonly record?: boolean;
    /** Aborts this run alone, before its end: what was measured so far is the result. */
    readonly until?: AbortSignal;
  }): Promise<LoadResult>;
}
