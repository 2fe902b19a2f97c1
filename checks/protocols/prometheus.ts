/**
 * A thin client of Prometheus' HTTP API (stable, /api/v1). What it cannot understand it does not judge: a query that is refused is the
 * item's fault, a partial answer is no answer, and no sample is never a zero.
 */
import type { HttpClient } from '../contract/http.ts';
import { ObservationError } from '../kit/kind.ts';
import { at, isRecord, listAt, numberAt, plainText, textAt } from '../contract/json.ts';
import { askJson, type TelemetrySource } from './telemetry.ts';

export type LabelSet = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: LabelSet;
  /** May be NaN or infinite: Prometheus' own value, as it is. */
  readonly value: number;
  /** Unix seconds at which the query was evaluated. */
  readonly at: number;
}
export interface Series {
  readonly labels: LabelSet;
  /** [Unix seconds, value] */
  readonly points: readonly (readonly [number, number])[];
}
export interface Target {
  readonly labels: LabelSet;
  readonly url: string;
  readonly health: string;
  readonly lastError: string;
  /** RFC 3339; the year 1 before the first scrape. */
  readonly lastScrape: string;
}
export interface AlertRule {
  readonly group: string;
  readonly name: string;
  readonly query: string;
  readonly forSeconds: number;
  /** How long it goes on firing when its expression has become false. */
  readonly keepFiringSeconds?: number;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  /** `ok`, `err`, `unknown` (not evaluated yet). */
  readonly health: string;
  readonly lastError: string;
  readonly lastEvaluation: string;
  /** How often its group is evaluated. */
  readonly intervalSeconds?: number;
  /** Alerts of one rule that its group allows; beyond it drops all of them. */
  readonly limit?: number;
  readonly kind: 'alerting' | 'recording';
}
export interface ActiveAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly state: string;
  readonly activeAt: string;
}

/** GET beyond this length becomes a POST: proxies cut long addresses. */
const LONGEST_GET = 1500;

/** The data of an answer. Throws `misconfigured` for a refused query, `timeout`, and `protocol` for a partial answer. */
async function data(
  http: HttpClient,
  source: TelemetrySource,
  path: string,
  params: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const form = new URLSearchParams(params).toString();
  const long = form.length > LONGEST_GET;
  const { json } = await askJson(http, source, long || form === '' ? path : `${path}?${form}`, {
    also: [400, 422, 503],
    ...(long
      ? { method: 'POST' as const, body: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
      : {}),
  });
  const query = params['query'];
  if (textAt(json, '', 'status') === 'success') {
    refusePartial(source, json, query);
    const token = textAt(json, '', 'data', 'groupNextToken');
    if (token === '') return at(json, 'data');
    throw partial(source, 'it pages its list of rules', query);
  }
  throw refusal(source, path, textAt(json, '', 'errorType'), textAt(json, 'no reason given', 'error'), query);
}

/**
 * Warnings mean that a part of the data could not be read (remote read, Thanos); those that begin with `PromQL` only advise.
 * VictoriaMetrics says `isPartial` while a storage node is away.
 */
export function refusePartial(source: TelemetrySource, json: unknown, query: string | undefined): void {
  const warnings = listAt(json, 'warnings').map(String);
  const reasons = [
    ...warnings.filter((warning) => !warning.startsWith('PromQL ')),
    ...(at(json, 'isPartial') === true ? ['a storage node did not answer (isPartial)'] : []),
  ];
  if (reasons.length > 0) throw partial(source, reasons.join('; '), query);
}

function partial(source: TelemetrySource, why: string, query: string | undefined): ObservationError {
  const about = query === undefined ? '' : ` Query: ${query}`;
  return new ObservationError('protocol', `${source.name} answered in part only: ${why}.${about}`, {
    detail: 'partial',
    fix: 'Repair the storage or peer that did not answer, or raise the limit that it names.',
  });
}

/** A list that an answer must have: without it the program is another one, and nothing is not none. */
function listIn(source: TelemetrySource, answer: unknown, key: string): readonly unknown[] {
  if (Array.isArray(at(answer, key)) || at(answer, key) === null) return listAt(answer, key);
  throw new ObservationError('protocol', `${source.name} answered without ${key}: is it ${source.name}?`, {
    detail: 'no-list',
    fix: `Correct the address of ${source.name} in the environment file.`,
  });
}

/** Refusals of a query that is right: a store could not be read, or a tenant's limit is reached (Mimir says so with 422). */
const OF_THE_STORAGE =
  /^expanding series|err-mimir-max|ingester|store-gateway|too many unhealthy|context canceled|limit/i;

function refusal(
  source: TelemetrySource,
  path: string,
  errorType: string,
  error: string,
  query: string | undefined,
): ObservationError {
  const about = query === undefined ? '' : ` Query: ${query}`;
  const message = `${source.name}: ${path} was refused: ${error}.${about}`;
  const coded = errorType === '' ? {} : { detail: errorType };
  if (errorType === 'bad_data' || (errorType === 'execution' && !OF_THE_STORAGE.test(error)))
    return new ObservationError('misconfigured', message, { ...coded, fix: 'Correct the query in the item.' });
  if (errorType === 'timeout' || errorType === 'canceled') return new ObservationError('timeout', message, coded);
  if (errorType === 'unavailable') return new ObservationError('unreachable', message, coded);
  return new ObservationError('protocol', message, coded);
}

/** A value as Prometheus writes it: `1.5`, `NaN`, `+Inf`, `-Inf`. Throws `protocol` on anything else. */
export function sampleValue(text: unknown): number {
  if (text === 'NaN') return Number.NaN;
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
  if (Number.isNaN(value))
    throw new ObservationError('protocol', `A sample's value is ${plainText(text)}, expected a number.`);
  return value;
}

/** The text of a value that people read: six significant digits. */
export function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(Number(value.toPrecision(6)));
}

