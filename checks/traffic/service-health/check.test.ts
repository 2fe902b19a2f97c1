import { describe, expect, it } from 'vitest';
import { ObservationError } from '../../kit/kind.ts';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { serviceHealth } from './check.ts';

describe('no answer in time', () => {
  const validated = validateParams(serviceHealth, { services: [{ namespace: 'shop', name: 'api', port: 3000 }] });
  const { params } = validated as { params: object };
  const context = testContext('2026-01-15T12:00:00Z');
  const proxyService = () => Promise.reject(new ObservationError('timeout', 'no answer within 10.0 s'));
  const endpoints = [{ addresses: ['10.0.0.1'], conditions: { ready: true } }];
  const listing = { items: [{ metadata: { name: 'api-x' }, endpoints }], resourceVersion: '7', readAt: '' };

  it('is the service’s failure where the API server itself answers', async () => {
    const cluster = { list: () => Promise.resolve(listing), proxyService };
    const gathered = await serviceHealth.gather(params, { cluster } as never, context);
    expect(serviceHealth.judge(params, gathered, context)).toMatchObject({
      outcome: 'fail',
      findings: [{ id: 'hung' }],
    });
  });

  it('is an error where the API server does not answer either', async () => {
    let asked = 0;
    const list = () => {
      asked += 1;
      return asked === 1 ? Promise.resolve(listing) : Promise.reject(new ObservationError('timeout', 'API server'));
    };
    const gathering = serviceHealth.gather(params, { cluster: { list, proxyService } } as never, context);
    await expect(gathering).rejects.toThrow('API server');
  });
});

it('keeps a password that a health answer tells to itself', async () => {
  const { params } = validateParams(serviceHealth, { services: [{ namespace: 'shop', name: 'api', port: 3000 }] }) as {
    params: object;
  };
  const body = '{"status":"down","db":"postgres://shop:hunter2@db/shop"}';
  const cluster = {
    list: () => Promise.resolve({ items: [], resourceVersion: '7', readAt: '' }),
    proxyService: () => Promise.resolve({ status: 503, headers: {}, body, truncated: false, ms: 1 }),
  };
  const context = testContext('2026-01-15T12:00:00Z');
  const judgement = serviceHealth.judge(
    params,
    await serviceHealth.gather(params, { cluster } as never, context),
    context,
  );
  expect(judgement).toMatchObject({ outcome: 'fail' });
  expect(JSON.stringify(judgement)).not.toContain('hunter2');
});
