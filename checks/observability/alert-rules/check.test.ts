import { expect, it } from 'vitest';
import type { HttpRequest } from '../../contract/http.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { alertRules } from './check.ts';

/** A Prometheus with one rule, whose own expression gives as many series as said. */
async function judgedWith(expression: string, series: number) {
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
  const params = {
    prometheus: { url: 'http://prometheus.test' },
    required: [{ alert: 'HighErrorRate', labels: {}, severities: ['critical'] }],
    severityLabel: 'severity',
    runbookAnnotation: 'runbook_url',
    onlyInTrouble: [],
  };
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await alertRules.gather(params, { http: { request } } as never, context);
  return alertRules.judge(params, gathered, context);
}

it('a rule that watches nothing is never true, unless it always is', async () => {
  expect(await judgedWith('vector(0) > 1', 0)).toMatchObject({
    outcome: 'fail',
    findings: [{ message: 'noData', data: { selector: 'vector(0) > 1' } }],
  });
  expect(await judgedWith('vector(1)', 1)).toMatchObject({ outcome: 'pass' });
});
