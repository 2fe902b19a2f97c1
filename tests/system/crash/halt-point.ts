/** Where a cutover is stopped by the crash tests. */

/** The line of the journal after which the process stops, before anything else is done. */
export interface HaltPoint {
  readonly event: string;
  /** The first such line, or a later one. */
  readonly count?: number;
  /** Of the process that goes back for a dead one, not of the cutover itself. */
  readonly back?: boolean;
}
/** Variable of the environment that holds it, as JSON. */
export const HALT = 'CRASH_TEST_HALT';
