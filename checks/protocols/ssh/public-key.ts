/** SSH public keys: their parts, their fingerprint, and whether one made a signature. */
import { createHash, createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SshReader } from './wire.ts';

/** Whether `bytes` were signed: `signature` as SSH encodes it, its algorithm first. Throws where it cannot be read. */
type Verifier = (bytes: Buffer, signature: SshReader) => boolean;

/** `SHA256:…`, as ssh-keygen shows it. */
export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

const CURVES: Readonly<Record<string, { readonly crv: string; readonly bytes: number; readonly hash: string }>> = {
  nistp256: { crv: 'P-256', bytes: 32, hash: 'sha256' },
  nistp384: { crv: 'P-384', bytes: 48, hash: 'sha384' },
  nistp521: { crv: 'P-521', bytes: 66, hash: 'sha512' },
};
const RSA_HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' };
const RSA_BITS = 2048;
/** A hardware key says by this bit that somebody touched it. */
const TOUCHED = 1;

/** What verifies signatures of this key. Throws for a key of a type that is unknown or too weak. */
export function verifierOf(blob: Uint8Array): Verifier {
  const key = new SshReader(blob);
  const type = key.text();
  if (type === 'ssh-ed25519') return plain(type, ed25519(key));
  if (type === 'sk-ssh-ed25519@openssh.com') return touched(type, ed25519(key), key.text());
  if (type === 'sk-ecdsa-sha2-nistp256@openssh.com') return touched(type, ecdsa(key), key.text());
  if (type.startsWith('ecdsa-sha2-')) return plain(type, ecdsa(key));
  if (type === 'ssh-rsa') return rsa(key);
  throw new RangeError(`keys of type ${JSON.stringify(type)} are not known`);
}

type Check = (bytes: Buffer, signature: Buffer) => boolean;

function ed25519(key: SshReader): Check {
  const object = imported({ kty: 'OKP', crv: 'Ed25519', x: key.string().toString('base64url') });
  return (bytes, signature) => verify(null, bytes, object, signature);
}

function ecdsa(key: SshReader): Check {
  const name = key.text();
  const curve = Object.hasOwn(CURVES, name) ? CURVES[name] : undefined;
  const point = new SshReader(key.string());
  if (curve === undefined || point.raw(1)[0] !== 4) throw new RangeError('its point is not understood');
  const coordinate = (): string => point.raw(curve.bytes).toString('base64url');
  const object = imported({ kty: 'EC', crv: curve.crv, x: coordinate(), y: coordinate() });
  return (bytes, signature) => {
    const parts = new SshReader(signature);
    const fixed = [parts.integer(), parts.integer()].map((part) =>
      Buffer.concat([Buffer.alloc(Math.max(0, curve.bytes - part.length)), part]),
    );
    return verify(curve.hash, bytes, { key: object, dsaEncoding: 'ieee-p1363' }, Buffer.concat(fixed));
  };
}

/** The hash is the signature's choice; SHA-1, the first that RSA keys had, is none. */
function rsa(key: SshReader): Verifier {
  const [e, n] = [key.integer(), key.integer()];
  const object = imported({ kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') });
  if (n.length * 8 < RSA_BITS) throw new RangeError(`an RSA key has at least ${RSA_BITS} bits`);
  return (bytes, signature) => {
    const algorithm = signature.text();
    const hash = Object.hasOwn(RSA_HASHES, algorithm) ? RSA_HASHES[algorithm] : undefined;
    if (hash === undefined) throw new RangeError(`signed by ${JSON.stringify(algorithm)}, which is too weak`);
    return verify(hash, bytes, object, signature.string());
  };
}

function plain(type: string, check: Check): Verifier {
  return (bytes, signature) => signature.text() === type && check(bytes, signature.string());
}

/** A hardware key signs its application, flags and counter, too. */
function touched(type: string, check: Check, application: string): Verifier {
  const hash = (of: string | Buffer): Buffer => createHash('sha256').update(of).digest();
  return (bytes, signature) => {
    if (signature.text() !== type) return false;
    const raw = signature.string();
    const flags = signature.raw(1);
    const counter = signature.raw(4);
    if (((flags[0] ?? 0) & TOUCHED) === 0) return false;
    return check(Buffer.concat([hash(application), flags, counter, hash(bytes)]), raw);
  };
}

function imported(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: 'jwk' });
}
