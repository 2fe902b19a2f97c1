/** The key metrics of a platform: what they are, what they are now, and what the runs since the approval have seen of them. */
import type { HttpClient } from '../contract/http.ts';
import type { History } from '../contract/history.ts';
import { UNITS, type MeasuredValue, type Unit } from '../contract/outcome.ts';
import { DURATION_PATTERN, durationMs } from '../contract/units.ts';
import { attempt, ObservationError, type JSONSchema, type Refusal } from '../kit/kind.ts';
import { DIRECTIONS, type Direction } from '../kit/statistics/stable.ts';
import { promDuration, query, type Sample } from '../protocols/prometheus.ts';
import { cannotBeEmpty } from '../protocols/promql-values.ts';
import { seriesBehind, type Behind } from '../protocols/series-behind.ts';
import type { TelemetrySource } from '../protocols/telemetry.ts';

const HOUR_MS = 3_600_000;

export interface KeyMetric {
  readonly name: string;
  readonly query: string;
  readonly unit: Unit;
  readonly good: Direction;
  /** The least change for the worse that matters: 0.2 is a fifth of the level. */
  readonly effect: number;
  readonly window: string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export const keyMetrics = {
  type: 'array',
  minItems: 1,
  description: 'The key metrics, from the environment file: ${environment.keyMetrics}.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'query', 'unit', 'good', 'effect', 'window'],
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 80, description: 'What it is called in reports and records.' },
      query: {
        type: 'string',
        minLength: 1,
        description: 'PromQL that gives one value; $window stands for the time it looks back over.',
      },
      unit: { type: 'string', enum: UNITS, description: 'Unit of the value.' },
      good: { type: 'string', enum: DIRECTIONS, description: 'Which way is good; `steady`: neither.' },
      effect: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 10,
        description: 'The least change for the worse that matters, as a share of the level: 0.2 is a fifth.',
      },
      window: { type: 'string', pattern: DURATION_PATTERN, description: 'The time it looks back over.' },
      min: { type: 'number', description: 'Least value that is good whatever was promised.' },
      max: { type: 'number', description: 'Greatest value that is good whatever was promised.' },
    },
  },
} as const satisfies JSONSchema;

export interface Measured {
  readonly metric: string;
  readonly samples?: readonly Pick<Sample, 'value'>[];
  readonly refusal?: Refusal;
  /** Of a query that a constant keeps from being empty (`… or vector(0)`): what stands behind it. */
  readonly behind?: readonly Behind[];
  /** How restless it was: variance over the mean's square within an hour. Absent where it has none: it stood at 0, or is not known. */
  readonly spread?: number;
}

/** Asks for each of them; a query that is refused costs the others nothing. `window` replaces the metrics' own. */
export function measure(
  http: HttpClient,
  source: TelemetrySource,
  metrics: readonly KeyMetric[],
  window?: string,
): Promise<readonly Measured[]> {
  return Promise.all(
    metrics.map(async ({ name, query: text, ...metric }) => {
      const windowMs = durationMs(window ?? metric.window);
      const whole = text.replaceAll('$window', promDuration(windowMs));
      const [{ seen, refusal }, moved, behind] = await Promise.all([
        attempt(() => query(http, source, whole)),
        attempt(() => query(http, source, spreadQuery(text, windowMs))),
        cannotBeEmpty(whole) ? seriesBehind(http, source, whole) : [],
      ]);
      // A metric that stands still, or at 0, has none; what refuses its value says so already.
      const [spread] = moved.seen ?? [];
      return {
        metric: name,
        ...(seen === undefined ? {} : { samples: seen.map(({ value }) => ({ value })) }),
        ...(refusal === undefined ? {} : { refusal }),
        ...(behind.length === 0 ? {} : { behind }),
        ...(spread !== undefined && Number.isFinite(spread.value) && spread.value > 0 ? { spread: spread.value } : {}),
      };
    }),
  );
}

/** Values that an hour's spread is made of. */
const STEPS = 12;
/**
 * The mean of what each hour of the window shows: within an hour the rhythm of the day is no spread. It is relative, so that more traffic is none.
 */
