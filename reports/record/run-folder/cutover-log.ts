/**
 * Reads the event log of a cutover, `<run>/cutover.jsonl`, a line an event, and that of the rehearsal of its rollback. What writes it is
 * `cutover/journal.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../../checks/contract/json.ts';
import type { CutoverEvent } from '../../../checks/contract/cutover.ts';
import { isCutoverEvent } from './cutover-shapes.ts';
import { fileProblem } from '../io.ts';

/** The cutover itself, and the rollback rehearsed before it. */
export type CutoverLog = 'cutover' | 'rollback-rehearsal';

export function cutoverFile(runDir: string, log: CutoverLog = 'cutover'): string {
  return join(runDir, `${log}.jsonl`);
}

/** Events that end a cutover: nothing is moved after one of them. */
const ENDS: ReadonlySet<CutoverEvent['event']> = new Set(['refused', 'rolled-back', 'unfinished', 'finished']);

/** How the cutover ended; undefined while it is under way, while a rollback that was begun after that is, or where its process died. */
export function endOf(events: readonly CutoverEvent[]): CutoverEvent | undefined {
  const last = events.findLast(({ event }) => ENDS.has(event) || event === 'rollback-begun');
  return last?.event === 'rollback-begun' ? undefined : last;
}

/**
 * What was told so far; a last line that was cut off is none, nor is one that holds no event. Empty where no cutover has begun. Throws what
 * the file system throws: whoever acts upon the log must not take one that cannot be read for an empty one.
 */
export function readCutover(runDir: string, log: CutoverLog = 'cutover'): readonly CutoverEvent[] {
  const file = cutoverFile(runDir, log);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const value = parse(line);
      return isRecord(value) && typeof value['event'] === 'string' ? [value as unknown as CutoverEvent] : [];
    });
}

/** A log as it is shown: only events whose every member is what the contract says. */
export interface ShownLog {
  readonly events: readonly CutoverEvent[];
  /** What could not be read, one line each; empty when the log is whole. */
  readonly problems: readonly string[];
}

/** Reads a log for people: what is broken in it is named and left out. Never throws. */
export function readCutoverForPeople(runDir: string, log: CutoverLog = 'cutover'): ShownLog {
  const file = cutoverFile(runDir, log);
  try {
    return existsSync(file) ? shownLog(readFileSync(file, 'utf8'), `${log}.jsonl`) : { events: [], problems: [] };
  } catch (error) {
    return { events: [], problems: [fileProblem('read', `${log}.jsonl`, error).message] };
  }
}

/** Lines named one by one; more of them are counted. */
const NAMED_LINES = 5;

function shownLog(text: string, name: string): ShownLog {
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  const whole = parse(tail);
  // A last line without its line feed can be whole all the same.
  if (isCutoverEvent(whole)) lines.push(tail);
  const broken: number[] = [];
  const events = lines.flatMap((line, index) => {
    const value = parse(line);
    if (isCutoverEvent(value)) return [value];
    broken.push(index + 1);
    return [];
  });
  const problems = broken.slice(0, NAMED_LINES).map((line) => `${name}:${line} is no event that this golive knows.`);
  if (broken.length > NAMED_LINES)
    problems.push(`${broken.length - NAMED_LINES} more lines of ${name} are none either.`);
  if (tail !== '' && !isCutoverEvent(whole))
    problems.push(`${name}:${lines.length + 1}, the last line, was cut off while it was written.`);
  return { events, problems };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
