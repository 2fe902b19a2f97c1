/** What monitoring of a large or careless platform answers, and what the kinds make of it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dashboardQueries } from '../../checks/observability/dashboard-queries/check.ts';
import { alertRules } from '../../checks/observability/alert-rules/check.ts';
import { prometheusTargets } from '../../checks/observability/prometheus-targets/check.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { testContext } from '../../checks/kit/testing/cases.ts';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { secretResolver } from '../../fixtures/capabilities/secret-values.ts';
import { listenHttp, type TestServer } from '../harness/servers.ts';

const NOW = '2026-01-15T12:00:00Z';
const SECOND = Date.parse(NOW) / 1000;
const TARGETS = 2000;

/** What Prometheus answers, by path; a test puts its own in. */
let answers: Record<string, object> = {};
let byQuery: (query: string) => object | undefined = () => undefined;
const queries: string[] = [];
let server: TestServer;
afterEach(() => {
  byQuery = () => undefined;
  queries.length = 0;
});
beforeAll(async () => {
  server = await listenHttp((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://prometheus.test');
    if (pathname === '/-/ready') return void response.end('ready');
    const asked = searchParams.get('query') ?? '';
    if (asked !== '') queries.push(asked);
    response.end(
      JSON.stringify({ status: 'success', ...((asked === '' ? undefined : byQuery(asked)) ?? answers[pathname]) }),
    );
  });
});
afterAll(() => server.close());

const vector = (...values: readonly number[]) => ({
  data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [SECOND, String(value)] })) },
});

async function judged(kind: CheckKind, given: object) {
  const redactor = createRedactor();
  const resolveSecret = secretResolver(redactor, () => Promise.resolve(null));
  const http = httpClient({ signal: new AbortController().signal, redactor, resolveSecret });
  const { params } = validateParams(kind, { prometheus: { url: server.url }, ...given }) as { params: object };
  const context = testContext(NOW);
  return kind.judge(params, await kind.gather(params, { http } as never, context), context);
}

describe('a platform with 2,000 targets', () => {
  const labels = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`__meta_kubernetes_pod_label_${index}`, 'x'.repeat(40)]),
  );
  const targets = (health: string) => ({
    data: {
      activeTargets: Array.from({ length: TARGETS }, (_, index) => ({
        discoveredLabels: labels,
        labels: { job: index === TARGETS - 1 ? 'api' : 'other' },
        scrapeUrl: `http://10.0.0.1:${index}/metrics`,
        health: index === TARGETS - 1 ? health : 'up',
        lastError: '',
        lastScrape: NOW,
      })),
    },
  });
  const rules = {
    data: { groups: [{ name: 'a', interval: 15, rules: [{ name: 'A', health: 'ok', lastEvaluation: NOW }] }] },
  };
  const item = { services: [{ labels: { job: 'api' } }] };
  const asked = (health: string) => {
    answers = { '/api/v1/query': vector(SECOND), '/api/v1/targets': targets(health), '/api/v1/rules': rules };
    return judged(prometheusTargets, item);
  };

  it('is judged whole, also its last target', async () => {
    expect(JSON.stringify(targets('up')).length).toBeGreaterThan(5 * 1024 * 1024);
    expect(await asked('up')).toMatchObject({ outcome: 'pass' });
    expect(await asked('down')).toMatchObject({ outcome: 'fail', findings: [{ id: 'tooFewTargets' }] });
  });
});

describe('answers that are not whole', () => {
  const whole = { '/api/v1/query': vector(SECOND), '/api/v1/targets': { data: { activeTargets: [] } } };
  const group = { name: 'a', interval: 15, rules: [{ name: 'A', health: 'ok', lastEvaluation: NOW }] };
  it.each([
    ['a warning', { data: { groups: [group] }, warnings: ['store 10.0.0.1 is away'] }, 'partial'],
    ['a storage node that is away', { data: { groups: [group] }, isPartial: true }, 'partial'],
    ['a page of several', { data: { groups: [group], groupNextToken: 'x' } }, 'partial'],
    ['another program', { data: {} }, 'no-list'],
  ])('%s is no answer', async (_, rules, detail) => {
    answers = { ...whole, '/api/v1/rules': rules };
    const looking = judged(prometheusTargets, { services: [{ labels: { job: 'api' } }] });
    await expect(looking).rejects.toMatchObject({ code: 'protocol', detail });
  });
});

