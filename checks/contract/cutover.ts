/**
 * The cutover of phase 4, as types only: what a checklist declares of it, what its process tells in its event log, and how triggers are
 * judged. The process lives in `cutover/`; items of phase 4 read the log through the capability `cutover`.
 */
import type { Data } from './outcome.ts';

/** Kinds of objects whose weights can be moved. */
export const TRAFFIC_KINDS = ['HTTPRoute', 'GRPCRoute', 'Ingress', 'VirtualService'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

/** The object whose weights are moved, and how its two backends are told apart by a client. */
export interface TrafficRoute {
  /** HTTPRoute when absent. */
  readonly kind?: TrafficKind;
  readonly namespace: string;
  readonly name: string;
  /** Index of the rule that holds both backends, or every rule that has one of them. */
  readonly rule: number | 'all';
  /** Services of `backendRefs`: the release that serves now, and the one that goes live. */
  readonly stable: string;
  readonly canary: string;
  /** Of a VirtualService that splits one host by subsets. */
  readonly subsets?: { readonly stable: string; readonly canary: string };
  /** Response header that names the version, and the version of the release that goes live. */
  readonly versionHeader: string;
  readonly canaryVersion: string;
}

/**
 * What a trigger watches. `critical-service`: services that do not answer their health endpoint, counted; `business`: business metrics of
 * which the new release surely brings less than its share, counted.
 */
export const TRIGGER_METRICS = ['error-rate', 'p95', 'critical-service', 'business'] as const;
export type TriggerMetric = (typeof TRIGGER_METRICS)[number];

/** One business metric, as the cutover asks Prometheus for it: counters of what users did, on the release that goes live and on the other. */
export interface BusinessMetric {
  readonly name: string;
  /** PromQL of the whole counter; zero where there is none yet. */
  readonly fresh: string;
  readonly stable: string;
  /** Which way is good; `steady`: neither. */
  readonly good: 'up' | 'down' | 'steady';
  /** The least change that matters, as a share. */
  readonly effect: number;
  /** Variance of a count over its mean. */
  readonly dispersion: number;
  /** `15s`: the queries give a level over so long, not a counter; absent for counters. */
  readonly level?: string;
}
/** What a trigger of the metric `business` watches. */
export interface BusinessSource {
  readonly metrics: readonly BusinessMetric[];
  /** Chance at most that any of them takes traffic back without reason, over the whole cutover. */
  readonly chance: number;
  readonly scrapeIntervalMs: number;
}

/** Prometheus as the second source of a trigger, as the cutover asks it. */
export interface SecondSource {
  /** PromQL, its window put in. */
  readonly query: string;
  /** The stretch of time its value is made from. */
  readonly windowMs: number;
  /** How often Prometheus scrapes what the query reads. */
  readonly scrapeIntervalMs: number;
  /** How far it may be from the probes' value over the same stretch of time, in the unit of the threshold. */
  readonly tolerance: number;
}

/** What Prometheus said, beside what the probes saw over the same stretch of time. */
export interface SecondOpinion {
  /** Null: it gave none, or its last one is too old. */
  readonly value: number | null;
  /** Null: too few samples. */
  readonly probes: number | null;
  /** `missing`: one of them is null. */
  readonly verdict: 'agree' | 'differ' | 'missing';
  /** Why Prometheus gave no value; null where it gave one. */
  readonly why: string | null;
}

/** When traffic goes back; thresholds in shares (error rate), milliseconds (p95) or services. */
export interface TriggerRule {
  /** The item that declares it. */
  readonly item: string;
  readonly metric: TriggerMetric;
  /** Above this is a breach. */
  readonly threshold: number;
  /** How long without interruption before it fires; 0: at once. */
  readonly forMs: number;
  /** The stretch of time a value is made from. */
  readonly windowMs: number;
  /** Samples without which there is no value. */
  readonly minSamples: number;
  /** `hold`: no step ends meanwhile. `fail`: counts as a breach. */
  readonly onNoData: 'hold' | 'fail';
  /** Asked besides the probes where it is declared: the worse of both values counts, and they must agree. */
  readonly prometheus?: SecondSource;
  /** Of the metric `business`. */
  readonly business?: BusinessSource;
}

/** One evaluation of a metric. `value` null: not enough samples, or the source did not answer. */
export interface TriggerPoint {
  /** Milliseconds; any clock that only moves forward. */
  readonly at: number;
  readonly value: number | null;
  readonly samples: number;
}

/** Prometheus' states of an alerting rule, and `no-data`. */
export type TriggerState =
  | { readonly state: 'inactive' }
  /** Breached at every evaluation since then. */
  | { readonly state: 'pending'; readonly since: number; readonly value: number | null }
  | { readonly state: 'firing'; readonly since: number; readonly firedAt: number; readonly value: number | null }
  | { readonly state: 'no-data'; readonly since: number };

/** One probe of the cutover: a request users could have sent. Times in milliseconds of one clock. */
export interface ProbeRecord {
  readonly at: number;
  /** Null while it is under way: its age is then the least it can take. */
  readonly ms: number | null;
  readonly outcome: 'ok' | 'failed' | 'under-way';
  /** From the answer's version header; null without one. */
  readonly version: string | null;
}

/** A split proven by counted answers. Shares from 0 to 1. */
export interface SplitProof {
  readonly target: number;
  readonly canary: number;
  readonly total: number;
  /** Wilson score interval of the canary's share at 99.9 %. */
  readonly low: number;
  readonly high: number;
  readonly maxHalfWidth: number;
  readonly verdict: 'proven' | 'refuted' | 'too-few';
}

/** Why traffic went back. */
export interface RollbackReason {
  readonly code:
    | 'trigger'
    | 'split-refuted'
    | 'reverted-by-another'
    | 'item-failed'
    | 'interrupted'
    | 'runner-gone'
    | 'lease-lost'
    | 'route-failed'
    | 'out-of-time'
    | 'asked'
    | 'emergency';
  /** One sentence for people: trigger, threshold, observed value and times. */
  readonly text: string;
  /** RFC 3339: when the breach began, where there was one. */
  readonly breachedAt?: string;
  /** The same for programs, by the code: which trigger fired at which weight, who set which weights, who answered. */
  readonly facts?: Data;
}

/** What a person at the wheel of a cutover asks for. */
export interface WheelRequest {
  readonly id: string;
  readonly say: 'hold' | 'resume' | 'abort';
  /** Who, for people. */
  readonly by: string;
  readonly reason: string;
}

interface AtWheel {
  /** The request that was heard. */
  readonly request: string;
  readonly by: string;
  readonly reason: string;
  /** Percent, of that moment. */
  readonly weight: number;
}

/** A line of the event log; `at` is RFC 3339, `ms` since the cutover began. */
export type CutoverEvent = { readonly at: string; readonly ms: number } & (
  | {
      readonly event: 'begun';
      readonly id: string;
      readonly release: string;
      readonly environment: string;
      readonly planDigest: string;
      readonly route: TrafficRoute;
      readonly triggers: readonly TriggerRule[];
      readonly steps: readonly { readonly item: string; readonly weight: number; readonly watchMs: number }[];
      readonly stable: readonly RecordedRevision[];
      /** Absent in older logs. */
      readonly settings?: readonly RecordedSetting[];
      readonly weights: Weights;
      /** What declared windows were divided by; 1 when absent. */
      readonly compression?: number;
      /** Percent of the traffic that is given to the new release and taken back before the first step; absent: none. */
      readonly tryAt?: number;
      readonly pid: number;
      /** Tells the process from a later one with its number. */
      readonly pidStartedAt: string;
    }
  | { readonly event: 'refused'; readonly why: string }
  | { readonly event: 'step-begun'; readonly item: string; readonly weight: number }
  /** Written before the route is changed. */
  | { readonly event: 'shifting'; readonly from: number; readonly to: number }
  | { readonly event: 'shifted'; readonly weight: number; readonly generation: number }
  | ({
      readonly event: 'split';
      readonly item: string;
      /** When the first of these answers was asked for, as `ms`: the step is watched from then on. Absent in older logs: from `ms`. */
      readonly countedFrom?: number;
    } & SplitProof)
  | {
      readonly event: 'sample';
      readonly weight: number;
      readonly errorRate: number | null;
      readonly p95Ms: number | null;
      readonly samples: number;
      /** Services that did not answer their health endpoint. */
      readonly down: readonly string[];
      /** What Prometheus said last, by the item of the trigger that asks it; null: no value. Absent where none does. */
      readonly prometheus?: Readonly<Record<string, number | null>>;
      /** Business metrics that surely do worse on the new release; null: one of them is not known. Absent where none is watched. */
      readonly worse?: readonly string[] | null;
    }
  | {
      readonly event: 'trigger';
      readonly item: string;
      readonly state: TriggerState['state'];
      /** The worse of both where Prometheus is asked, too. */
      readonly value: number | null;
      readonly threshold: number;
      readonly prometheus?: SecondOpinion;
    }
  /** A person holds traffic at its weight, or lets it go on. */
  | ({ readonly event: 'held' } & AtWheel)
  | ({ readonly event: 'resumed' } & AtWheel)
  /** A branch of the environment's decision tree was taken that leaves traffic where it is: it is stopped there, or somebody decides. */
  | {
      readonly event: 'emergency';
      readonly branch: string;
      readonly action: 'stop' | 'escalate';
      readonly value: number;
      readonly above: number;
      /** Of escalate: who decides. */
      readonly contact?: string;
      readonly weight: number;
    }
  | {
      readonly event: 'step-done';
      readonly item: string;
      readonly weight: number;
      /** Requests that the new release has answered since its window opened. Absent in older logs: those of the proof of its split are known. */
      readonly answers?: number;
    }
  /** Some users were given to the new release and taken back, before the first step: how many of its answers came, and how soon there was none. */
  | { readonly event: 'tried'; readonly weight: number; readonly answers: number; readonly backMs: number }
  | { readonly event: 'rollback-begun'; readonly reason: RollbackReason }
  /** Written before it is done. */
  | { readonly event: 'rollback-act'; readonly act: string }
  | { readonly event: 'zero'; readonly msSinceBegun: number; readonly msSinceBreach: number | null }
  | { readonly event: 'verified'; readonly item: string; readonly outcome: string; readonly message: string | null }
  | { readonly event: 'rolled-back'; readonly verified: boolean; readonly msToRecovery: number }
  | { readonly event: 'unfinished'; readonly why: string }
  | { readonly event: 'finished'; readonly weight: number }
);
export type CutoverEventOf<Name extends CutoverEvent['event']> = Extract<CutoverEvent, { readonly event: Name }>;

/** Weights of a route's two backends as the API server holds them. */
export interface Weights {
  readonly stable: number;
  readonly canary: number;
}

/** A Deployment as it was before the cutover, to go back to. */
export interface RecordedRevision {
  readonly namespace: string;
  readonly deployment: string;
  readonly uid: string;
  /** `deployment.kubernetes.io/revision`. */
  readonly revision: string;
  readonly replicas: number;
  /** The ReplicaSet that holds the template of that revision. */
  readonly replicaSet: string;
}

/** A ConfigMap or Secret that the release of before takes, as it was before the cutover; what it holds stands nowhere. */
export interface RecordedSetting {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Reads the log of this run's cutover, and waits for it. */
export interface CutoverReader {
  /** Everything told so far; empty while no cutover has begun. */
  events(): Promise<readonly CutoverEvent[]>;
  /** Asks for the step of this item and answers with the log once the step has ended, well or not. Throws `timeout`. */
  step(item: string): Promise<readonly CutoverEvent[]>;
  /**
   * Rehearses the whole rollback while no traffic has moved: Lease, recorded revisions, weight to 0, convergence, another look. Answers
   * with the log of that rehearsal. Throws `timeout`.
   */
  rehearse(): Promise<readonly CutoverEvent[]>;
  /** The log of that rehearsal; empty where there was none. */
  rehearsal(): Promise<readonly CutoverEvent[]>;
}
