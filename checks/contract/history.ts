/** The capability `history`, as types only: what was approved, and what every run since then has seen. */
import type { FirstDayRecord } from './ledger.ts';
import type { MeasuredValue, OutcomeName } from './outcome.ts';

/** What one run found of one item. */
export interface PastOutcome {
  readonly item: string;
  readonly outcome: OutcomeName;
  /** RFC 3339, when it was judged. */
  readonly at: string;
  readonly runId: string;
  /** `id of the message, subject`: what the same fault of another run is known by. */
  readonly findings: readonly { readonly id: string; readonly subject: string }[];
  readonly measured: readonly MeasuredValue[];
}

/** The approval: what is promised. Nothing that comes later changes it. */
export interface ApprovedState {
  /** RFC 3339. */
  readonly at: string;
  readonly runId: string;
  /** The last outcome of each item before it. */
  readonly items: readonly PastOutcome[];
  /** What the runs of the first day measured, as one of them signed it once the day was over; absent: it is not, or nobody has. */
  readonly firstDay?: { readonly runId: string; readonly items: FirstDayRecord['items'] };
}

export interface History {
  /** Null: this release was not approved here. */
  readonly approved: ApprovedState | null;
  /** All of this release and environment since the approval, oldest first. */
  readonly since: readonly PastOutcome[];
  /** Runs whose record does not count, and why: what they saw is unknown. */
  readonly refused: readonly string[];
  /** A rehearsal made these runs up: two weeks do not pass in it. */
  readonly isSimulated: boolean;
}

/** A rollback that another environment tried. */
export interface PastRollback {
  readonly runId: string;
  /** RFC 3339, when it was judged. */
  readonly at: string;
  readonly outcome: OutcomeName;
  /** Images that were seen there then, as digests or `name@sha256:…`: of its run, else of the last run before it that saw any. */
  readonly images: readonly string[];
}

export interface Rollbacks {
  /** Of this release, oldest first. */
  readonly records: readonly PastRollback[];
  /** Runs that tell of a rollback and do not count, and why. */
  readonly refused: readonly string[];
  /** Some of them were made up by a rehearsal: there is no other environment beside it. */
  readonly isSimulated: boolean;
}

export interface HistoryReader {
  /** @throws ObservationError `protocol` when the ledger is damaged, `unreachable` when this run reached no cluster */
  sinceApproval(): Promise<History>;
  /**
   * What the item that rehearses the rollback found of this release in another environment, whose records were brought here.
   *
   * @throws ObservationError `misconfigured` for this run's own environment, `protocol` when the ledger is damaged
   */
  rollbacks(environment: string, item: string): Promise<Rollbacks>;
}
