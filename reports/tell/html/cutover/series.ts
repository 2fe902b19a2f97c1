/** The lines of the timeline: what was seen in each pixel column, and where nothing was. Pure. */
import type { CutoverEvent, CutoverEventOf, TriggerState } from '../../../../checks/contract/cutover.ts';

/** A value at a time; null: nothing is known then. */
export interface Seen {
  readonly time: number;
  readonly value: number | null;
}
export interface TimedEvent {
  readonly event: CutoverEvent;
  /** Milliseconds since the cutover began. */
  readonly time: number;
}
type Point = readonly [time: number, value: number];

/** Evaluations further apart than this many of the usual steps leave a stretch of which nothing is known: the line breaks. */
const GAP_STEPS = 8;

/** Stretches without a gap, each at least one point. */
export function stretches(seen: readonly Seen[]): readonly (readonly Point[])[] {
  const steps = seen.slice(1).map(({ time }, index) => time - (seen[index]?.time ?? time));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const lines: Point[][] = [];
  let line: Point[] | undefined;
  let before: number | undefined;
  for (const { time, value } of seen) {
    if (value === null || (before !== undefined && usual > 0 && time - before > usual * GAP_STEPS)) line = undefined;
    before = time;
    if (value === null) continue;
    if (!line) lines.push((line = []));
    line.push([time, value]);
  }
  return lines;
}

/** Keeps the first, lowest, highest and last point of each of `columns` columns, in their order: no peak and no fall is lost. */
export function thinColumns(line: readonly Point[], from: number, to: number, columns: number): readonly Point[] {
  if (line.length <= columns || to <= from) return line;
  const byColumn = new Map<number, Point[]>();
  for (const point of line) {
    const column = Math.min(columns - 1, Math.floor(((point[0] - from) / (to - from)) * columns));
    const points = byColumn.get(column);
    if (points) points.push(point);
    else byColumn.set(column, [point]);
  }
  return [...byColumn.values()].flatMap((points) => {
    const low = points.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = points.reduce((a, b) => (b[1] > a[1] ? b : a));
    const kept = new Set([points[0], low, high, points.at(-1)]);
    return points.filter((point) => kept.has(point));
  });
}

/** Percent of the new release as a staircase, from the first event to the last. */
export function weightSteps(events: readonly TimedEvent[]): readonly Point[] {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) return [];
  let weight = 0;
  const points: Point[] = [[first.time, 0]];
  for (const { event, time } of events) {
    const next = event.event === 'shifted' ? event.weight : event.event === 'zero' ? 0 : weight;
    if (next !== weight) points.push([time, weight], [time, next]);
    weight = next;
  }
  return [...points, [last.time, weight]];
}

/** How long a trigger was in a state other than at rest. */
export interface StateSpan {
  readonly item: string;
  readonly state: Exclude<TriggerState['state'], 'inactive'>;
  readonly from: number;
  readonly to: number;
}

export function stateSpans(events: readonly TimedEvent[], item: string): readonly StateSpan[] {
  const own = events.filter(
    (one): one is { event: CutoverEventOf<'trigger'>; time: number } =>
      one.event.event === 'trigger' && one.event.item === item,
  );
  // Nothing is evaluated once the rollback has begun.
  const over = events.find(({ event }) => event.event === 'rollback-begun') ?? events.at(-1);
  return own.flatMap(({ event: { state }, time }, index) =>
    state === 'inactive' ? [] : [{ item, state, from: time, to: own[index + 1]?.time ?? over?.time ?? time }],
  );
}

/** A round step for at most `most` marks over `span` milliseconds. */
export function tickStep(span: number, most: number): number {
  const seconds = [
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400,
  ];
  const step = seconds.find((one) => span / (one * 1000) <= most);
  return (step ?? Math.ceil(span / most / 86_400_000) * 86_400) * 1000;
}

/** `0`, `500 ms`, `20 s`, `5 min`, `2 h`, `1 d`. */
export function tickText(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1000) return `${ms} ms`;
  for (const [unit, name] of [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ] as const)
    if (ms >= unit && (ms * 10) % unit === 0) return `${ms / unit} ${name}`;
  return `${ms / 1000} s`;
}
