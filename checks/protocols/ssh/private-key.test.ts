import { spawnSync } from 'node:child_process';
import { createPublicKey, sign, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ed25519PrivateKey } from './private-key.ts';
import { ed25519Blob } from './signature.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'golive-ssh-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function made(type: string, passphrase = ''): string {
  const file = join(folder, type);
  const { status } = spawnSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', file]);
  expect(status).toBe(0);
  return readFileSync(file, 'utf8');
}

it('reads the key that ssh-keygen made: the public half is the one beside it', () => {
  const key = ed25519PrivateKey(made('ed25519'));
  const [, blob] = readFileSync(join(folder, 'ed25519.pub'), 'utf8').split(' ');
  expect(ed25519Blob(key).toString('base64')).toBe(blob);
  expect(verify(null, Buffer.from('text'), createPublicKey(key), sign(null, Buffer.from('text'), key))).toBe(true);
});

it('says why it cannot use another, and nothing of what is in it', () => {
  expect(() => ed25519PrivateKey(made('ed25519', 'secret'))).toThrow(/passphrase/);
  expect(() => ed25519PrivateKey(made('ecdsa'))).toThrow(/ecdsa-sha2-nistp256, expected ssh-ed25519/);
  expect(() => ed25519PrivateKey('ssh-ed25519 AAAA')).toThrow(/no private key/);
});