export function spreadQuery(text: string, windowMs: number): string {
  const hourMs = Math.min(windowMs, HOUR_MS);
  const step = promDuration(Math.max(1000, Math.ceil(hourMs / STEPS / 1000) * 1000));
  const values = `(${text.replaceAll('$window', step)})[${promDuration(hourMs)}:${step}]`;
  const ofHour = `stdvar_over_time(${values}) / avg_over_time(${values}) ^ 2`;
  return windowMs > hourMs ? `avg_over_time((${ofHour})[${promDuration(windowMs)}:${promDuration(hourMs)}])` : ofHour;
}
/** How a metric's spread is called in records. */
export const spreadOf = (name: string): string => `${name}, spread`;

/** The one value, or why there is none. */
export function valueOf({ samples = [] }: Measured): { readonly value: number } | { readonly why: string } {
  const [first] = samples;
  if (first === undefined) return { why: 'gives no data' };
  if (samples.length > 1) return { why: `gives ${samples.length} series, expected one value` };
  return Number.isFinite(first.value) ? { value: first.value } : { why: `gives ${String(first.value)}` };
}

export function evidenceOf({ name, unit, min, max }: KeyMetric, value: number): MeasuredValue {
  const bound =
    max === undefined
      ? min === undefined
        ? undefined
        : ({ comparison: '>=', value: min } as const)
      : ({ comparison: '<=', value: max } as const);
  return { type: 'value', title: name, value, unit, ...(bound === undefined ? {} : { bound }) };
}

/** A value that a run recorded: [hours since the approval, value]. */
export type Point = readonly [number, number];

/** What is known since the approval, as judges that compare values need it. */
export interface SinceApproval {
  /** RFC 3339. */
  readonly approvedAt: string;
  readonly refused: readonly string[];
  readonly isSimulated: boolean;
  /** What the approval recorded, by the metric's name. */
  readonly promised: { readonly [metric: string]: number };
  /** What the runs of one item recorded since, by the metric's name, oldest first. */
  readonly series: { readonly [metric: string]: readonly Point[] };
}

const FIRST_DAY_HOURS = 24;

export function recordOf(history: History, item: string): SinceApproval {
  const approved = approvedIn(history);
  const from = Date.parse(approved.at);
  const series: { [metric: string]: Point[] } = {};
  // The first day is as it was signed once it was over, whatever has become of its runs.
  const signed = approved.firstDay?.items.find((one) => one.item === item)?.values ?? [];
  for (const { title, points } of signed) series[title] = [...points];
  const known = signed.length === 0 ? 0 : FIRST_DAY_HOURS;
  for (const { at, measured } of history.since.filter((one) => one.item === item)) {
    const hour = (Date.parse(at) - from) / HOUR_MS;
    if (hour >= known) for (const { title, value } of measured) (series[title] ??= []).push([hour, value]);
  }
  const promised = approved.items.flatMap(({ measured }) =>
    measured.map(({ title, value }) => [title, value] as const),
  );
  return { ...whenceOf(history), promised: Object.fromEntries(promised), series };
}

/** When it was approved, and what the reader should know of the runs since. */
export type Whence = Pick<SinceApproval, 'approvedAt' | 'refused' | 'isSimulated'>;
export const whenceOf = (history: History): Whence => ({
  approvedAt: approvedIn(history).at,
  refused: history.refused,
  isSimulated: history.isSimulated,
});

/** The approval that this item builds on. Without one nothing was promised, and the item cannot be run. */
export function approvedIn(history: History): NonNullable<History['approved']> {
  if (history.approved !== null) return history.approved;
  const refused = history.refused.length === 0 ? '' : ` (${history.refused.join('; ')})`;
  throw new ObservationError(
    'source-missing',
    `the ledger holds no approval of this release in this environment${refused}`,
    {
      fix: 'Bring the release to a signed GO first; carry the ledger here with golive ledger import',
    },
  );
}
