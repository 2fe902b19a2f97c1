/** Thrown to leave whatever is under way and go back. */
import type { RollbackReason } from '../checks/contract/cutover.ts';

export class RollbackRequested extends Error {
  readonly reason: RollbackReason;
  constructor(reason: RollbackReason) {
    super(reason.text);
    this.reason = reason;
  }
}

/** Rejects with RollbackRequested as soon as the signal is aborted, whose reason says why. */
export function aborted(back: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const call = (): void => reject(new RollbackRequested(back.reason as RollbackReason));
    if (back.aborted) call();
    else back.addEventListener('abort', call, { once: true });
  });
}