const labelsAt = (value: unknown, key: string): LabelSet => {
  const found = at(value, key);
  if (!isRecord(found)) return {};
  return Object.fromEntries(Object.entries(found).map(([name, text]) => [name, plainText(text)]));
};
const pair = (value: unknown): readonly [number, number] => [numberAt(value, 0), sampleValue(at(value, 1))];

/** An instant query, evaluated at the server's own time. A scalar is one sample without labels. */
export async function query(http: HttpClient, source: TelemetrySource, promql: string): Promise<readonly Sample[]> {
  const answer = await data(http, source, '/api/v1/query', { query: promql });
  const type = textAt(answer, '', 'resultType');
  if (type === 'scalar') {
    const [time, value] = pair(at(answer, 'result'));
    return [{ labels: {}, value, at: time }];
  }
  if (type !== 'vector')
    throw new ObservationError(
      'misconfigured',
      `The query gives a ${type}, expected a number for each series. Query: ${promql}`,
      {
        fix: 'Aggregate the range in the query, for example with rate() or max_over_time().',
      },
    );
  return listIn(source, answer, 'result').map((one) => {
    if (at(one, 'value') === undefined)
      throw new ObservationError('misconfigured', `The query gives histograms, expected numbers. Query: ${promql}`);
    const [time, value] = pair(at(one, 'value'));
    return { labels: labelsAt(one, 'metric'), value, at: time };
  });
}

/** A query over a range of time; times are Unix seconds. */
export async function queryRange(
  http: HttpClient,
  source: TelemetrySource,
  promql: string,
  range: { readonly start: number; readonly end: number; readonly step: number },
): Promise<readonly Series[]> {
  const answer = await data(http, source, '/api/v1/query_range', {
    query: promql,
    start: String(range.start),
    end: String(range.end),
    step: String(range.step),
  });
  if (textAt(answer, '', 'resultType') !== 'matrix')
    throw new ObservationError('protocol', `${source.name}: a range query gave no matrix. Query: ${promql}`);
  return listIn(source, answer, 'result').map((one) => ({
    labels: labelsAt(one, 'metric'),
    points: listAt(one, 'values').map(pair),
  }));
}

/** The server's own time, Unix seconds: what freshness is judged by, so that no two clocks are compared. */
export async function serverTime(http: HttpClient, source: TelemetrySource): Promise<number> {
  const [sample] = await query(http, source, 'time()');
  if (!sample) throw new ObservationError('protocol', `${source.name}: time() gave no value.`);
  return sample.value;
}