describe('an alert that cannot tell anybody', () => {
  const RATIO =
    'sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))';
  const rule = {
    name: 'HighErrorRate',
    type: 'alerting',
    query: `${RATIO} > 0.05`,
    duration: 300,
    labels: { severity: 'critical' },
    annotations: { runbook_url: 'https://runbooks.test/a' },
    health: 'ok',
    lastEvaluation: NOW,
  };
  const group = { name: 'mcp', interval: 15, limit: 0 };
  const loaded = (over: object, ofGroup: object = {}) => {
    const recorded = { name: 'job:errors:ratio', type: 'recording', query: RATIO, health: 'ok', lastEvaluation: NOW };
    answers = {
      '/api/v1/query': vector(3),
      '/api/v1/rules': { data: { groups: [{ ...group, ...ofGroup, rules: [recorded, { ...rule, ...over }] }] } },
    };
    return judged(alertRules, { required: [{ alert: 'HighErrorRate', firesAt: 0.1, quietAt: 0.01 }] });
  };

  it.each([
    [{}, {}],
    [{ query: 'job:errors:ratio > 0.05' }, {}],
    [{ query: `${RATIO} > 0.05 and sum by (job) (rate(http_requests_total[5m])) > 1` }, { limit: 50 }],
    [{ query: '0.05 < job:errors:ratio', keepFiringFor: 300 }, { interval: 60 }],
  ])('is none of these: %j %j', async (over, ofGroup) => {
    expect(await loaded(over, ofGroup)).toMatchObject({ outcome: 'pass' });
  });

  it('is one that waits for answers later than every bucket', async () => {
    const buckets = ['0.5', '10', '+Inf'].map((le) => ({ metric: { le }, value: [SECOND, '1'] }));
    byQuery = (query) =>
      query.startsWith('count by (le)') ? { data: { resultType: 'vector', result: buckets } } : undefined;
    const query = 'histogram_quantile(0.95, sum by (le) (rate(d_bucket{status=~"2.."}[5m]))) > 500';
    expect(await loaded({ query })).toMatchObject({ outcome: 'fail', findings: [{ id: 'neverFires' }] });
    expect(queries).toContain('count by (le) (d_bucket{status!=""})');
  });

  it.each([
    ['sluggish', { duration: 8760 * 3600 }, {}],
    ['neverFires', { query: `${RATIO} > 5` }, {}],
    ['neverFires', { query: '100 * job:errors:ratio > 500' }, {}],
    ['neverFires', { query: 'job:errors:ratio < 0' }, {}],
    ['neverFires', { query: 'job:errors:ratio > 0.05 unless job:errors:ratio' }, {}],
    ['neverFires', { query: 'job:errors:ratio > 0.05 and on () vector(0) > 0' }, {}],
    ['neverFires', { query: 'job:errors:ratio > 0.05 unless on () vector(1)' }, {}],
    ['silentAt', { query: 'job:errors:ratio > 0.5' }, {}],
    ['silentAt', { query: 'job:errors:ratio * 1 == 1' }, {}],
    ['firesAlready', { query: 'job:errors:ratio < 0.05' }, {}],
    ['firesAlready', { query: 'job:errors:ratio >= 0' }, {}],
    ['sticky', { keepFiringFor: 30 * 86_400 }, {}],
    ['seldom', {}, { interval: 86_400 }],
    ['limited', {}, { limit: 1 }],
    ['noRunbook', { annotations: { runbook_url: 'TODO' } }, {}],
    ['noRunbook', { annotations: {} }, {}],
    ['severity', { labels: {} }, {}],
  ])('%s: %j %j', async (id, over, ofGroup) => {
    const { outcome, findings } = await loaded(over, ofGroup);
    expect([outcome, findings.map((finding) => finding.id)]).toEqual(['fail', expect.arrayContaining([id])]);
  });
});

