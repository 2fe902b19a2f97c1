/** What a controller of progressive delivery says of itself, in one form for all of them. */

/**
 * `under-way`: it moves users, or waits to; `held`: it stands still until somebody does something; `promoted`: everybody is on the newest
 * release; `taken-back`: the newest release was given up, users are on the one before.
 */
export type Stage = 'under-way' | 'held' | 'promoted' | 'taken-back';

export interface Progress {
  readonly stage: Stage;
  /** In its own words, with what they stand on: `phase Paused (CanaryPauseStep)`. */
  readonly how: string;
  /** Share of users on the newest release, from 0 to 1, and how that is known; null: it does not say. */
  readonly share: { readonly value: number; readonly by: string } | null;
}
/** Why nothing can be told of it yet. */
export interface NotTold {
  readonly why: string;
}
