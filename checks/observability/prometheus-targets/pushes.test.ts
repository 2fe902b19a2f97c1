import { expect, it } from 'vitest';
import type { HttpRequest } from '../../contract/http.ts';
import { pushesOf } from './pushes.ts';

it('joins the times of a group, and keeps one of which only a refusal is told', async () => {
  const series: Readonly<Record<string, readonly unknown[]>> = {
    push_time_seconds: [
      { metric: { __name__: 'push_time_seconds', instance: '', job: 'db-backup' }, value: [1796029200, '1795251600'] },
    ],
    push_failure_time_seconds: [
      {
        metric: { __name__: 'push_failure_time_seconds', instance: '', job: 'db-backup' },
        value: [1796029200, '1796004000'],
      },
      {
        metric: { __name__: 'push_failure_time_seconds', instance: 'b', job: 'db-backup' },
        value: [1796029200, '1796004000'],
      },
    ],
  };
  const asked: string[] = [];
  const request = ({ url }: HttpRequest) => {
    const promql = new URL(url).searchParams.get('query') ?? '';
    asked.push(promql);
    const result = series[promql.replace(/\{.*/, '')] ?? [];
    return Promise.resolve({
      status: 200,
      headers: {},
      body: JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }),
      truncated: false,
      ms: 1,
    });
  };
  const found = await pushesOf({ request }, { name: 'Prometheus', url: 'http://prometheus.test' }, [
    { labels: { job: 'db-backup' }, maxAge: '26h' },
  ]);
  expect(found).toEqual([
    [
      { group: '{instance="", job="db-backup"}', accepted: 1795251600, refused: 1796004000 },
      { group: '{instance="b", job="db-backup"}', accepted: null, refused: 1796004000 },
    ],
  ]);
  expect(asked).toEqual(['push_time_seconds{job="db-backup"}', 'push_failure_time_seconds{job="db-backup"}']);
});
