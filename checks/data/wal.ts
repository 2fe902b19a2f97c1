/** Which WAL segments a restore needs, by name, and which of them an archive lacks. */

/** A WAL segment: timeline, high and low half of its number (PostgreSQL's XLogFileName). */
export const SEGMENT = /^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})(\.|$)/;
/** Segments of one timeline sort by name; after a failover the timelines differ and the numbers alone are compared. */
export const positionOf = (segment: string): string => segment.slice(8, 24);
/** Names kept of what is missing: what follows says nothing more, and a broken name would make the list endless. */
const MOST_MISSING = 1000;

/** The number of a segment, counted from the first byte of WAL; null where the name is of none. */
export function numberOfSegment(segment: string, segmentBytes: number): number | null {
  const [, high, low] = SEGMENT.exec(segment) ?? [];
  if (high === undefined || low === undefined || segmentBytes <= 0) return null;
  return Number.parseInt(high, 16) * (2 ** 32 / segmentBytes) + Number.parseInt(low, 16);
}

const timelineOf = (segment: string): number => Number.parseInt(segment.slice(0, 8), 16);
const inHex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
function nameOf(timeline: number, number: number, segmentBytes: number): string {
  const perHigh = 2 ** 32 / segmentBytes;
  return inHex(timeline) + inHex(Math.floor(number / perHigh)) + inHex(number % perHigh);
}

/**
 * What is missing of the WAL from the start of a backup to the segment archived last, and of the histories of the timelines in between.
 * The backup's own WAL is on its timeline, the newest timeline has all of its own, and a failover in between may leave a number on either.
 */
export function missingWal(
  held: readonly string[],
  [first, stop]: readonly [string, string],
  last: string | null,
  segmentBytes: number,
): readonly string[] {
  const names = new Set(held);
  const segments = held.filter((name) => SEGMENT.test(name));
  const numberOf = (segment: string): number => numberOfSegment(segment, segmentBytes) ?? 0;
  const own = timelineOf(first);
  const newest = last === null ? own : Math.max(own, timelineOf(last));
  const begins = Math.min(...segments.filter((name) => timelineOf(name) === newest).map(numberOf));
  const isOn = (timeline: number, number: number): boolean => names.has(nameOf(timeline, number, segmentBytes));
  const between = [...new Set(segments.map(timelineOf))].filter((timeline) => timeline >= own && timeline <= newest);
  const missing: string[] = [];
  const end = Math.max(numberOf(stop), numberOf(last ?? stop));
  for (let number = numberOf(first); number <= end && missing.length < MOST_MISSING; number += 1) {
    const ofBackup = number <= numberOf(stop);
    const only = ofBackup ? [own] : number >= begins ? [newest] : between;
    if (!only.some((timeline) => isOn(timeline, number)))
      missing.push(nameOf(ofBackup ? own : newest, number, segmentBytes));
  }
  // Without its history nobody finds the way to a timeline: a restore ends where the old one did.
  const history = `${inHex(newest)}.history`;
  return newest > own && !names.has(history) ? [...missing, history] : missing;
}
