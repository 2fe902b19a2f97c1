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
/** Evidence that is one number. */
export type MeasuredValue = Extract<Evidence, { type: 'value' }>;

/** What an item asks in, with its name for people. */
export const QUERY_LANGUAGES = {
  sql: 'SQL',
  promql: 'PromQL',
  http: 'HTTP request',
  kubernetes: 'Kubernetes API request',
  exec: 'Command',
  redis: 'Redis command',
  dns: 'DNS query',
  tls: 'TLS handshake',
} as const;

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
      readonly language: keyof typeof QUERY_LANGUAGES;
      readonly query: string;
      readonly answer: string;
      /** How often it was asked, where that was more than once; the answer is the last one. */
      readonly times?: number;
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
  /** Who may reach whom: `cells` by source, then by target. */
  | {
      readonly type: 'reach';
      readonly title: string;
      readonly sources: readonly string[];
      readonly targets: readonly string[];
      readonly cells: readonly (readonly ('allow' | 'deny' | 'undefined')[])[];
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
  | 'unknown-value'
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
  | 'not-due'
  // not-applicable
  | 'when-false'
  | 'absent-by-design'
  // fail
  | 'does-not-conform'
  // planned
  | 'not-built';

/**
 * What something said is about: a reference where it is an object of the cluster, else a thing by its name (a store, an endpoint,
 * a route's rule).
 */
export interface Subject {
  readonly name: string;
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  /** The container of a pod or pod template. */
  readonly container?: string;
}

/** How people name a subject, in messages, evidence and waivers: `Deployment shop/api`, `Node a`, `Redis at cache:6379`. */
export function subjectText({ kind, namespace, name }: Subject): string {
  const path = namespace === undefined ? name : `${namespace}/${name}`;
  return kind === undefined ? path : `${kind} ${path}`;
}

/** Values a message is made of: what was seen, what was expected. */
export type Data = Readonly<Record<string, string | number | boolean>>;

/** One thing that does not conform, as data. `says` and `fix` are rendered once, from the kind's messages. */
export interface Finding {
  /** Id of the kind's message: what kind of fault it is. Stable, unlike the wording. */
  readonly id: string;
  readonly subject: Subject;
  readonly data: Data;
  /** JSON path into the object. */
  readonly path?: string;
  /** `file:line:column`, when it came from a file. */
  readonly at?: string;
  /** `{subject}: …, expected …`. */
  readonly says: string;
  /** What to do about it, an imperative. */
  readonly fix: string;
}

/** Something that could not be judged: why nobody knows whether it conforms. */
export interface Doubt {
  readonly reason: ReasonCode;
  /** The case within the reason, for programs: `refused`, `http-401`, `WRONGPASS`. */
  readonly detail?: string;
  readonly subject?: Subject;
  readonly why: string;
}

/** One item's outcome as a worker appends it to `outcomes.<worker>.jsonl`; the decision reads nothing else of a run. */
export interface OutcomeRecord {
  readonly schema: 'golive/outcome/v2';
  readonly item: string;
  readonly phase: string;
  readonly kind: string;
  readonly outcome: OutcomeName;
  readonly reason?: ReasonCode;
  /** The case within the reason, for programs: `refused`, `http-401`. */
  readonly detail?: string;
  /** One or more lines a person can act on, derived from findings and doubts where there are any; never a stack trace. */
  readonly message: string;
  /** Everything that does not conform. */
  readonly findings: readonly Finding[];
  /** Everything that could not be judged; a fail may have doubts, too. */
  readonly doubts: readonly Doubt[];
  /** How many things were judged, and the first fifty by name. */
  readonly subjects: number;
  readonly subjectNames: readonly string[];
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
