/** What is known of a run by its file alone. */
import type {
  ApprovalRecord,
  DecisionRecord,
  EnvironmentRecord,
  HeaderRecord,
  PhaseRecord,
} from '../../../checks/contract/ledger.ts';

/** One run's file, without its outcomes. */
export interface RunSummary {
  readonly runId: string;
  readonly header: HeaderRecord;
  /** The run said how it ended. */
  readonly closed: boolean;
  readonly environment: EnvironmentRecord | null;
  readonly phases: readonly PhaseRecord[];
  readonly decision: DecisionRecord | null;
  readonly approval?: ApprovalRecord;
  /** It signed what the first day after the approval of that run showed. */
  readonly firstDayOf?: string;
  /** Hashes of the first and the last line: what other files name as the end they found. */
  readonly ends: readonly [string, string];
  /** Its signature and the hash of the closing line, which is signed; null where there is none. Whether it holds: trust.ts. */
  readonly signed: { readonly head: string; readonly signature: string } | null;
}
