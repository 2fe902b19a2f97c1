import { expect, it } from 'vitest';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { serviceToService } from './check.ts';

const pod = (name: string, over: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: 'api' }, ...over },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: name === 'unready' ? 'False' : 'True' }] },
});

it('calls from a pod of the Deployment that is ready and stays, by name and port of the Service', async () => {
  const validated = validateParams(serviceToService, {
    namespace: 'shop',
    calls: [{ from: 'api', container: 'api', to: { name: 'learning', namespace: 'ml', port: 8001 }, path: '/ready' }],
  });
  const { params } = validated as { params: object };
  const items = [
    pod('unready'),
    pod('leaving', { deletionTimestamp: '2026-01-15T11:59:00Z' }),
    pod('other', { labels: { app: 'other' } }),
    pod('good'),
  ];
  const deployment = {
    metadata: { name: 'api', namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'api' } } },
  };
  const list = ({ kind }: { kind: string }) =>
    Promise.resolve({ items: kind === 'Pod' ? items : [deployment], resourceVersion: '1', readAt: '' });
  const runs: unknown[] = [];
  const run = (...args: unknown[]) => {
    runs.push(args);
    return Promise.resolve({ exitCode: 0, stdout: '<a>moved</a>\n\n302', stderr: '', ms: 1 });
  };
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await serviceToService.gather(params, { cluster: { list }, exec: { run } } as never, context);
  expect(runs).toEqual([
    [
      { namespace: 'shop', pod: 'good', container: 'api' },
      ['curl', '-fsS', '-m', '5', '-w', '\\n%{http_code}', 'http://learning.ml:8001/ready'],
    ],
  ]);
  // curl takes a redirect for a success.
  expect(gathered).toMatchObject({ calls: [{ stdout: '<a>moved</a>\n', status: 302 }] });
  expect(serviceToService.judge(params, gathered, context)).toMatchObject({
    outcome: 'fail',
    findings: [{ id: 'redirected', data: { status: 302 } }],
  });
});
