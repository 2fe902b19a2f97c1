/** Drill messages: marked as such wherever somebody reads them, each with an id of its own. */
import { randomBytes } from 'node:crypto';
import type { Message } from '../../contract/notify.ts';
import { DRILL_KEY } from './pagerduty.ts';

/** An id that no other message has: its receipt is found by it, and F-TEC items leave it out. */
export const drillId = (what: string): string => `${DRILL_KEY}${what}-${randomBytes(6).toString('hex')}`;

/** A message that says at its very beginning that nothing has happened. */
export function drillMessage(what: string, text: string): Message {
  return {
    id: drillId(what),
    subject: 'DRILL by golive, nothing has happened',
    text: `${text} Nobody needs to act.`,
    severity: 'info',
  };
}
