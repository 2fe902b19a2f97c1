/**
 * What can become of an item, and the evidence it leaves: the words that every part of golive shares.
 * This file has no imports: checks, fixtures, specs and reports all build on it.
 */

/** A list with at least one member, so that "nothing was looked at" does not type-check as an answer. */
export type NonEmpty<T> = readonly [T, ...T[]];

/** Every outcome an item can end with. Only `pass`, and `not-applicable` where the item allows it, counts as good. */
export const OUTCOMES = [
  'pass',
  'fail',
  'error',
  'inconclusive',
  'pending',
  'not-applicable',
  'not-run',
  'planned',
] as const;
export type OutcomeName = (typeof OUTCOMES)[number];

export const SEVERITIES = ['critical', 'major', 'minor'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Units a measured value may carry. A number without a unit is no evidence. */
export const UNITS = ['count', 'ms', 's', 'bytes', 'percent', 'ratio', 'requests/s', 'days'] as const;
export type Unit = (typeof UNITS)[number];

export type Comparison = '<' | '<=' | '>' | '>=' | '==';
/** What a value was held against, for example `{ comparison: '<', value: 2000 }` in the value's own unit. */
export interface Bound {
  readonly comparison: Comparison;
  readonly value: number;
}
export type Cell = string | number | boolean | null;

/**
 * What a check saw. Tagged by `type`, so that any report can draw any item without knowing its kind. Texts are plain:
 * whoever renders them escapes them. Secrets never enter evidence; the recorder removes the ones it knows as a second net.
 */
export type Evidence =
  | { readonly type: 'text'; readonly title: string; readonly text: string }
  | {
      readonly type: 'value';
      readonly title: string;
      readonly value: number;
      readonly unit: Unit;
      readonly bound?: Bound;
    }
  | {
      readonly type: 'table';
      readonly title: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Cell[])[];
    }
  /** A question that was asked and its answer, resolved: the exact SQL, PromQL, HTTP request, API path or command. */
  | {
      readonly type: 'query';
      readonly title: string;
      readonly language: 'sql' | 'promql' | 'http' | 'kubernetes' | 'exec';
      readonly query: string;
      readonly answer: string;
      /** When it was read, RFC 3339. */
      readonly readAt?: string;
      /** Of the Kubernetes list or object that was read. */
      readonly resourceVersion?: string;
    }
  | { readonly type: 'diff'; readonly title: string; readonly expected: string; readonly actual: string }
  | {
      readonly type: 'series';
      readonly title: string;
      readonly unit: Unit;
      /** [milliseconds since the start, value] */
      readonly points: readonly (readonly [number, number])[];
      readonly bound?: Bound;
    }
  | {
      readonly type: 'histogram';
      readonly title: string;
      readonly unit: Unit;
      readonly count: number;
      /** [percentile 0–100, value], ascending */
      readonly percentiles: readonly (readonly [number, number])[];
    }
  /** A file under the run's `evidence/` folder; `path` is relative to it. */
  | {
      readonly type: 'file';
      readonly title: string;
      readonly path: string;
      readonly mediaType: string;
      readonly sha256: string;
      readonly bytes: number;
    };

/** Why an item was not run, could not be judged or waits. Reports group by it; people read `message`. */
export type ReasonCode =
  // error
  | 'unreachable'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'timeout'
  | 'protocol'
  | 'tls'
  | 'misconfigured'
  | 'component-missing'
  | 'rehearsal-failed'
  | 'crashed'
  | 'when-unevaluable'
  // inconclusive
  | 'no-subjects'
  | 'too-few-subjects'
  | 'too-few-samples'
  | 'generator-saturated'
  | 'no-positive-control'
  // not-run
  | 'not-selected'
  | 'interrupted'
  | 'precondition'
  | 'source-missing'
  | 'skipped-by-code'
  | 'stale'
  | 'unrecorded'
  // pending
  | 'needs-arming'
  | 'needs-attestation'
  | 'needs-signature'
  // not-applicable
  | 'when-false'
  | 'absent-by-design'
  // fail
  | 'does-not-conform'
  // planned
  | 'not-built';

/** One item's outcome as a worker appends it to `outcomes.<worker>.jsonl`; the decision reads nothing else of a run. */
export interface OutcomeRecord {
  readonly schema: 'golive/outcome/v1';
  readonly item: string;
  readonly phase: string;
  readonly kind: string;
  readonly outcome: OutcomeName;
  readonly reason?: ReasonCode;
  /** One or more lines a person can act on; never a stack trace. */
  readonly message: string;
  /** How many things were judged, and the first fifty by name. */
  readonly subjects: number;
  readonly subjectNames: readonly string[];
  /** The subjects of all findings, complete: a waiver that names a subject covers nothing without it. */
  readonly failedSubjects?: readonly string[];
  readonly evidence: readonly Evidence[];
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** 1 for the first attempt; the worst attempt counts. */
  readonly attempt: number;
  /** Digest of the plan this was judged under; a record of another plan is ignored. */
  readonly planDigest: string;
  /** Image digests the evidence is bound to, where it is. */
  readonly images?: readonly string[];
  /** Who waits, until when (RFC 3339), for `pending`. */
  readonly dueBy?: string;
}
