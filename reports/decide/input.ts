/** Everything a decision is made from. The same input gives the same decision, byte for byte, whenever it is computed. */
import type { DecidedCutover, DecisionName } from '../../checks/contract/decision.ts';
import type { LedgerOutcome } from '../../checks/contract/ledger.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import type { EnvironmentIdentity, RunEvent, RunHeader } from '../../checks/contract/run.ts';
import type { Approval, Attestation, Waiver } from '../../checks/contract/people.ts';

export type EndedBy = 'finished' | 'interrupted' | 'crashed';

/** What an earlier run found out about one phase of this release in this environment. */
export interface LedgerPhase {
  readonly runId: string;
  readonly phase: string;
  /** RFC 3339; of a run that never ended, when it started. */
  readonly decidedAt: string;
  readonly planDigest: string;
  /** `null`: the run started this phase and never said how it ended. */
  readonly decision: DecisionName | null;
  readonly decisionWithoutWaivers: DecisionName | null;
  readonly readiness: DecisionName | null;
  readonly outcomes: readonly LedgerOutcome[];
  /** Of a partial run: the items that it judged. The others are as the runs before it left them. Absent: all of them. */
  readonly items?: readonly string[];
  /** Why the record is not believed, after "its record". Such a run holds its phase: who wrote it may have hidden a verdict. */
  readonly refused?: string;
}

export interface DecisionInput {
  readonly plan: Plan;
  readonly runHeader: RunHeader;
  /** `null`: no worker reached the cluster, so nobody knows which environment this was. */
  readonly identity: EnvironmentIdentity | null;
  /** Of all workers, in any order. */
  readonly outcomes: readonly OutcomeRecord[];
  /** Items whose record was torn while it was written: at best not recorded. */
  readonly torn?: readonly string[];
  readonly events: readonly RunEvent[];
  /** What the run's log tells of its cutover; absent where none was asked for. */
  readonly cutover?: DecidedCutover | undefined;
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
  readonly approvals: readonly Approval[];
  /** Earlier phases for the same release and environment identity, in any order, also of other plans. */
  readonly ledger: readonly LedgerPhase[];
  readonly now: Date;
  readonly endedBy: EndedBy;
  /** `null`: all that the whole decision needs. */
  readonly selectedPhases: readonly string[] | null;
  /** Damage found while reading the run or the ledger: at best HOLD. */
  readonly damage?: readonly string[];
  /** What readers of files want said; copied into the decision. */
  readonly notes?: readonly string[];
}
