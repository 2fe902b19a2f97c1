/**
 * SSH signatures of files (OpenSSH's PROTOCOL.sshsig), what `ssh-keygen -Y sign` makes. They are verified here, in the process: whoever reads
 * a record needs no program for it, and many are verified in a millisecond.
 */
import { createHash, createPublicKey, sign as signBytes, type KeyObject } from 'node:crypto';
import { errorText } from '../../contract/text.ts';
import { fingerprintOf, verifierOf } from './public-key.ts';
import { SshReader, sshNumber, sshString } from './wire.ts';

const MAGIC = 'SSHSIG';
const VERSION = 1;
const HASHES: readonly string[] = ['sha256', 'sha512'];
const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';

/** The key that signed, or why it is no signature of that message for that purpose. Whether the key may sign is asked elsewhere. */
export type Verified = { readonly key: Buffer; readonly fingerprint: string } | { readonly problem: string };

/** Never throws. */
export function verifySignature(message: string, armored: string, namespace: string): Verified {
  try {
    const signature = readSignature(armored);
    if (signature.namespace !== namespace)
      return { problem: `it is for the purpose ${JSON.stringify(signature.namespace)}, expected ${namespace}` };
    const reader = new SshReader(signature.signed);
    if (!verifierOf(signature.key)(signedBytes(message, signature), reader))
      return { problem: 'it is of another text, or was made by another key than it names' };
    reader.end();
    return { key: signature.key, fingerprint: fingerprintOf(signature.key) };
  } catch (error) {
    return { problem: `it cannot be read: ${errorText(error)}` };
  }
}

interface SshSignature {
  readonly key: Buffer;
  readonly namespace: string;
  readonly hash: string;
  readonly signed: Buffer;
}

function readSignature(armored: string): SshSignature {
  const lines = armored.trim().split('\n');
  if (lines[0] !== BEGIN || lines.at(-1) !== END) throw new RangeError('it is no SSH signature');
  const reader = new SshReader(Buffer.from(lines.slice(1, -1).join(''), 'base64'));
  if (reader.raw(MAGIC.length).toString() !== MAGIC) throw new RangeError('it is no SSH signature');
  const version = reader.number();
  if (version !== VERSION) throw new RangeError(`version ${version} is not known`);
  const [key, namespace] = [reader.string(), reader.text()];
  // Reserved, and empty so far.
  reader.string();
  const [hash, signed] = [reader.text(), reader.string()];
  reader.end();
  if (!HASHES.includes(hash)) throw new RangeError(`the hash ${JSON.stringify(hash)} is not known`);
  return { key, namespace, hash, signed };
}

function signedBytes(message: string, { namespace, hash }: Pick<SshSignature, 'namespace' | 'hash'>): Buffer {
  const digest = createHash(hash).update(message).digest();
  return Buffer.concat([Buffer.from(MAGIC), ...[namespace, '', hash, digest].map(sshString)]);
}

/** The public half of an Ed25519 key as SSH encodes it. */
export function ed25519Blob(key: KeyObject): Buffer {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  return Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.from(x, 'base64url'))]);
}

/** Signs with an Ed25519 key of this process, where `ssh-keygen` would need the key in a file of its own format. */
export function signEd25519(message: string, namespace: string, key: KeyObject): string {
  const hash = 'sha512';
  const signed = signBytes(null, signedBytes(message, { namespace, hash }), key);
  const blob = Buffer.concat([
    Buffer.from(MAGIC),
    sshNumber(VERSION),
    sshString(ed25519Blob(key)),
    ...[namespace, '', hash].map(sshString),
    sshString(Buffer.concat([sshString('ssh-ed25519'), sshString(signed)])),
  ]);
  return [BEGIN, ...(blob.toString('base64').match(/.{1,70}/g) ?? []), END, ''].join('\n');
}
