/**
 * Whether the process of a cutover still does something: one that hangs watches nothing, with users on a new release. While it watches it
 * tells a sample at every interval; while it goes back it may be silent for as long as that may take.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CutoverEvent } from '../checks/contract/cutover.ts';
import type { Clock } from './clock.ts';
import { endOf, readCutover } from '../reports/record/run-folder/cutover-log.ts';

/** Four intervals of fifteen seconds, the longest there are; also more than it takes to begin. */
const SILENT_MS = 90_000;
/** Between two looks. When more has passed, it was this process that slept. */
const LOOKS_APART_MS = 5000;

export interface SignsOfLife {
  readonly runDir: string;
  readonly rollbackWithinMs: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** Call it often: whether the log has not grown for too long. */
export function silenceOf({ runDir, rollbackWithinMs, clock }: SignsOfLife): () => boolean {
  let [size, grownAt, lookedAt] = [-1, clock.now(), clock.now()];
  return () => {
    const at = clock.now();
    const present = sizeOf(join(runDir, 'cutover.jsonl'));
    if (present !== size || at - lookedAt > LOOKS_APART_MS) grownAt = at;
    [size, lookedAt] = [present, at];
    if (at - grownAt <= SILENT_MS) return false;
    return !goesBack(readCutover(runDir)) || at - grownAt > rollbackWithinMs + SILENT_MS;
  };
}

function goesBack(events: readonly CutoverEvent[]): boolean {
  return endOf(events) === undefined && events.some(({ event }) => event === 'rollback-begun');
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