/** Active targets. */
export async function targets(http: HttpClient, source: TelemetrySource): Promise<readonly Target[]> {
  const answer = await data(http, source, '/api/v1/targets', { state: 'active' });
  return listIn(source, answer, 'activeTargets').map((one) => ({
    labels: labelsAt(one, 'labels'),
    // A scrape may carry a token in its parameters.
    url: textAt(one, '', 'scrapeUrl').replace(/\?.*$/s, ''),
    health: textAt(one, 'unknown', 'health'),
    lastError: textAt(one, '', 'lastError'),
    lastScrape: textAt(one, '', 'lastScrape'),
  }));
}

/** Every alerting and recording rule, without the alerts of each, which may be thousands. */
export async function rules(http: HttpClient, source: TelemetrySource): Promise<readonly AlertRule[]> {
  const answer = await data(http, source, '/api/v1/rules', { exclude_alerts: 'true' });
  return listIn(source, answer, 'groups').flatMap((group) =>
    listAt(group, 'rules').map((rule) => ({
      group: textAt(group, '', 'name'),
      name: textAt(rule, '', 'name'),
      query: textAt(rule, '', 'query'),
      forSeconds: at(rule, 'duration') === undefined ? 0 : numberAt(rule, 'duration'),
      labels: labelsAt(rule, 'labels'),
      annotations: labelsAt(rule, 'annotations'),
      health: textAt(rule, 'unknown', 'health'),
      lastError: textAt(rule, '', 'lastError'),
      lastEvaluation: textAt(rule, '', 'lastEvaluation'),
      ...numberIfAny(rule, 'keepFiringFor', 'keepFiringSeconds'),
      ...numberIfAny(group, 'interval', 'intervalSeconds'),
      ...numberIfAny(group, 'limit', 'limit'),
      kind: textAt(rule, '', 'type') === 'recording' ? ('recording' as const) : ('alerting' as const),
    })),
  );
}

function numberIfAny<const Name extends string>(
  value: unknown,
  key: string,
  name: Name,
): { readonly [N in Name]?: number } {
  const found = at(value, key);
  return (typeof found === 'number' ? { [name]: found } : {}) as { readonly [N in Name]?: number };
}

/** Evaluations that may be missed before what a rule says is of the past. */
const MISSED_EVALUATIONS = 3;
const SHORTEST_STALENESS_S = 60;

/** Seconds since an evaluated rule was evaluated last, at the server's own time, where that is too long ago; else null. */
export function staleSince({ health, lastEvaluation, intervalSeconds = 0 }: AlertRule, time: number): number | null {
  const age = time - Date.parse(lastEvaluation) / 1000;
  if (health !== 'ok' || age <= Math.max(SHORTEST_STALENESS_S, MISSED_EVALUATIONS * intervalSeconds)) return null;
  return age;
}

/** Alerts that are pending or firing now. */
export async function alerts(http: HttpClient, source: TelemetrySource): Promise<readonly ActiveAlert[]> {
  const answer = await data(http, source, '/api/v1/alerts');
  return listIn(source, answer, 'alerts').map((one) => ({
    labels: labelsAt(one, 'labels'),
    annotations: labelsAt(one, 'annotations'),
    state: textAt(one, 'unknown', 'state'),
    activeAt: textAt(one, '', 'activeAt'),
  }));
}

/** Addresses of the Alertmanagers that Prometheus sends to. */
export async function alertmanagers(http: HttpClient, source: TelemetrySource): Promise<readonly string[]> {
  const answer = await data(http, source, '/api/v1/alertmanagers');
  return listIn(source, answer, 'activeAlertmanagers').map((one) => textAt(one, '', 'url'));
}

/** A duration as PromQL writes it: `90s`, `1500ms`. */
export function promDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.round(ms)}ms`;
}

/** Whether labels hold every one of the wanted ones. */
export function hasLabels(labels: LabelSet, wanted: LabelSet): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** A selector of exactly these labels: `{job="api"}`. */
export function selectorOf(labels: LabelSet): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;
}
