/** A thin client of Loki's HTTP API: counts of lines by LogQL, and a few lines to show. */
import type { HttpClient } from '../contract/http.ts';
import type { SecretRef } from '../contract/secrets.ts';
import { ObservationError } from '../kit/kind.ts';
import { shortened } from '../kit/evidence.ts';
import { at, isRecord, listAt, plainText, textAt } from '../contract/json.ts';
import { refusePartial, sampleValue, type LabelSet } from './prometheus.ts';
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

/** The newest lines of a query, at most `limit`, between two times (milliseconds since 1970). */
export async function newestLines(
  http: HttpClient,
  source: LokiSource,
  logql: string,
  { fromMs, toMs, limit }: { readonly fromMs: number; readonly toMs: number; readonly limit: number },
): Promise<readonly string[]> {
  const params = new URLSearchParams({
    query: logql,
    start: `${Math.floor(fromMs)}000000`,
    end: `${Math.ceil(toMs)}000000`,
    limit: String(limit),
    direction: 'backward',
  });
  const { json } = await asked(http, source, `/loki/api/v1/query_range?${params.toString()}`, logql);
  return listAt(json, 'data', 'result')
    .flatMap((stream) => listAt(stream, 'values').map((value) => plainText(at(value, 1))))
    .slice(0, limit);
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