describe('a dashboard that is green whatever happens', () => {
  const RED = {
    mode: 'absolute',
    steps: [
      { color: 'green', value: null },
      { color: 'rgba(139, 0, 0, 0.9)', value: 2 },
    ],
  };
  const panel = (expr: string, over: object = {}) => ({
    type: 'stat',
    title: 'Orders',
    datasource: { type: 'prometheus', uid: 'p' },
    targets: [{ refId: 'A', expr }],
    ...over,
  });
  const shown = async (panels: readonly object[], given: object = {}, templating: object = {}, more: object = {}) => {
    answers = {
      ...more,
      '/api/dashboards/uid/shop': { dashboard: { title: 'Shop', panels, templating } },
      '/api/v1/query': vector(1),
    };
    const grafana = { url: server.url };
    return await judged(dashboardQueries, { grafana, dashboards: ['shop'], ...given });
  };
  const nothingBehind = (query: string) => (query.startsWith('count(orders') ? { data: vector().data } : undefined);

  it.each([
    'sum(rate(orders_totl{status=~"2.."}[5m])) or vector(0)',
    'sum(rate(orders_totl[5m])) or on () vector(0)',
    'vector(0) or sum(orders_totl)',
    'orders_totl or absent(orders_totl)',
    '(sum(orders_totl) or vector(0)) / (sum(orders_totl) or vector(1))',
  ])('with a constant in place of a renamed metric fails: %s', async (expr) => {
    byQuery = nothingBehind;
    expect(await shown([panel(expr)])).toMatchObject({ outcome: 'fail', findings: [{ id: 'constant' }] });
  });
  it('with a constant beside a metric that exists is judged by its value', async () => {
    expect(await shown([panel('sum(rate(orders_total[5m])) or vector(0)')])).toMatchObject({ outcome: 'pass' });
    expect(queries).toContain('count(orders_total)');
  });
  it('is asked for a panel that can show red, where the item wants one', async () => {
    const given = { canTurnRed: true };
    expect(await shown([panel('orders')], given)).toMatchObject({ outcome: 'fail', findings: [{ id: 'neverRed' }] });
    const coloured = panel('orders', { fieldConfig: { defaults: { thresholds: RED } } });
    expect(await shown([coloured], given)).toMatchObject({ outcome: 'pass' });
  });
  it('is seen in dark red, and by the colour of a mapped value', async () => {
    byQuery = () => vector(3);
    const defaults = { mappings: [{ type: 'value', options: { 3: { text: 'DOWN', color: '#890f02' } } }] };
    for (const fieldConfig of [{ defaults: { thresholds: RED } }, { defaults }])
      expect(await shown([panel('orders', { fieldConfig })])).toMatchObject({ findings: [{ id: 'red' }] });
  });
  it('is asked for what its panels take from the library', async () => {
    const panels = [{ title: 'Shared', libraryPanel: { uid: 'x', name: 'Orders' } }];
    byQuery = () => ({ data: vector().data });
    expect(await shown(panels)).toMatchObject({ outcome: 'inconclusive' });
    const library = { result: { model: panel('orders_totl') } };
    expect(await shown(panels, {}, {}, { '/api/library-elements/x': library })).toMatchObject({
      outcome: 'fail',
      findings: [{ id: 'noData', subject: { name: 'Panel Shop › Shared' } }],
    });
  });
  it('is asked once for each value that repeats a panel', async () => {
    byQuery = (query) => (query === 'orders{shop="b"}' ? { data: vector().data } : undefined);
    const repeated = panel('orders{shop="$shop"}', { repeat: 'shop' });
    const templating = { list: [{ name: 'shop', type: 'custom', query: 'a,b', current: { value: ['a', 'b'] } }] };
    expect(await shown([repeated], {}, templating)).toMatchObject({ outcome: 'fail', findings: [{ id: 'noData' }] });
    expect(queries).toEqual(expect.arrayContaining(['orders{shop="a"}', 'orders{shop="b"}']));
  });
});
