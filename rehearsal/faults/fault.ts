/**
 * A fault: one way in which the platform of the rehearsal is broken on purpose. `golive rehearse --fault NAME` starts a rehearsal with it,
 * `golive drill` injects one after the other. What a checklist must say then is data beside it: `specs/<checklist>/drills/`.
 */
import type { Act } from '../../fixtures/rehearsal-client/control-protocol.ts';

export type { Act };

export interface Fault {
  /** Stable, kebab-case: what happened, `redis-killed`, `certificate-expires-tomorrow`. */
  readonly name: string;
  /** What is broken, as a sentence. */
  readonly title: string;
  /** Done in order, undone in reverse order. */
  readonly inject: readonly [Act, ...Act[]];
  /** How long the world needs to notice at most (scrapes, probes, rollouts); default 10 s. The drill looks again until then. */
  readonly settleMs?: number;
}
