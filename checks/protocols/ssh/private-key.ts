/** Private keys in OpenSSH's own file format (PROTOCOL.key), as far as this process can use one: Ed25519, without a passphrase. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SshReader } from './wire.ts';

const MAGIC = 'openssh-key-v1\0';
/** DER before the seed of an Ed25519 key (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key in a file's text. Throws RangeError, whose message never holds any of the text. */
export function ed25519PrivateKey(text: string): KeyObject {
  const lines = text.trim().split('\n');
  if (lines[0] !== '-----BEGIN OPENSSH PRIVATE KEY-----') throw new RangeError('it is no private key of OpenSSH');
  const reader = new SshReader(Buffer.from(lines.slice(1, -1).join(''), 'base64'));
  if (reader.raw(MAGIC.length).toString() !== MAGIC) throw new RangeError('it is no private key of OpenSSH');
  const cipher = reader.text();
  if (cipher !== 'none') throw new RangeError('it has a passphrase');
  // The name and the options of the key derivation; the number of keys; the public half.
  reader.string();
  reader.string();
  if (reader.number() !== 1) throw new RangeError('it holds more than one key');
  reader.string();
  const inner = new SshReader(reader.string());
  if (inner.number() !== inner.number()) throw new RangeError('it is damaged');
  const type = inner.text();
  if (type !== 'ssh-ed25519') throw new RangeError(`it is of type ${type}, expected ssh-ed25519`);
  inner.string();
  const seed = inner.string().subarray(0, 32);
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}
