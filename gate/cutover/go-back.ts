/** Thrown to leave whatever is under way and go back. */
import type { RollbackReason } from '../../checks/contract/cutover.ts';

export class GoBack extends Error {
  readonly reason: RollbackReason;
  constructor(reason: RollbackReason) {
    super(reason.text);
    this.reason = reason;
  }
}
