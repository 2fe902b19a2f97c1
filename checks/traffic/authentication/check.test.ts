import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../contract/capabilities.ts';
import { testContext } from '../../testing/cases.ts';
import { runCases } from '../../testing/run-cases.ts';
import { authentication } from './check.ts';
import { tamperedTokens } from './tampered-tokens.ts';

runCases(import.meta.url);

const KEY = 'a-key-of-the-test';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text: string): string => createHmac('sha256', KEY).update(text).digest('base64url');
const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'gate', exp: 4_000_000_000 })}`;
const token = `${unsigned}.${sign(unsigned)}`;

function verifies(bearer: string, trustsNone: boolean): boolean {
  const [header = '', payload = '', signature = ''] = bearer.split('.');
  if (trustsNone && Buffer.from(header, 'base64url').toString().includes('"none"')) return true;
  return signature === sign(`${header}.${payload}`);
}

/** A service with a real signature check; `trustsNone` is the classic mistake. */
function service(trustsNone: boolean) {
  return (request: HttpRequest): Promise<HttpAnswer> => {
    const answer = (status: number, body: unknown = {}): Promise<HttpAnswer> =>
      Promise.resolve({ status, headers: {}, body: JSON.stringify(body), truncated: false, ms: 1 });
    if (request.url.endsWith('/auth/login'))
      return typeof request.json?.['password'] === 'object' ? answer(200, { token }) : answer(401);
    const bearer = typeof request.bearer === 'string' ? request.bearer : '';
    return answer(verifies(bearer, trustsNone) ? 200 : 401);
  };
}

async function judgedAgainst(trustsNone: boolean) {
  const params = {
    endpoint: { url: 'http://shop.test/' },
    credential: { username: 'gate', password: { from: 'env', name: 'GATE_PASSWORD' } },
    loginPath: '/auth/login',
    usernameField: 'username',
    passwordField: 'password',
    tokenField: 'token',
    protectedPath: '/api/v1/me',
  };
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await authentication.gather(params, { http: { request: service(trustsNone) } } as never, context);
  return { gathered, judgement: authentication.judge(params, gathered, context) };
}

describe('gathering', () => {
  it('passes a service that checks signatures, and keeps no token', async () => {
    const { gathered, judgement } = await judgedAgainst(false);
    expect(judgement).toMatchObject({ outcome: 'pass' });
    expect(JSON.stringify([gathered, judgement])).not.toContain(token.slice(0, 20));
  });

  it('fails a service that trusts alg none', async () => {
    const { judgement } = await judgedAgainst(true);
    expect(judgement).toMatchObject({
      outcome: 'fail',
      findings: [{ message: 'notRefused', data: { what: 'a token with alg "none"' } }],
    });
  });
});

describe('tampered tokens', () => {
  it('never verify, and differ from the good one in bytes that count', () => {
    const tampered = tamperedTokens(token);
    expect(tampered).toHaveLength(4);
    for (const { token: bad } of tampered) expect(verifies(bad, false)).toBe(false);
    const [, , good = ''] = token.split('.');
    const [, , changed = ''] = tampered[0]?.token.split('.') ?? [];
    expect(Buffer.from(changed, 'base64url').equals(Buffer.from(good, 'base64url'))).toBe(false);
  });

  it('of an opaque token is one with a character changed', () => {
    expect(tamperedTokens('abcdef')).toEqual([{ what: 'a token with one character changed', token: 'abcAef' }]);
  });
});
