/** When things happened in a cutover, on one axis, and how times are written. */
import type { CutoverEvent } from '../../../checks/contract/cutover.ts';

/** A stretch by which the clock on the wall may differ from the log's own before the log is taken to have stood still. */
const CLOCKS_DIFFER_MS = 2_000;

/**
 * Milliseconds since the cutover began, one for each event, never falling. The log's own clock stands still while no process holds it: a
 * rollback that another process began an hour later happened an hour later, whatever the log counted.
 */
export function timesOf(events: readonly CutoverEvent[]): readonly number[] {
  let time = 0;
  return events.map((event, index) => {
    const before = events[index - 1];
    if (!before) return (time = Math.max(0, event.ms));
    const own = Math.max(0, event.ms - before.ms);
    const wall = Date.parse(event.at) - Date.parse(before.at);
    return (time += wall - own > CLOCKS_DIFFER_MS ? wall : own);
  });
}

/** `0:07.810`, `12:04.000`, `1:02:03.456`. */
export function clockOf(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000) % 60;
  const rest = `${pad(Math.floor(whole / 1000) % 60, 2)}.${pad(whole % 1000, 3)}`;
  return hours > 0 ? `${hours}:${pad(minutes, 2)}:${rest}` : `${minutes}:${rest}`;
}

/** `19:17:22.605`, with the date before it where it is not that of `first`. Both RFC 3339; UTC. */
export function timeOfDay(at: string, first: string): string {
  const [day = '', time = ''] = new Date(at).toISOString().slice(0, -1).split('T');
  return new Date(first).toISOString().startsWith(day) ? time : `${day} ${time}`;
}
