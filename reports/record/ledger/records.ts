/**
 * The ledger: one file a run, `.golive/ledger/<runId>.jsonl`, a JSON object a line. Each line's `prev` is the sha256 of the line
 * before it, as bytes without the line break; the first line's is null. The header names the last lines of the other files that
 * the run found, so that the files of several machines form one history, and a file that disappears or is cut short shows.
 */
import type { DecisionName } from '../../../checks/contract/decision.ts';
import type { Release } from '../../../checks/contract/plan.ts';
import type { LedgerOutcome } from '../../decide/input.ts';

export const LEDGER_SCHEMA = 'golive/ledger/v2';
/** v1 held outcomes without findings; such files are read and never rewritten, as their lines are hashed. */
export const LEDGER_SCHEMAS = ['golive/ledger/v1', LEDGER_SCHEMA] as const;

/** The last line of another run's file as this run found it. */
export interface LedgerHead {
  readonly runId: string;
  readonly hash: string;
}
export interface HeaderRecord {
  readonly record: 'header';
  readonly schema: (typeof LEDGER_SCHEMAS)[number];
  readonly runId: string;
  readonly startedAt: string;
  readonly release: Release;
  /** The name from the plan; the UID comes in an `environment` record, once the cluster has told it. */
  readonly environment: string;
  /** Whether the environment is the embedded rehearsal; absent: it is not, or nobody wrote it down. */
  readonly rehearsal?: true;
  readonly planDigest: string;
  readonly checklistDigest: string;
  /** Phases the run set out to judge. */
  readonly phases: readonly string[];
  readonly heads: readonly LedgerHead[];
}
export interface EnvironmentRecord {
  readonly record: 'environment';
  readonly name: string;
  readonly uid: string;
}
export interface OutcomeLine {
  readonly record: 'outcome';
  readonly outcome: LedgerOutcome;
  /** Files of evidence, relative to the run's `evidence/` folder. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}
export interface PhaseRecord {
  readonly record: 'phase';
  readonly phase: string;
  readonly decidedAt: string;
  readonly decision: DecisionName;
  readonly decisionWithoutWaivers: DecisionName;
  readonly readiness: DecisionName | null;
}
export interface DecisionRecord {
  readonly record: 'decision';
  readonly decidedAt: string;
  readonly decision: DecisionName;
  readonly decisionWithoutWaivers: DecisionName;
  readonly readiness: DecisionName;
  readonly selected: DecisionName;
  /** sha256 of the canonical JSON of the run's `decision.json`. */
  readonly digest: string;
}
/** The last line. A file without it belongs to a run that never said how it ended. */
export interface ClosingRecord {
  readonly record: 'closing';
  readonly endedBy: string;
  /** Lines before this one. */
  readonly lines: number;
}
export type LedgerRecord =
  HeaderRecord | EnvironmentRecord | OutcomeLine | PhaseRecord | DecisionRecord | ClosingRecord;
