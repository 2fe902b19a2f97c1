/**
 * The cutover over time as one SVG: weight, error rate and P95 on one axis, marks where something happened. Lines stretch with the page,
 * texts and marks do not: they are placed in percent of the width.
 */
import {
  TRIGGER_METRICS,
  type CutoverEventOf,
  type TriggerMetric,
  type TriggerRule,
} from '../../../../checks/contract/cutover.ts';
import { formatMs } from '../../../../checks/contract/units.ts';
import { isCountOfWrongs } from '../../../../checks/cutover/triggers.ts';
import { clockOf } from '../../cutover/times.ts';
import { metricValue } from '../../cutover/words.ts';
import { html, type Html, type Part } from '../template.ts';
import { drawMark, rowsOf, type Mark } from './marks.ts';
import { stateSpans, stretches, thinColumns, tickStep, tickText, weightSteps } from './series.ts';
import type { Seen, StateSpan, TimedEvent } from './series.ts';

export interface TimelineInput {
  readonly events: readonly TimedEvent[];
  readonly triggers: readonly TriggerRule[];
  readonly marks: readonly Mark[];
}

/** Inner width of a lane's coordinates, and columns that keep their lowest and highest. */
const WIDTH = 1000;
const COLUMNS = 500;
const MARK_ROW = 25;
const TITLE = 20;
const STRIP = 9;
const GAP = 12;
const AXIS = 22;
const MOST_TICKS = 5;

/** Fits a time and a value into the picture. */
interface Scale {
  readonly total: number;
  percent(time: number): number;
  x(time: number): number;
}
const round = (value: number): number => Math.round(value * 100) / 100;

function scaleOf(events: readonly TimedEvent[]): Scale {
  const total = Math.max(1, events.at(-1)?.time ?? 0);
  return { total, percent: (time) => round((time / total) * 100), x: (time) => round((time / total) * WIDTH) };
}

/** The picture, its title and description for those who do not see it. Without any event there is none. */
export function timelineSvg({ events, triggers, marks }: TimelineInput): Html {
  const scale = scaleOf(events);
  const lanes = [weightLane(events), ...metricLanes(events, triggers)];
  const rows = rowsOf(marks.map(({ time }) => scale.percent(time)));
  const top = (Math.max(-1, ...rows) + 1) * MARK_ROW;
  const markY = (index: number): number => (rows[index] ?? 0) * MARK_ROW + MARK_ROW / 2;
  let y = top + GAP / 2;
  const drawn = lanes.map((lane) => {
    const at = y;
    y += TITLE + lane.height + lane.strips.length * STRIP + GAP;
    return drawLane(lane, at, scale);
  });
  const bottom = y - GAP;
  const height = bottom + AXIS;
  return html`<svg class="timeline" height="${height}" role="img" aria-labelledby="timeline-title timeline-desc">
    <title id="timeline-title">The cutover over time</title>
    <desc id="timeline-desc">${description(events, lanes, scale)}</desc>
    ${axis(scale, top, bottom)} ${drawn} ${marks.map((mark, index) => stem(mark, scale, markY(index), bottom))}
    ${marks.map((mark, index) => pin(mark, scale, markY(index)))}
  </svg>`;
}

interface Lane {
  readonly title: string;
  readonly height: number;
  readonly kind: 'area' | 'line';
  /** Value at the top. */
  readonly ceiling: number;
  readonly lines: readonly (readonly (readonly [number, number])[])[];
  /** What a second source saw. */
  readonly second: readonly (readonly (readonly [number, number])[])[];
  readonly bounds: readonly { readonly value: number; readonly text: string }[];
  /** Texts at points of the lane. */
  readonly labels: readonly { readonly time: number; readonly value: number; readonly text: string }[];
  /** States of its triggers, a strip each. */
  readonly strips: readonly (readonly StateSpan[])[];
}

function weightLane(events: readonly TimedEvent[]): Lane {
  const steps = weightSteps(events);
  const labels = events.flatMap(({ event, time }) =>
    event.event === 'shifted' ? [{ time, value: event.weight, text: `${event.weight} %` }] : [],
  );
  return {
    title: 'Weight of the new release',
    height: 64,
    kind: 'area',
    ceiling: 100,
    lines: [steps],
    second: [],
    bounds: [],
    labels,
    strips: [],
  };
}

