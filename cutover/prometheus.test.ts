import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { HttpAnswer, HttpClient } from '../checks/contract/http.ts';
import { secondSourceOf } from '../checks/cutover/second-source.ts';
import { httpClient } from '../fixtures/capabilities/http.ts';
import { createRedactor } from '../fixtures/capabilities/redactor.ts';
import { realClock, type Clock } from './clock.ts';
import { VirtualClock } from './testing/virtual-clock.ts';
import { monitoredServices } from '../rehearsal/monitoring/testing.ts';
import { watchPrometheus, type PrometheusWatch } from './prometheus.ts';

const watches: PrometheusWatch[] = [];
let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});
afterEach(() => {
  for (const one of watches.splice(0)) one.stop();
});
const EVERY_MS = 20;
const SOURCE = { name: 'Prometheus', url: 'http://127.0.0.1:9' };

function watch(http: HttpClient, over: object = {}, by: Clock = clock): PrometheusWatch {
  const metric = { item: 'TRI', source: SOURCE, query: 'up', everyMs: EVERY_MS, ...over };
  const made = watchPrometheus(http, [metric], by);
  watches.push(made);
  return made;
}

type Sample = readonly [seconds: number, value: string];
/** Answers with these vectors, one after the other; the last one again and again. */
function answering(...vectors: readonly (readonly Sample[] | ObservationError)[]): HttpClient & { asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    request: () => {
      const vector = vectors[Math.min(asked, vectors.length - 1)] ?? [];
      asked += 1;
      if (vector instanceof ObservationError) return Promise.reject(vector);
      const result = vector.map((value) => ({ metric: {}, value }));
      const body = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
      return Promise.resolve({ status: 200, headers: {}, body, truncated: false, ms: 1 } satisfies HttpAnswer);
    },
  };
}

describe('what Prometheus said last', () => {
  const settled = async (http: HttpClient) => {
    const one = watch(http);
    await clock.wait(1);
    return one.seen('TRI');
  };
  it('is its number, with the time it was asked', async () => {
    await clock.wait(7);
    const one = watch(answering([[100, '0.25']]));
    expect(one.seen('TRI')).toBeNull();
    await clock.wait(1);
    expect(one.seen('TRI')).toEqual({ at: 7, value: 0.25, why: null });
    expect(one.seen('OTHER')).toBeNull();
  });
  it('is none without a series, with several, or without a number', async () => {
    expect(await settled(answering([]))).toMatchObject({ value: null, why: 'the query gives no series' });
    const two: Sample = [100, '1'];
    expect(await settled(answering([two, two]))).toMatchObject({
      value: null,
      why: 'the query gives 2 series, expected one number',
    });
    expect(await settled(answering([[100, 'NaN']]))).toMatchObject({ value: null, why: 'the query gives NaN' });
    expect(await settled(answering([[100, '+Inf']]))).toMatchObject({ value: null, why: 'the query gives +Inf' });
  });
  it('is none when it cannot be asked, and a number again when it can', async () => {
    const away = new ObservationError('unreachable', 'connection refused');
    const one = watch(answering([[100, '1']], away, [[104, '2']]));
    await clock.wait(EVERY_MS + 1);
    expect(one.seen('TRI')).toEqual({ at: EVERY_MS, value: null, why: 'connection refused' });
    await clock.wait(EVERY_MS);
    expect(one.seen('TRI')).toEqual({ at: 2 * EVERY_MS, value: 2, why: null });
  });
  it('grows old where a cache gives the same answer again', async () => {
    const http = answering([[100, '1']]);
    const one = watch(http);
    await clock.wait(1);
    const first = one.seen('TRI');
    await clock.wait(3 * EVERY_MS);
    expect(http.asked()).toBe(4);
    expect(one.seen('TRI')).toEqual(first);
  });
  it('is asked one question at a time, and none after its end', async () => {
    let open = 0;
    let most = 0;
    let asked = 0;
    const one = watch({
      request: async () => {
        [open, asked] = [open + 1, asked + 1];
        most = Math.max(most, open);
        await clock.wait(3 * EVERY_MS);
        open -= 1;
        throw new ObservationError('timeout', 'no answer');
      },
    });
    await clock.wait(9 * EVERY_MS);
    expect([asked, most]).toEqual([3, 1]);
    one.stop();
    await clock.wait(9 * EVERY_MS);
    expect(asked).toBe(3);
  });
});

describe('a real Prometheus', () => {
  let platform: Awaited<ReturnType<typeof monitoredServices>>;
  beforeAll(async () => {
    platform = await monitoredServices();
  });
  afterAll(() => platform.close());

  it('is asked over the declared window, and never over fewer than four scrapes', { timeout: 60_000 }, async () => {
    const over = new AbortController();
    const resolveSecret = () => Promise.reject(new Error('no secrets here'));
    const http = httpClient({ signal: over.signal, redactor: createRedactor(), resolveSecret });
    const source = { name: 'Prometheus', url: platform.monitoring.prometheus.url };
    const ask = (promql: string, windowMs: number): PrometheusWatch => {
      const { query } = secondSourceOf({ query: promql, tolerance: 0 }, windowMs, 1000);
      return watch(http, { source, query, everyMs: 250 }, realClock);
    };
    const scrapes = 'sum(count_over_time(http_requests_total{job="mcp-typescript-api"}[${window}]))';
    // A scrape a second: as many samples as the window has seconds, but for one that comes late.
    const [short, long] = [ask(scrapes, 500), ask(scrapes, 9000)];
    const within = (low: number, high: number) => (value: number | null | undefined) =>
      value !== null && value !== undefined && value >= low && value <= high;
    await expect.poll(() => short.seen('TRI')?.value, { timeout: 30_000 }).toSatisfy(within(3, 5));
    await expect.poll(() => long.seen('TRI')?.value, { timeout: 30_000 }).toSatisfy(within(8, 10));
    const rate = ask('sum(rate(http_requests_total{job="mcp-typescript-api"}[${window}]))', 1000);
    await expect.poll(() => rate.seen('TRI')?.value, { timeout: 30_000 }).toSatisfy(within(20, 500));
    over.abort();
  });
});
