import { expect, it } from 'vitest';
import type { HttpRequest } from '../../contract/http.ts';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { alertRules } from './check.ts';

/** A Prometheus with one rule, whose own expression gives as many series as said. */
async function judgedWith(expression: string, series: number, onlyInTrouble: readonly string[] = []) {
  const queries: string[] = [];
  const rule = {
    name: 'HighErrorRate',
    query: expression,
    duration: 300,
    labels: { severity: 'critical' },
    annotations: { runbook_url: 'https://runbooks.test/a' },
    health: 'ok',
    type: 'alerting',
  };
  const vector = Array.from({ length: series }, () => ({ metric: {}, value: [1768478400, '1'] }));
  const request = ({ url }: HttpRequest) => {
    queries.push(new URL(url).searchParams.get('query') ?? '');
    const data = url.includes('/rules')
      ? { groups: [{ name: 'mcp', interval: 15, rules: [rule] }] }
      : { resultType: 'vector', result: vector };
    return Promise.resolve({
      status: 200,
      headers: {},
      body: JSON.stringify({ status: 'success', data }),
      truncated: false,
      ms: 1,
    });
  };
  const { params } = validateParams(alertRules, {
    prometheus: { url: 'http://prometheus.test' },
    required: [{ alert: 'HighErrorRate' }],
    onlyInTrouble,
  }) as { params: object };
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await alertRules.gather(params, { http: { request } } as never, context);
  return { ...alertRules.judge(params, gathered, context), queries };
}

it('a rule that watches nothing is never true, unless it always is', async () => {
  expect(await judgedWith('vector(0) > 1', 0)).toMatchObject({
    outcome: 'fail',
    findings: [{ id: 'noData', data: { selector: 'vector(0) > 1' } }, { id: 'neverFires' }],
  });
  expect(await judgedWith('vector(1)', 1)).toMatchObject({ outcome: 'pass' });
});

it('asks of a metric that exists only in trouble whether its job is scraped', async () => {
  const expression = 'max_over_time(waiting{job="kube-state-metrics",reason="CrashLoopBackOff"}[5m]) >= 1';
  expect(await judgedWith(expression, 0, ['waiting'])).toMatchObject({
    outcome: 'fail',
    findings: [{ data: { selector: 'up{job="kube-state-metrics"}' } }],
  });
  const { outcome, queries } = await judgedWith(expression, 1, ['waiting']);
  expect([outcome, queries.at(-1)]).toEqual(['pass', 'count(up{job="kube-state-metrics"})']);
});