const HEIGHTS: Readonly<Record<TriggerMetric, number>> = {
  'error-rate': 84,
  p95: 84,
  'critical-service': 32,
  business: 32,
};
const TITLES: Readonly<Record<TriggerMetric, string>> = {
  'error-rate': 'Error rate',
  p95: 'P95',
  'critical-service': 'Critical services that do not answer',
  business: 'Business metrics that do worse',
};

function metricLanes(events: readonly TimedEvent[], triggers: readonly TriggerRule[]): readonly Lane[] {
  const samples = events.filter(
    (one): one is { event: CutoverEventOf<'sample'>; time: number } => one.event.event === 'sample',
  );
  const reads: Readonly<Record<TriggerMetric, (sample: CutoverEventOf<'sample'>) => number | null>> = {
    'error-rate': ({ errorRate }) => errorRate,
    p95: ({ p95Ms }) => p95Ms,
    'critical-service': ({ down }) => down.length,
    business: ({ worse }) => worse?.length ?? null,
  };
  return TRIGGER_METRICS.flatMap((metric): Lane[] => {
    const seen = samples.map(({ event, time }): Seen => ({ time, value: reads[metric](event) }));
    const rules = triggers.filter((rule) => rule.metric === metric);
    const strips = rules.map(({ item }) => stateSpans(events, item)).filter((spans) => spans.length > 0);
    const isQuiet = seen.every(({ value }) => value === null || value === 0) && strips.length === 0;
    if (isCountOfWrongs(metric) && isQuiet) return [];
    const second = rules.flatMap(({ item }) =>
      stretches(samples.map(({ event, time }) => ({ time, value: event.prometheus?.[item] ?? null }))),
    );
    return [metricLane(metric, seen, rules, strips, second)];
  });
}

function metricLane(
  metric: TriggerMetric,
  seen: readonly Seen[],
  rules: readonly TriggerRule[],
  strips: Lane['strips'],
  second: Lane['second'],
): Lane {
  const values = seen.flatMap(({ value }) => value ?? []);
  const highest = values.reduce((a, b) => Math.max(a, b), 0);
  // Above 0 services is a breach: that line would lie on the ground.
  const thresholds = isCountOfWrongs(metric) ? [] : [...new Set(rules.map(({ threshold }) => threshold))];
  const inSecond = second.flat().reduce((a, [, value]) => Math.max(a, value), 0);
  return {
    title:
      values.length === 0
        ? `${TITLES[metric]}: no values`
        : `${TITLES[metric]}: highest ${metricValue(metric, highest)}`,
    height: HEIGHTS[metric],
    kind: 'line',
    ceiling: Math.max(highest, inSecond, ...thresholds) * 1.1 || 1,
    lines: stretches(seen),
    second,
    bounds: thresholds.map((value) => ({ value, text: `trigger above ${metricValue(metric, value)}` })),
    labels: [],
    strips,
  };
}

