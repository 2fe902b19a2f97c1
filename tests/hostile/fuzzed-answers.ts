/** Answers of other systems that are not what their APIs promise, for fuzzing. */
import { expect } from 'vitest';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { DigestReader, HttpClient } from '../../checks/contract/http.ts';
import { alerts, query, queryRange, rules, targets } from '../../checks/protocols/prometheus.ts';
import { heldAlerts, routesOf, silences } from '../../checks/protocols/alertmanager.ts';
import { dashboard, dataSources } from '../../checks/protocols/grafana.ts';
import { countLines, newestLines } from '../../checks/protocols/loki.ts';
import { lookUp } from '../../checks/protocols/oci-manifests.ts';
import { registrySession } from '../../checks/protocols/oci.ts';
import { selectorsOf } from '../../checks/protocols/promql.ts';
import { mutatedJson, mutatedText, randomOf, type Target } from './mutations.ts';

const source = { name: 'Prometheus', url: 'http://127.0.0.1:1' };
const labels = { __name__: 'up', job: 'a', severity: 'critical' };
const ANSWERS: Readonly<
  Record<string, { readonly base: unknown; readonly ask: (http: HttpClient & DigestReader) => Promise<unknown> }>
> = {
  'an instant query': {
    base: { status: 'success', data: { resultType: 'vector', result: [{ metric: labels, value: [1, '2'] }] } },
    ask: (http) => query(http, source, 'up'),
  },
  'a range query': {
    base: {
      status: 'success',
      data: {
        resultType: 'matrix',
        result: [
          {
            metric: labels,
            values: [
              [1, '2'],
              [2, '3'],
            ],
          },
        ],
      },
    },
    ask: (http) => queryRange(http, source, 'up', { start: 0, end: 2, step: 1 }),
  },
  targets: {
    base: {
      status: 'success',
      data: {
        activeTargets: [
          { labels, scrapeUrl: 'http://a', health: 'up', lastError: '', lastScrape: '2026-01-01T00:00:00Z' },
        ],
        droppedTargetCounts: { a: 1 },
      },
    },
    ask: (http) => targets(http, source),
  },
  rules: {
    base: {
      status: 'success',
      data: {
        groups: [
          {
            name: 'g',
            interval: 30,
            file: 'f',
            rules: [
              {
                type: 'alerting',
                name: 'A',
                query: 'up == 0',
                duration: 60,
                labels,
                annotations: {},
                health: 'ok',
                lastEvaluation: '2026-01-01T00:00:00Z',
                alerts: [],
              },
            ],
          },
        ],
      },
    },
    ask: (http) => rules(http, source),
  },
  alerts: {
    base: {
      status: 'success',
      data: { alerts: [{ labels, annotations: {}, state: 'firing', activeAt: '2026-01-01T00:00:00Z', value: '1' }] },
    },
    ask: (http) => alerts(http, source),
  },
  silences: {
    base: [
      {
        id: 'a',
        status: { state: 'active' },
        matchers: [{ name: 'a', value: 'b', isRegex: false, isEqual: true }],
        endsAt: '2026-01-01T00:00:00Z',
        createdBy: 'x',
        comment: 'y',
      },
    ],
    ask: (http) => silences(http, source),
  },
  'held alerts': {
    base: [{ labels, status: { state: 'suppressed', silencedBy: ['a'], inhibitedBy: [] }, receivers: [{ name: 'r' }] }],
    ask: (http) => heldAlerts(http, source),
  },
  'data sources': {
    base: [{ uid: 'a', name: 'b', type: 'prometheus', isDefault: true }],
    ask: (http) => dataSources(http, source),
  },
  'a dashboard': {
    base: {
      dashboard: {
        title: 'T',
        panels: [{ id: 1, title: 'P', type: 'timeseries', targets: [{ refId: 'A', expr: 'up' }], panels: [{ id: 2 }] }],
        templating: { list: [{ name: 'v', current: { value: ['a'] }, includeAll: true, query: 'q' }] },
      },
      meta: { version: 1 },
    },
    ask: (http) => dashboard(http, source, 'a'),
  },
  'counted lines': {
    base: { status: 'success', data: { resultType: 'vector', result: [{ metric: labels, value: [1, '2'] }] } },
    ask: (http) => countLines(http, source, '{a="b"}'),
  },
  lines: {
    base: {
      status: 'success',
      data: { resultType: 'streams', result: [{ stream: labels, values: [['1700000000000000000', 'a line']] }] },
    },
    ask: (http) => newestLines(http, source, '{a="b"}', { fromMs: 0, toMs: 1, limit: 10 }),
  },
  'a manifest': {
    base: {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { digest: `sha256:${'a'.repeat(64)}`, size: 1, mediaType: 'x' },
      layers: [{ digest: `sha256:${'b'.repeat(64)}`, size: 2, mediaType: 'y' }],
      manifests: [],
    },
    ask: (http) => lookUp(registrySession(http, { url: 'http://127.0.0.1:1' }), 'a/b', 'v1'),
  },
};

/** An answer that is not what its API promises: a refusal in words, or a value, never a defect. */
export const answerTargets: Readonly<Record<string, Target>> = {
  ...Object.fromEntries(
    Object.entries(ANSWERS).map(([name, { base, ask }]): [string, Target] => [
      name,
      async (seed) => {
        const random = randomOf(seed);
        const json = JSON.stringify(mutatedJson(base, random));
        const body = random.below(5) === 0 ? mutatedText(json, random) : json;
        const status = random.below(8) === 0 ? random.pick([204, 302, 401, 403, 404, 429, 500, 503]) : 200;
        const type = random.pick(['application/json', 'text/html', '']);
        const answer = { status, headers: { 'content-type': type }, body, truncated: random.below(30) === 0, ms: 1 };
        const http: HttpClient & DigestReader = {
          request: () => Promise.resolve(answer),
          digest: () => Promise.reject(new ObservationError('timeout', 'no byte of it came')),
        };
        try {
          await ask(http);
        } catch (error) {
          if (!(error instanceof ObservationError))
            throw new Error(`seed ${seed} of ${name}: ${body}`, { cause: error });
          expect(error.message).not.toMatch(/TypeError|\[object |^\s+at /m);
        }
      },
    ]),
  ),
  'a query’s text': (seed) => {
    selectorsOf(
      mutatedText(
        'sum by (job) (rate(http_requests_total{job=~"a|b",code!="200"}[5m] offset 1h)) > bool 1',
        randomOf(seed),
      ),
    );
    return Promise.resolve();
  },
  'a configuration of Alertmanager': (seed) => {
    const config = {
      route: {
        receiver: 'a',
        matchers: ['severity="critical"'],
        match: { a: 'b' },
        match_re: { c: 'd.*' },
        routes: [{ receiver: 'b', continue: true }],
      },
      receivers: [{ name: 'a', webhook_configs: [{ url: 'x' }] }],
    };
    routesOf(mutatedJson(config, randomOf(seed)), labels);
    return Promise.resolve();
  },
};
