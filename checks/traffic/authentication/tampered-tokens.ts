/** Bad tokens made from a good one; none of them may open anything. */
import { createHmac } from 'node:crypto';

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
