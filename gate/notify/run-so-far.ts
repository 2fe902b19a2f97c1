/** What a run has recorded so far, and an event that is made of it: what everything that makes events shares. */
import type { CutoverEvent } from '../../checks/contract/cutover.ts';
import type { Decision } from '../../checks/contract/decision.ts';
import type { History } from '../../checks/contract/history.ts';
import type { NotifyEventName } from '../../checks/contract/notify.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan } from '../../checks/contract/plan.ts';

export interface NotifyEvent {
  readonly event: NotifyEventName;
  /** The same event is told once: by this. */
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** The role whose item it is about; absent: the whole release. */
  readonly owner?: string;
  readonly item?: string;
  /** Whom it is addressed to besides: a name among the environment's contacts. */
  readonly contact?: string;
}
/** A run as it is recorded by now. */
export interface RunSoFar {
  readonly runId: string;
  readonly plan: Pick<Plan, 'release' | 'items'> & { readonly environment: Pick<Plan['environment'], 'name'> };
  readonly outcomes: readonly Pick<OutcomeRecord, 'item' | 'outcome' | 'message' | 'startedAt'>[];
  readonly cutover: readonly CutoverEvent[];
  /** Null until the run has ended. */
  readonly decision: Pick<Decision, 'decision' | 'readiness' | 'reasons' | 'items' | 'decidedAt'> | null;
  /** What was approved and what came since; null where nothing was, or while the run goes on. */
  readonly history: Pick<History, 'approved' | 'since'> | null;
}
