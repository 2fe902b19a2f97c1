/**
 * A fault: one way in which the platform of the rehearsal is broken on purpose, and what the checklist must say then. `golive
 * rehearse --fault NAME` starts a rehearsal with it, `golive drill` injects one after the other and compares.
 */
import type { OutcomeName } from '../../checks/contract/outcome.ts';
import type { Act } from '../../fixtures/rehearsal-client/control-protocol.ts';

export type { Act };

/** What must become of an item while the fault lasts. */
export interface ExpectedChange {
  readonly item: string;
  readonly outcome: Extract<OutcomeName, 'fail' | 'error' | 'inconclusive' | 'not-run'>;
  /** The item's message must match: red for the right reason. */
  readonly says: RegExp;
}
export interface Fault {
  /** Stable, kebab-case: what happened, `redis-killed`, `certificate-expires-tomorrow`. */
  readonly name: string;
  /** What is broken, as a sentence. */
  readonly title: string;
  /** Done in order, undone in reverse order. */
  readonly inject: readonly [Act, ...Act[]];
  readonly changes: readonly [ExpectedChange, ...ExpectedChange[]];
  /**
   * Other items that may turn red, each with why: consequences that depend on timing or on the item's place. Whatever is named
   * neither here nor in `changes` must not move.
   */
  readonly mayChange?: Readonly<Record<string, string>>;
  /** How long the world needs to notice at most (scrapes, probes, rollouts); default 10 s. The drill looks again until then. */
  readonly settleMs?: number;
}
