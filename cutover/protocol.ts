/** What the run says to the process of its cutover, and how that ends. */
import type { RollbackReason } from '../checks/contract/cutover.ts';
import type { CutoverEnd } from './begin.ts';

export type Heard =
  | { readonly say: 'alive' }
  /** All steps have passed and the run is over: what is there stays. */
  | { readonly say: 'finish' }
  | { readonly say: 'back'; readonly reason: RollbackReason };

export const ALIVE_EVERY_MS = 1000;
/** A run that is silent for so long is stopped or hangs. */
export const SILENT_MS = 10_000;

export const CUTOVER_EXIT: Readonly<Record<CutoverEnd, number>> = {
  finished: 0,
  'rolled-back': 3,
  unverified: 4,
  unfinished: 5,
  refused: 6,
};
