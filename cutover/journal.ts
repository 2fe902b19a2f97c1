/**
 * The event log of a cutover, which is its journal too: `<run>/cutover.jsonl`, a line an event, on the disk before an act it tells happens.
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import type { CutoverEvent } from '../checks/contract/cutover.ts';
import { cutoverFile, readCutover, type CutoverLog } from '../reports/record/run-folder/cutover-log.ts';
import { realClock, type Clock } from './clock.ts';

/** An event without its times. */
export type NewEvent = CutoverEvent extends infer E ? (E extends CutoverEvent ? Omit<E, 'at' | 'ms'> : never) : never;

/** What was looked at; nothing is done upon it that is not told by itself. */
const SEEN: ReadonlySet<CutoverEvent['event']> = new Set(['sample', 'trigger']);

export interface CutoverJournal {
  readonly events: readonly CutoverEvent[];
  /** Milliseconds since the journal was opened, of a clock that only moves forward. */
  now(): number;
  /** On the disk when it returns, but for samples and states of triggers. Throws when it cannot be written. */
  tell(event: NewEvent): void;
  close(): void;
}

function endsTorn(runDir: string, log: CutoverLog): boolean {
  const text = readFileSync(cutoverFile(runDir, log), 'utf8');
  return text !== '' && !text.endsWith('\n');
}

/** Opens the log for appending. */
export function openJournal(
  runDir: string,
  log: CutoverLog = 'cutover',
  clock: Pick<Clock, 'now' | 'date'> = realClock,
): CutoverJournal {
  const events: CutoverEvent[] = [...readCutover(runDir, log)];
  const before = events.at(-1)?.ms ?? 0;
  const from = clock.now();
  const file = openSync(cutoverFile(runDir, log), 'a', 0o600);
  const now = (): number => before + clock.now() - from;
  // A dead process or a full disk may have left half a line: what comes after it stands on lines of its own.
  let torn = endsTorn(runDir, log);
  return {
    events,
    now,
    tell(event) {
      const whole = { at: clock.date().toISOString(), ms: Math.round(now()), ...event } as CutoverEvent;
      const line = `${torn ? '\n' : ''}${JSON.stringify(whole)}\n`;
      torn = true;
      // Of a file that is open this writes on until all is written, which `writeSync` does not.
      writeFileSync(file, line);
      torn = false;
      // A disk that is busy must not stop the eyes of the cutover: what was seen may be lost, what was about to be done may not.
      if (!SEEN.has(whole.event)) fsyncSync(file);
      events.push(whole);
    },
    close: () => closeSync(file),
  };
}
