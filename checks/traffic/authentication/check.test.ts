import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpRequest, SignedToken } from '../../contract/http.ts';
import { ObservationError } from '../../kit/kind.ts';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { authentication } from './check.ts';
import { tamperedTokens } from './tampered-tokens.ts';

const KEY = 'a-key-of-the-test';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text: string, key = KEY): string => createHmac('sha256', key).update(text).digest('base64url');
const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'gate', exp: 4_000_000_000, aud: 'shop', iss: 'login' })}`;
const expired = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'gate', exp: 1, aud: 'shop', iss: 'login' })}`;
const token = `${unsigned}.${sign(unsigned)}`;

/** Classic mistakes: an algorithm that is trusted without a signature, a key that everybody knows besides its own, a claim nobody reads. */
interface Mistakes {
  readonly trustsAlgorithm?: string;
  readonly knownKey?: string;
  readonly user?: string;
  readonly ignores?: 'exp' | 'nbf' | 'aud' | 'iss' | 'logout';
}

const NOW_S = Date.parse('2026-01-15T12:00:00Z') / 1000;
const claimsOf = (payload: string) =>
  JSON.parse(Buffer.from(payload, 'base64url').toString()) as Readonly<Record<string, unknown>>;
function verifies(bearer: string, { trustsAlgorithm, knownKey = KEY, ignores }: Mistakes): boolean {
  const [header = '', payload = '', signature = ''] = bearer.split('.');
  const algorithm = Buffer.from(header, 'base64url').toString();
  if (trustsAlgorithm !== undefined && algorithm.includes(`"${trustsAlgorithm}"`)) return true;
  if (![KEY, knownKey].some((key) => signature === sign(`${header}.${payload}`, key))) return false;
  const { exp, nbf = 0, aud, iss } = claimsOf(payload);
  const holds = { exp: Number(exp) > NOW_S, nbf: Number(nbf) <= NOW_S, aud: aud === 'shop', iss: iss === 'login' };
  return Object.entries(holds).every(([name, is]) => is || ignores === name);
}

