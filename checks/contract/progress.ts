/**
 * What a running test tells the live progress: lines on its stdout while it works, annotations when it ends. Both are for the
 * eyes only. The decision reads the outcome records and nothing of this.
 */
import type { OutcomeName, ReasonCode } from './outcome.ts';

/** Starts a progress line on a worker's stdout; the JSON of a ProgressNote and a line feed follow. */
export const PROGRESS_PREFIX = '\u001egolive-progress ';
export interface ProgressNote {
  readonly item: string;
  /** Where it stands, on one line: `weight 25 %, 4 min left, errors 0.1 %`. */
  readonly text: string;
}
/** The line to write to stdout, in one write. */
export function progressLine(note: ProgressNote): string {
  return `${PROGRESS_PREFIX}${JSON.stringify(note)}\n`;
}

/** Type of the annotation that carries the JSON of an OutcomeNote. */
export const OUTCOME_ANNOTATION = 'golive.outcome';
/** Type of the annotation that carries an item's id. */
export const ITEM_ANNOTATION = 'golive.item';
/** Type of the annotation that carries an item's `file:line`. */
export const PLACE_ANNOTATION = 'golive.place';
export interface OutcomeNote {
  readonly outcome: OutcomeName;
  readonly reason?: ReasonCode;
  readonly message: string;
  readonly subjects: number;
}