function drawLane(lane: Lane, top: number, scale: Scale): Html {
  const { height, ceiling } = lane;
  const y = (value: number): number => round(height - 1 - (value / ceiling) * (height - 2));
  const points = (line: Lane['lines'][number]): string =>
    thinColumns(line, 0, scale.total, COLUMNS)
      .map(([time, value]) => `${scale.x(time)},${y(value)}`)
      .join(' ');
  // A single point is a line without length: its round end draws it.
  const whole = (line: Lane['lines'][number]): string =>
    line.length === 1 ? `${points(line)} ${points(line)}` : points(line);
  const plot = top + TITLE;
  return html`<text class="lane" x="0" y="${plot - 6}">${lane.title}</text>
    <svg y="${plot}" width="100%" height="${height}" viewBox="0 0 ${WIDTH} ${height}" preserveAspectRatio="none">
      <rect class="ground" width="${WIDTH}" height="${height}" />
      ${lane.kind === 'area' && lane.lines.map((line) => html`<polygon points="${area(points(line), scale, height)}" />`)}
      ${lane.bounds.map(({ value }) => html`<line class="bound" x2="${WIDTH}" y1="${y(value)}" y2="${y(value)}" />`)}
      ${lane.second.map((line) => html`<polyline class="second" points="${whole(line)}" />`)}
      ${lane.lines.map((line) => html`<polyline points="${whole(line)}" />`)}
    </svg>
    ${apart(lane.bounds.map(({ value, text }) => ({ at: plot + boundLabelY(y(value)), text }))).map(
      ({ at, text }) => html`<text class="bound" x="0" dx="4" y="${at}">${text}</text>`,
    )}
    ${lane.labels.map(
      ({ time, value, text }) =>
        html`<text x="${scale.percent(time)}%" dx="4" y="${plot + labelY(y(value))}">${text}</text>`,
    )}
    ${lane.strips.map((spans, index) => spans.map((span) => drawSpan(span, plot + height + 2 + index * STRIP, scale)))}`;
}

/** Above its line, below it where there is no room. */
const labelY = (line: number): number => round(line < 16 ? line + 15 : line - 5);
const boundLabelY = (line: number): number => round(line < 14 ? line + 13 : line - 4);

/** Labels that would cover one that stands already are left out: the facts above the picture tell every threshold. */
function apart<T extends { readonly at: number }>(labels: readonly T[]): readonly T[] {
  const kept: T[] = [];
  for (const label of labels) if (kept.every(({ at }) => Math.abs(at - label.at) > 13)) kept.push(label);
  return kept;
}

function area(points: string, scale: Scale, height: number): string {
  return `0,${height} ${points} ${scale.x(scale.total)},${height}`;
}

const SPAN_HEIGHTS = { pending: 3, firing: 7, 'no-data': 6 } as const;

function drawSpan({ state, from, to }: StateSpan, y: number, scale: Scale): Html {
  const width = round(Math.max(0.4, scale.percent(to) - scale.percent(from)));
  return html`<rect
    class="span ${state}"
    x="${scale.percent(from)}%"
    y="${y}"
    width="${width}%"
    height="${SPAN_HEIGHTS[state]}"
  />`;
}

function axis(scale: Scale, top: number, bottom: number): Part {
  const step = tickStep(scale.total, MOST_TICKS);
  const ticks = Array.from({ length: Math.floor(scale.total / step) + 1 }, (_, index) => index * step);
  return ticks.map((time) => {
    const x = scale.percent(time);
    const side = x < 3 ? 'start' : x > 94 ? 'end' : 'middle';
    return html`<line class="tick" x1="${x}%" x2="${x}%" y1="${top}" y2="${bottom + 4}" />
      <text class="tick" x="${x}%" y="${bottom + 17}" text-anchor="${side}">${tickText(time)}</text>`;
  });
}

function stem({ time, tone }: Mark, scale: Scale, top: number, bottom: number): Html {
  const x = scale.percent(time);
  return html`<line class="stem ${tone}" x1="${x}%" x2="${x}%" y1="${top}" y2="${bottom}" />`;
}

function pin(mark: Mark, scale: Scale, y: number): Html {
  return html`<svg class="pin" x="${scale.percent(mark.time)}%" y="${y}" width="1" height="1">${drawMark(mark)}</svg>`;
}

/** What the picture shows, in words. */
function description(events: readonly TimedEvent[], lanes: readonly Lane[], scale: Scale): string {
  const shifts = events.flatMap(({ event, time }) => {
    if (event.event === 'shifted') return [`${event.weight} % from ${clockOf(time)}`];
    return event.event === 'zero' ? [`0 % from ${clockOf(time)}`] : [];
  });
  const metrics = lanes.slice(1).map(({ title, bounds }) => [title, ...bounds.map(({ text }) => text)].join(', '));
  const weight = shifts.length === 0 ? 'no traffic was moved' : `the new release got ${shifts.join(', ')}`;
  return `Over ${formatMs(scale.total)}: ${weight}. ${metrics.map((one) => `${one}.`).join(' ')} The tables below hold the same.`;
}