const signedBy = ({ header, claims }: SignedToken): string => {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign(text)}`;
};

const sentIn = ({ bearer = '' }: HttpRequest): string => {
  if (typeof bearer === 'string') return bearer;
  return 'signedBy' in bearer ? signedBy(bearer) : `${expired}.${sign(expired)}`;
};
const answer = (status: number, body: unknown = {}): Promise<HttpAnswer> =>
  Promise.resolve({ status, headers: {}, body: JSON.stringify(body), truncated: false, ms: 1 });

/** A service with a real signature check. */
function service(mistakes: Mistakes) {
  let ended = '';
  return (request: HttpRequest): Promise<HttpAnswer> => {
    if (request.url.endsWith('/auth/login'))
      return typeof request.json?.['password'] === 'object' ? answer(200, { token }) : answer(401);
    const sent = sentIn(request);
    if (request.url.endsWith('/auth/logout')) {
      if (mistakes.ignores !== 'logout') ended = sent;
      return answer(204);
    }
    const isIn = sent !== ended && verifies(sent, mistakes);
    return isIn ? answer(200, { username: mistakes.user ?? 'gate' }) : answer(401);
  };
}

async function judgedAgainst(mistakes: Mistakes, more: Readonly<Record<string, unknown>> = {}) {
  const params = {
    endpoint: { url: 'http://shop.test/' },
    credential: { username: 'gate', password: { from: 'env', name: 'GATE_PASSWORD' } },
    loginPath: '/auth/login',
    usernameField: 'username',
    passwordField: 'password',
    tokenField: 'token',
    protectedPath: '/api/v1/me',
    identityField: 'username',
    ...more,
  };
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await authentication.gather(params, { http: { request: service(mistakes) } } as never, context);
  return { gathered, judgement: authentication.judge(params, gathered, context) };
}

describe('gathering', () => {
  it('passes a service that checks signatures, and keeps no token', async () => {
    const { gathered, judgement } = await judgedAgainst({});
    expect(judgement).toMatchObject({ outcome: 'pass' });
    expect(JSON.stringify([gathered, judgement])).not.toContain(token.slice(0, 20));
  });

  it.each([
    [{ trustsAlgorithm: 'none' }, 'a token with alg "none"'],
    [{ trustsAlgorithm: 'None' }, 'a token with alg "None"'],
    [{ knownKey: '' }, 'a token signed with an empty key'],
    [{ knownKey: 'secret' }, 'a token signed with the key "secret"'],
  ])('fails a service with the mistake %j', async (mistakes, what) => {
    const { judgement } = await judgedAgainst(mistakes);
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'notRefused', data: { what } }] });
  });

  it.each([
    ['exp', 'a rightly signed token that has expired'],
    ['nbf', 'a rightly signed token that is not yet valid'],
    ['aud', 'a rightly signed token for another audience'],
    ['iss', 'a rightly signed token of another issuer'],
  ] as const)('fails a service that does not read %s', async (ignores, what) => {
    const signingKey = { from: 'env', name: 'SIGNING_KEY' };
    expect((await judgedAgainst({}, { signingKey })).judgement).toMatchObject({ outcome: 'pass' });
    const { judgement } = await judgedAgainst({ ignores }, { signingKey });
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'notRefused', data: { what } }] });
  });

  it('fails a service that lets in what has expired by itself, or was logged out', async () => {
    const more = { expiredToken: { from: 'env', name: 'OLD_TOKEN' }, logoutPath: '/auth/logout' };
    expect((await judgedAgainst({}, more)).judgement).toMatchObject({ outcome: 'pass' });
    for (const ignores of ['exp', 'logout'] as const)
      expect((await judgedAgainst({ ignores }, more)).judgement.findings).toHaveLength(1);
  });

  it("fails a service that gives out somebody else's token, and keeps no name", async () => {
    const { gathered, judgement } = await judgedAgainst({ user: 'root-of-all' });
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [{ id: 'otherIdentity' }] });
    expect(JSON.stringify([gathered, judgement])).not.toContain('root-of-all');
  });
});

describe('a service that does not answer', () => {
  const params = {
    endpoint: { url: 'http://shop.test/' },
    credential: { username: 'gate', password: { from: 'env', name: 'GATE_PASSWORD' } },
  };
  const gatherWith = async (code: 'unreachable' | 'timeout' | 'protocol') => {
    const validated = validateParams(authentication, params) as { params: object };
    const context = testContext('2026-01-15T12:00:00Z');
    const request = () => Promise.reject(new ObservationError(code, 'no answer'));
    const gathered = await authentication.gather(validated.params, { http: { request } } as never, context);
    return authentication.judge(validated.params, gathered, context);
  };

  it.each(['unreachable', 'timeout'] as const)('fails, whether it is %s', async (code) => {
    expect(await gatherWith(code)).toMatchObject({ outcome: 'fail', findings: [{ id: 'down' }] });
  });

  it('is no matter of the service where what is in between cannot be spoken to', async () => {
    await expect(gatherWith('protocol')).rejects.toBeInstanceOf(ObservationError);
  });
});

describe('tampered tokens', () => {
  it('never verify, and differ from the good one in bytes that count', () => {
    const tampered = tamperedTokens(token);
    expect(tampered).toHaveLength(9);
    for (const { token: bad } of tampered) expect(verifies(bad, {})).toBe(false);
    const [, , good = ''] = token.split('.');
    const [, , changed = ''] = tampered[0]?.token.split('.') ?? [];
    expect(Buffer.from(changed, 'base64url').equals(Buffer.from(good, 'base64url'))).toBe(false);
  });

  it('of an opaque token is one with a character changed', () => {
    expect(tamperedTokens('abcdef')).toEqual([{ what: 'a token with one character changed', token: 'abcAef' }]);
  });
});
