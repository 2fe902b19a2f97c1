/** Tokens of the service: JWT (RFC 7519) signed with HMAC-SHA256 (RFC 7518 §3.2), and nothing else. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text, key) => createHmac('sha256', key).update(text).digest();

export function issueToken(subject, key, lifetimeS, nowS) {
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: subject, exp: nowS + lifetimeS })}`;
  return `${signed}.${sign(signed, key).toString('base64url')}`;
}

/** The subject of a valid token; undefined for any other. Claims of an unsigned one are never looked at. */
export function verifyToken(token, key, nowS) {
  const [header = '', payload = '', signature = '', ...rest] = token.split('.');
  if (rest.length > 0 || decode(header)?.alg !== 'HS256') return undefined;
  const expected = sign(`${header}.${payload}`, key);
  const actual = Buffer.from(signature, 'base64url');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return undefined;
  const claims = decode(payload);
  return typeof claims?.exp === 'number' && claims.exp > nowS ? claims.sub : undefined;
}

function decode(part) {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}
