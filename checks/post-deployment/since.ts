/** Time since the approval: what is due, what is not yet, and what the reader should know of it. */
import { formatMs } from '../contract/units.ts';
import type { Messages, Say } from '../kit/kind.ts';
import type { Whence } from './metrics.ts';

export interface Window {
  readonly fromMs: number;
  /** The end of the window, or now where that is earlier. */
  readonly toMs: number;
  readonly isOver: boolean;
}

/** The time after the approval that an item is about. */
export function windowAfter({ approvedAt }: Pick<Whence, 'approvedAt'>, lengthMs: number, now: Date): Window {
  const fromMs = Date.parse(approvedAt);
  const end = fromMs + lengthMs;
  return { fromMs, toMs: Math.min(end, now.getTime()), isOver: now.getTime() >= end };
}

/** What every judge says first: runs that do not count, and that a rehearsal made them up. */
export function sayWhence<M extends Messages>(say: Say<M>, { refused, isSimulated }: Whence): void {
  for (const run of refused) say.unsure('unknown-value', `What ${run}: what it saw is unknown.`);
  if (isSimulated)
    say.show({
      type: 'text',
      title: 'Simulated',
      text: 'The rehearsal made up the approval and these runs: two weeks do not pass in it.',
    });
}

/** It is too early: pending, and nobody has to do anything. */
export function sayNotDue<M extends Messages>(say: Say<M>, { toMs }: Window, now: Date, dueMs: number): void {
  const due = new Date(toMs + (dueMs - now.getTime()));
  say.waits('not-due', `It is due in ${formatMs(dueMs - now.getTime())}, at ${due.toISOString()}.`);
}
