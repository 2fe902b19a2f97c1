import { describe, expect, it } from 'vitest';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { httpEndpoint } from './check.ts';

describe('a login that is down', () => {
  it('is told, and what needs no token is asked all the same', async () => {
    const validated = validateParams(httpEndpoint, {
      endpoint: { url: 'http://shop.test' },
      requests: [{ path: '/health' }, { path: '/me', authenticated: true }],
      login: { credential: { username: 'gate', password: { from: 'env', name: 'GATE_PASSWORD' } } },
    });
    const { params } = validated as { params: object };
    const asked: string[] = [];
    const request = ({ url }: { url: string }) => {
      asked.push(new URL(url).pathname);
      const status = url.endsWith('/health') ? 200 : 503;
      return Promise.resolve({ status, headers: {}, body: '', truncated: false, ms: 1 });
    };
    const context = testContext('2026-01-15T12:00:00Z');
    const gathered = await httpEndpoint.gather(params, { http: { request } } as never, context);
    expect(asked).toEqual(['/auth/login', '/health']);
    const judgement = httpEndpoint.judge(params, gathered, context);
    const findings = judgement.findings;
    expect(findings.map(({ says }) => says)).toEqual([
      'POST /auth/login: the login answered 503, expected a token; 1 of 2 requests need one and were not made.',
    ]);
  });
});

describe('params', () => {
  const endpoint = { url: 'http://shop.test' };
  it('refuse a POST that nobody vouches for: the kind is read-only', () => {
    const request = { method: 'POST', path: '/items' };
    expect(validateParams(httpEndpoint, { endpoint, requests: [request] })).toMatchObject({ ok: false });
    expect(validateParams(httpEndpoint, { endpoint, requests: [{ ...request, changesNothing: true }] }).ok).toBe(true);
  });
  it('accept a GET that is written out', () => {
    const requests = [{ method: 'GET', path: '/items' }];
    expect(validateParams(httpEndpoint, { endpoint, requests }).ok).toBe(true);
  });
});
