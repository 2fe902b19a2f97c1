/** A thin client of Loki's HTTP API: counts of lines by LogQL, and a few lines to show. */
import type { HttpClient } from '../contract/http.ts';
import type { SecretRef } from '../contract/secrets.ts';
import { ObservationError } from '../kit/kind.ts';
import { shortened } from '../kit/evidence.ts';
import { at, isRecord, listAt, plainText, textAt } from '../contract/json.ts';
import { promDuration, refusePartial, sampleValue, type LabelSet } from './prometheus.ts';
import { ask, askJson, sourceOf, unlessDown, type Endpoint, type TelemetrySource } from './telemetry.ts';

export interface LokiSource extends TelemetrySource {
  readonly tenant?: string;
}
export interface LineCount {
  readonly labels: LabelSet;
  readonly lines: number;
}

export const lokiOf = (params: {
  readonly logs: Endpoint;
  readonly logsToken?: SecretRef | undefined;
  readonly tenant?: string | undefined;
}): LokiSource => ({
  ...sourceOf('Loki', params.logs, params.logsToken),
  ...(params.tenant === undefined ? {} : { tenant: params.tenant }),
});

const headers = ({ tenant }: LokiSource) => (tenant === undefined ? {} : { headers: { 'x-scope-orgid': tenant } });

/** Why Loki is not ready, or null. A gateway in front may not serve /ready (404): then its queries tell. */
export async function notReady(http: HttpClient, source: LokiSource): Promise<string | null> {
  const answer = await unlessDown(ask(http, source, '/ready', headers(source)));
  if (!answer.up) return answer.why;
  return answer.value.status === 503 ? `is not ready: ${shortened(answer.value.body.trim(), 100)}` : null;
}

/** An instant query that counts lines, at Loki's own time. No series means that there was no line. */
export async function countLines(http: HttpClient, source: LokiSource, logql: string): Promise<readonly LineCount[]> {
  const { json } = await asked(
    http,
    source,
    `/loki/api/v1/query?${new URLSearchParams({ query: logql }).toString()}`,
    logql,
  );
  refusePartial(source, json, logql);
  if (textAt(json, '', 'data', 'resultType') !== 'vector')
    throw new ObservationError('misconfigured', `Loki gives no numbers for the query. Query: ${logql}`, {
      fix: 'Correct the selector in the item.',
    });
  return listAt(json, 'data', 'result').map((one) => {
    const labels = at(one, 'metric');
    return {
      labels: isRecord(labels) ? Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, plainText(v)])) : {},
      lines: sampleValue(at(one, 'value', 1)),
    };
  });
}

/** Between two times, milliseconds since 1970; the end is not part of it. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly line: string;
}

/** The newest lines of a query, at most `limit`, between two times. */
export async function newestLines(
  http: HttpClient,
  source: LokiSource,
  logql: string,
  { limit, ...stretch }: Stretch & { readonly limit: number },
): Promise<readonly string[]> {
  return (await linesIn(http, source, logql, stretch, limit)).map(({ line }) => line);
}

async function linesIn(
  http: HttpClient,
  source: LokiSource,
  logql: string,
  { fromMs, toMs }: Stretch,
  limit: number,
): Promise<readonly LogLine[]> {
  const params = new URLSearchParams({
    query: logql,
    start: `${Math.floor(fromMs)}000000`,
    end: `${Math.ceil(toMs)}000000`,
    limit: String(limit),
    direction: 'backward',
  });
  const { json } = await asked(http, source, `/loki/api/v1/query_range?${params.toString()}`, logql);
  return listAt(json, 'data', 'result')
    .flatMap((stream) =>
      listAt(stream, 'values').map((value) => ({
        at: Number(plainText(at(value, 0))) / NS_PER_MS,
        line: plainText(at(value, 1)),
      })),
    )
    .slice(0, limit);
}
const NS_PER_MS = 1_000_000;

/** Lines asked for at once, below what Loki gives at most by default (5000). */
const PAGE = 2000;
/** Of one stretch: beyond this somebody writes more than anybody reads. */
const MOST_PAGES = 64;

/**
 * All lines of a query. Where one answer is full its stretch is halved: Loki has no pages, and to go on from a line's time loses those that
 * share it. `isWhole` is false where lines are left that were not read.
 */
export async function linesBetween(
  http: HttpClient,
  source: LokiSource,
  logql: string,
  stretch: Stretch,
): Promise<{ readonly lines: readonly LogLine[]; readonly isWhole: boolean }> {
  const lines: LogLine[] = [];
  const left: Stretch[] = [stretch];
  let isWhole = true;
  for (let page = 0; left.length > 0; page += 1) {
    const one = left.pop();
    if (one === undefined) break;
    const found = await linesIn(http, source, logql, one, PAGE);
    const half = Math.floor((one.fromMs + one.toMs) / 2);
    const isFull = found.length >= PAGE;
    if (isFull && half > one.fromMs && page < MOST_PAGES)
      left.push({ fromMs: one.fromMs, toMs: half }, { fromMs: half, toMs: one.toMs });
    else {
      isWhole &&= !isFull;
      lines.push(...found);
    }
  }
  return { lines, isWhole };
}

/** How many lines each step of a stretch has, in order; 0 where Loki has none. The selector names streams, with or without filters. */
export async function linesPerStep(
  http: HttpClient,
  source: LokiSource,
  selector: string,
  { fromMs, toMs, stepMs }: Stretch & { readonly stepMs: number },
): Promise<readonly number[]> {
  const logql = `sum(count_over_time(${selector} [${promDuration(stepMs)}]))`;
  const params = new URLSearchParams({
    query: logql,
    // Each value counts the step that ends there.
    start: String((fromMs + stepMs) / 1000),
    end: String(toMs / 1000),
    step: String(stepMs / 1000),
  });
  const { json } = await asked(http, source, `/loki/api/v1/query_range?${params.toString()}`, logql);
  refusePartial(source, json, logql);
  const counts = Array.from({ length: Math.floor((toMs - fromMs) / stepMs) }, () => 0);
  for (const value of listAt(json, 'data', 'result').flatMap((series) => listAt(series, 'values'))) {
    const step = Math.round((Number(plainText(at(value, 0))) * 1000 - fromMs) / stepMs) - 1;
    if (step in counts) counts[step] = (counts[step] ?? 0) + sampleValue(at(value, 1));
  }
  return counts;
}

async function asked(
  http: HttpClient,
  source: LokiSource,
  path: string,
  logql: string,
): Promise<{ readonly json: unknown }> {
  const answer = await ask(http, source, path, headers(source));
  // Loki refuses a query with a sentence, not with JSON.
  if (answer.status === 400)
    throw new ObservationError(
      'misconfigured',
      `Loki refuses the query: ${shortened(answer.body.trim(), 200)}. Query: ${logql}`,
      {
        fix: 'Correct the selector or filter in the item.',
      },
    );
  return await askJson({ request: () => Promise.resolve(answer) }, source, path);
}
