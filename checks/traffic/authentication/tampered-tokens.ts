/** Bad tokens made from a good one; none of them may open anything. */
import { createHmac } from 'node:crypto';
import type { SignedToken } from '../../contract/http.ts';

export interface TamperedToken {
  readonly what: string;
  readonly token: string;
}

/** Keys that libraries' examples sign with, and none at all. */
const KNOWN_KEYS = ['', 'secret', 'changeme', 'your-256-bit-secret'];

/**
 * Of a JSON Web Token: its signature changed, its algorithm "none" with the signature left out (RFC 8725 §2.1, in two spellings: some
 * checks compare only one), its expiry and its subject changed under the old signature, and signatures by keys everybody knows
 * (RFC 8725 §2.2). Of an opaque token: one character changed.
 */
export function tamperedTokens(token: string): readonly TamperedToken[] {
  const [header, payload, signature] = token.split('.');
  const claims = decode(payload);
  const algorithm = decode(header);
  if (header === undefined || payload === undefined || !signature || !claims || !algorithm)
    return [{ what: 'a token with one character changed', token: changed(token) }];
  const expired = encode({ ...claims, exp: 1 });
  return [
    { what: 'a token whose signature was changed', token: `${header}.${payload}.${changed(signature)}` },
    { what: 'a token with alg "none"', token: `${encode({ ...algorithm, alg: 'none' })}.${payload}.` },
    { what: 'a token with alg "None"', token: `${encode({ ...algorithm, alg: 'None' })}.${payload}.` },
    { what: 'a token whose expiry was changed', token: `${header}.${expired}.${signature}` },
    {
      what: 'a token whose subject was changed',
      token: `${header}.${encode({ ...claims, sub: 'golive-somebody-else' })}.${signature}`,
    },
    ...KNOWN_KEYS.map((key) => ({
      what: key === '' ? 'a token signed with an empty key' : `a token signed with the key "${key}"`,
      token: signedWith(key, encode({ ...algorithm, alg: 'HS256' }), payload),
    })),
  ];
}

/** Tokens to be signed by the service's own key. */
export interface OwnTokens {
  /** As the login gives them: it must open, or the key is another one and the refusals prove nothing. */
  readonly good: Omit<SignedToken, 'signedBy'>;
  readonly bad: readonly { readonly what: string; readonly token: Omit<SignedToken, 'signedBy'> }[];
}

const HOUR_S = 3600;

/**
 * Rightly signed, and wrong in one claim each (RFC 7519, 4.1; RFC 8725, 3.8 and 3.9): a service that only verifies signatures lets them in.
 * By an hour, as clocks may differ by minutes. Audience and issuer only where its tokens have them. Null of an opaque token.
 */
export function ownTokens(token: string, now: Date): OwnTokens | null {
  const [head, payload] = token.split('.');
  const [header, claims] = [decode(head), decode(payload)];
  if (!header || !claims) return null;
  const nowS = Math.floor(now.getTime() / 1000);
  const past = { iat: nowS - 2 * HOUR_S, exp: nowS - HOUR_S, ...('nbf' in claims ? { nbf: nowS - 2 * HOUR_S } : {}) };
  const future = { nbf: nowS + HOUR_S, exp: nowS + 2 * HOUR_S };
  const other = (name: 'aud' | 'iss', what: string) =>
    name in claims ? [{ what, change: { [name]: 'https://golive.invalid' } }] : [];
  const changes = [
    { what: 'a rightly signed token that has expired', change: past },
    { what: 'a rightly signed token that is not yet valid', change: future },
    ...other('aud', 'a rightly signed token for another audience'),
    ...other('iss', 'a rightly signed token of another issuer'),
  ];
  const bad = changes.map(({ what, change }) => ({ what, token: { header, claims: { ...claims, ...change } } }));
  return { good: { header, claims }, bad };
}

/** In the middle: the last character of base64url may hold bits that do not count. */
function changed(text: string): string {
  const middle = Math.floor(text.length / 2);
  return `${text.slice(0, middle)}${text[middle] === 'A' ? 'B' : 'A'}${text.slice(middle + 1)}`;
}

function signedWith(key: string, header: string, payload: string): string {
  return `${header}.${payload}.${createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url')}`;
}

function decode(part: string | undefined): Readonly<Record<string, unknown>> | null {
  if (part === undefined) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
