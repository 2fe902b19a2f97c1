/** What the run of the crash tests hears: this item fails now; the item that waits for its step is out of time. */
export type RunnerHears = `fail ${string}` | 'out-of-time';

/** What it says, a JSON value a line. */
export type RunnerSays =
  | { readonly says: 'opened'; readonly runDir: string }
  | { readonly says: 'interrupted' }
  /** An item failed because it was told to. */
  | { readonly says: 'failed' }
  /** An item waited for its step for too long. */
  | { readonly says: 'out-of-time' }
  /** To people. */
  | { readonly says: 'told'; readonly text: string }
  | {
      readonly says: 'decided';
      readonly decision: string | null;
      readonly reasons: readonly string[];
      readonly exitCode: number;
    };
