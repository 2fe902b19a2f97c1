/** `reports/out/decision.json`: what the gate decided and why. Reports, the ledger and exit codes all read this. */
import type { Doubt, Evidence, Finding, OutcomeName, ReasonCode, Severity } from './outcome.ts';
import type { EnvironmentIdentity } from './run.ts';
import type { Override } from './environment.ts';
import type { Release } from './plan.ts';

export const DECISIONS = ['GO', 'NO-GO', 'HOLD'] as const;
export type DecisionName = (typeof DECISIONS)[number];

/** Exit codes of `npx playwright test` and every `golive` command that decides. */
export const EXIT = { GO: 0, 'NO-GO': 1, HOLD: 2, usage: 64, broken: 70, interrupted: 130 } as const;

/** One reason of a decision. `code` groups (an outcome, or `run-incomplete`, `phase-missing`, …); `text` is for people. */
export interface DecisionReason {
  readonly code: string;
  readonly text: string;
  readonly phase?: string;
  readonly items?: readonly string[];
}
export interface DecidedPhase {
  readonly id: string;
  readonly title: string;
  /** `null`: not asked for in this run and no earlier run decided it. */
  readonly decision: DecisionName | null;
  readonly decisionWithoutWaivers: DecisionName | null;
  readonly readiness: DecisionName | null;
  /** `run`: judged now. `ledger`: stands from an earlier run, named by `fromRun`. */
  readonly from: 'run' | 'ledger' | 'none';
  readonly fromRun?: string;
  readonly reasons: readonly DecisionReason[];
  readonly counts: Readonly<Record<OutcomeName, number>>;
}
export interface AppliedWaiver {
  readonly id: string;
  readonly approver: string;
  readonly reason: string;
  readonly ticket: string;
  readonly expires: string;
}
export interface DecidedItem {
  readonly id: string;
  readonly phase: string;
  readonly title: string;
  readonly kind: string;
  readonly outcome: OutcomeName;
  readonly reason?: ReasonCode;
  /** The case within the reason, for programs. */
  readonly detail?: string;
  readonly severity: Severity;
  readonly owner: string;
  /** The seed's line. */
  readonly source: number;
  /** `file:line` of the item. */
  readonly place: string;
  readonly subjects: number;
  /** Derived from findings and doubts, where there are any. */
  readonly message: string;
  readonly findings: readonly Finding[];
  readonly doubts: readonly Doubt[];
  readonly durationMs: number;
  readonly waived: AppliedWaiver | null;
  readonly evidence: readonly Evidence[];
  readonly from: 'run' | 'ledger' | 'none';
  /** The earlier run it stands from, where that is another than its phase's. */
  readonly fromRun?: string;
}
/** What became of the run's cutover, by its log at the time of the decision. Times in milliseconds. */
export interface DecidedCutover {
  /** `unfinished`: traffic was moved and nothing says that all of it is where it shall stay. `refused`: nothing was moved. */
  readonly outcome: 'finished' | 'rolled-back' | 'unfinished' | 'refused';
  /** Why traffic was taken back or the cutover refused; null where neither was. */
  readonly reason: string | null;
  /** Percent that the route was last known to give to the new release; where it was being changed, the higher of both. */
  readonly weight: number;
  /** Whether all was well when looked at again after a rollback; null where nothing was rolled back to its end. */
  readonly verified: boolean | null;
  /** From the begin of the breach until no traffic went to the new release; null without a breach, or while some may. */
  readonly msFromBreachToZero: number | null;
  /** From the begin of the rollback until it was over and looked at again; null where it is not. */
  readonly msToRecovery: number | null;
}
export interface Decision {
  readonly schema: 'golive/decision/v2';
  readonly decision: DecisionName;
  readonly readiness: DecisionName;
  readonly decisionWithoutWaivers: DecisionName;
  /** The answer for the phases that this run was asked for; the exit code says it. */
  readonly selected: { readonly phases: readonly string[] | null; readonly decision: DecisionName };
  readonly reasons: readonly DecisionReason[];
  readonly phases: readonly DecidedPhase[];
  readonly release: Release;
  readonly environment: EnvironmentIdentity;
  readonly checklist: { readonly name: string; readonly file: string };
  readonly checklistDigest: string;
  readonly planDigest: string;
  readonly runId: string;
  /** The ledger's file that holds it, where that is not its run's: it was made again when people had signed. */
  readonly recordedBy?: string;
  /** RFC 3339: the `now` the decision was made at. */
  readonly decidedAt: string;
  /** Why this decision no longer stands as its run wrote it: a run after it could not start. */
  readonly withdrawn?: string;
  /** Absent where no cutover was asked for in this run. */
  readonly cutover?: DecidedCutover;
  readonly overrides: readonly Override[];
  /** Waivers that match nothing, have expired or are no longer needed, and what else a reader must know. */
  readonly warnings: readonly string[];
  readonly items: readonly DecidedItem[];
}
