/** Asks Prometheus what triggers watch, over and over, each as often as it can have changed. */
import { errorText } from '../checks/contract/text.ts';
import type { HttpClient } from '../checks/contract/http.ts';
import { query, valueText } from '../checks/protocols/prometheus.ts';
import type { Reading } from '../checks/cutover/second-source.ts';
import type { TelemetrySource } from '../checks/protocols/telemetry.ts';
import type { Clock } from './clock.ts';

/** What one trigger asks. */
export interface AskedMetric {
  /** The item of the trigger. */
  readonly item: string;
  readonly source: TelemetrySource;
  /** PromQL, its window put in. */
  readonly query: string;
  /** From one answer to the next question. */
  readonly everyMs: number;
}
export interface PrometheusWatch {
  /** The last answer; null while there was none. */
  readonly seen: (item: string) => Reading | null;
  readonly stop: () => void;
}

/** A network time-out: never compressed. */
const TIMEOUT_MS = 5000;

/** `clock.now` is that of the probes. One question waits for no other; none is asked again before it is answered. */
export function watchPrometheus(
  http: HttpClient,
  metrics: readonly AskedMetric[],
  clock: Pick<Clock, 'now' | 'wait'>,
): PrometheusWatch {
  const readings = new Map<string, Reading>();
  const bounded: HttpClient = { request: (request) => http.request({ ...request, timeoutMs: TIMEOUT_MS }) };
  const over = new AbortController();
  const watchOne = async (metric: AskedMetric): Promise<void> => {
    // By Prometheus' own clock: a cache on the way answers with the time it asked itself.
    let evaluatedAt = -Infinity;
    while (!over.signal.aborted) {
      const at = clock.now();
      const answer = await ask(bounded, metric);
      const isNew = answer.evaluatedAt === null || answer.evaluatedAt > evaluatedAt;
      evaluatedAt = answer.evaluatedAt ?? evaluatedAt;
      // What was answered before grows old meanwhile.
      if (isNew) readings.set(metric.item, { at, value: answer.value, why: answer.why });
      await clock.wait(metric.everyMs, over.signal).catch(() => undefined);
    }
  };
  for (const metric of metrics) void watchOne(metric);
  return {
    seen: (item) => readings.get(item) ?? null,
    stop: () => over.abort(),
  };
}

interface Answer extends Pick<Reading, 'value' | 'why'> {
  /** Unix seconds; null without an answer. */
  readonly evaluatedAt: number | null;
}

async function ask(http: HttpClient, { source, query: promql }: AskedMetric): Promise<Answer> {
  try {
    const samples = await query(http, source, promql);
    const [one] = samples;
    const none = (why: string): Answer => ({ value: null, why, evaluatedAt: one?.at ?? null });
    if (!one) return none('the query gives no series');
    if (samples.length > 1) return none(`the query gives ${samples.length} series, expected one number`);
    if (!Number.isFinite(one.value)) return none(`the query gives ${valueText(one.value)}`);
    return { value: one.value, why: null, evaluatedAt: one.at };
  } catch (error) {
    return { value: null, why: errorText(error), evaluatedAt: null };
  }
}
