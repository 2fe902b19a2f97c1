/** The capability `runs`, as types only: what other items of a run left. */
import type { LoadResult } from './load.ts';
import type { Evidence, OutcomeName } from './outcome.ts';

/** An item of the plan and what became of it in this run so far, or in the latest run of this release that judged it. */
export interface ItemOutcome {
  readonly item: string;
  readonly phase: string;
  readonly title: string;
  readonly kind: string;
  readonly severity: 'critical' | 'major' | 'minor';
  readonly owner: string;
  readonly source: number;
  /** `not-run` for one that nothing was recorded of, `planned` for one that is not implemented. */
  readonly outcome: OutcomeName;
  readonly message: string;
  /** Heading of the group it stands in. */
  readonly section?: string;
  /** Values of its evidence that were held against a bound; none when an earlier run judged it. */
  readonly measured?: readonly Extract<Evidence, { type: 'value' }>[];
  /** RFC 3339, when it was judged. */
  readonly at?: string;
  readonly runId?: string;
}
/** What other items of this run left for this one. Throws `source-missing` (→ `not-run`) when there is nothing. */
export interface RunReader {
  load(item: string): Promise<LoadResult>;
  /** Every other item of the plan. Outcomes of this release and environment only; stale ones are `not-run`. */
  outcomes(): Promise<readonly ItemOutcome[]>;
}
