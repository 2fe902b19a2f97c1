/** The capability `load`, as types only: load on one URL, and what a finished run is. */
import type { ExpectedAnswer } from './expected-answer.ts';
import type { ReasonCode } from './outcome.ts';

export type { ExpectedAnswer } from './expected-answer.ts';

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
    /** Limits, summed likewise; null where a container has none. */
    readonly limits?: { readonly cpu: number | null; readonly memoryBytes: number | null };
    /** Restarts of its containers, all in all. */
    readonly restarts?: number;
    /** The selector that found it, where there are several: its pods share one kind of work. */
    readonly group?: string;
    /** RFC 3339, to the second. */
    readonly createdAt?: string;
  }[];
  /** HorizontalPodAutoscalers of the namespace, as they were seen last. */
  readonly scalers?: readonly { readonly name: string; readonly current: number; readonly desired: number }[];
  /** What happened to them between two looks, in order: a restart, a pod that came or went, another number of replicas. */
  readonly happened?: readonly { readonly at: string; readonly what: string; readonly text: string }[];
  /** How far the newest sample was ahead of this machine's clock, where it was. */
  readonly aheadMs?: number;
  /** Why samples are missing: the last look that failed. */
  readonly problem?: { readonly code: ReasonCode; readonly message: string };
}

/** A finished load run. Latencies in microseconds, warm-up left out; every request sent is in exactly one class. */
export interface LoadResult {
  readonly item: string;
  readonly url: string;
  readonly model: 'closed' | 'open';
  /** What made it; golive's own when absent. */
  readonly engine?: 'autocannon' | 'k6';
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
  /** 2xx answers, as expected, that came inside the window, whenever they were asked for: the throughput. */
  readonly completed?: number;
  /** Of a profile: each of its requests by name. */
  readonly requests?: readonly {
    readonly name: string;
    readonly intended: number;
    readonly failed: number;
    readonly p50Us: number | null;
    readonly p95Us: number | null;
    readonly p99Us: number | null;
  }[];
  /** Of a profile: why some of its users could not log in. */
  readonly loginProblem?: string;
  /** Why it ended before its time. */
  readonly aborted?: string;
  /** How k6 ended, and the thresholds of its script that were crossed. */
  readonly k6?: { readonly exitCode: number; readonly crossed: readonly string[] };
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
    /** Open model: the same counted from when each request was sent: what a client that hides its own waiting would say. */
    readonly raw?: readonly (readonly [number, number])[];
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
    /** A request without an answer for this long is lost as `timeout`; at least 1000, 10 s when absent. */
    readonly requestTimeoutMs?: number;
    /** Threads that share the connections; 1 when absent. */
    readonly workers?: number;
    readonly record?: boolean;
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
  /** The same with a profile: each arrival walks through a flow of requests. */
  profile(options: ProfileRun): Promise<LoadResult>;
  /**
   * A profile, or a team's own script, by k6; what its raw output holds is the result, its summary and its thresholds are not trusted.
   * Throws `component-missing` without k6, `misconfigured` when the script cannot run.
   */
  k6(options: K6Run): Promise<LoadResult>;
}

/** What may differ from the profile's own. */
export interface ProfileLoad {
  /** The profile's file, relative to the project. */
  readonly file: string;
  /** Arrivals a second; its stages are scaled along. */
  readonly rate?: number;
  /** In place of the profile's, by name of the flow; those that are not named keep theirs. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly durationMs?: number;
  readonly warmupMs?: number;
  readonly timeoutMs: number;
  /** Connections at most, to each target. */
  readonly maxConnections: number;
}
export interface ProfileRun extends ProfileLoad {
  readonly watch?: () => Promise<ResourceSeries>;
  readonly record?: boolean;
  readonly until?: AbortSignal;
  /** Once a second. */
  readonly live?: (figures: LiveFigures) => void;
  /** Ends the run early once more than this share of at least so many requests has failed. */
  readonly giveUp?: { readonly share: number; readonly of: number };
}
/** Of the second that has just ended. */
export interface LiveFigures {
  /** Seconds since measuring began; below 0 while it warms up. */
  readonly second: number;
  readonly begun: number;
  readonly answered: number;
  readonly failed: number;
  readonly p50Us: number | null;
  readonly p95Us: number | null;
  readonly p99Us: number | null;
}
export type K6Run = { readonly requestTimeoutMs: number } & (
  | {
      readonly profile: ProfileLoad;
      readonly script?: undefined;
      /** By so many pods of the k6-operator, where one machine is not enough; on this machine when absent. */
      readonly testRun?: { readonly namespace: string; readonly parallelism: number; readonly image: string };
    }
  | {
      readonly profile?: undefined;
      readonly testRun?: undefined;
      /** A script in TypeScript or JavaScript, relative to the project; it finds the endpoint in `BASE_URL`. */
      readonly script: string;
      /** Name of an endpoint of the environment. */
      readonly endpoint: string;
    }
);
