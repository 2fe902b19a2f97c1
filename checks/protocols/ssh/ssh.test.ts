import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllowedSigners, signerOf } from './allowed-signers.ts';
import { fingerprintOf } from './public-key.ts';
import { ed25519Blob, signEd25519, verifySignature } from './signature.ts';
import { sshNumber, sshString } from './wire.ts';

const NAMESPACE = 'golive-ledger';
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'golive-ssh-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function keygen(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', args, { input, encoding: 'utf8' });
  expect(stderr, args.join(' ')).not.toMatch(/error|invalid/i);
  expect(status).toBe(0);
  return stdout;
}
const problemOf = (verified: ReturnType<typeof verifySignature>): string =>
  'problem' in verified ? verified.problem : 'none';

describe('a signature of ssh-keygen', () => {
  it.each([
    ['ed25519', []],
    ['ecdsa', ['-b', '256']],
    ['ecdsa', ['-b', '384']],
    ['ecdsa', ['-b', '521']],
    ['rsa', ['-b', '2048']],
  ])('by %s %s verifies, with the fingerprint that ssh-keygen shows', (type, bits) => {
    const key = join(folder, `${type}${bits.join('')}`);
    keygen(['-q', '-t', type, ...bits, '-N', '', '-f', key]);
    // Integers of an ECDSA signature are now and then shorter than the curve.
    for (let round = 0; round < 4; round += 1) {
      const armored = keygen(['-Y', 'sign', '-f', key, '-n', NAMESPACE], `round ${round}`);
      const verified = verifySignature(`round ${round}`, armored, NAMESPACE);
      expect(problemOf(verified)).toBe('none');
      expect(keygen(['-l', '-f', `${key}.pub`])).toContain('key' in verified ? verified.fingerprint : 'none');
      expect(problemOf(verifySignature('round', armored, NAMESPACE))).toMatch(/of another text/);
      expect(problemOf(verifySignature(`round ${round}`, armored, 'golive'))).toMatch(
        /for the purpose "golive-ledger"/,
      );
    }
  });

  it('is none when anything in it was changed or cut', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const armored = signEd25519('text', NAMESPACE, privateKey);
    const [begin = '', ...lines] = armored.trim().split('\n');
    const body = Buffer.from(lines.slice(0, -1).join(''), 'base64');
    for (let at = 0; at < body.length; at += 1) {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const text = [begin, changed.toString('base64'), lines.at(-1)].join('\n');
      expect(problemOf(verifySignature('text', text, NAMESPACE)), `byte ${at}`).not.toBe('none');
    }
    for (const text of ['', 'x', armored.slice(0, 90), `${armored}x`, [begin, '', lines.at(-1)].join('\n')])
      expect(problemOf(verifySignature('text', text, NAMESPACE))).toMatch(/cannot be read/);
  });
});

it('ssh-keygen verifies what is signed here', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'text.sig'), signEd25519('text', NAMESPACE, privateKey));
  const line = `runner namespaces="${NAMESPACE}" ssh-ed25519 ${ed25519Blob(privateKey).toString('base64')}\n`;
  writeFileSync(join(folder, 'allowed_signers'), line);
  const [allowed, signature] = [join(folder, 'allowed_signers'), join(folder, 'text.sig')];
  const verify = ['-Y', 'verify', '-f', allowed, '-I', 'runner', '-n', NAMESPACE, '-s', signature];
  expect(keygen(verify, 'text')).toMatch(/^Good "golive-ledger" signature for runner/);
});

it('a hardware key counts only when it was touched', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const type = 'sk-ssh-ed25519@openssh.com';
  const raw = ed25519Blob(privateKey).subarray(-36);
  const key = Buffer.concat([sshString(type), raw, sshString('ssh:')]);
  const hash = (of: string | Buffer, name = 'sha256'): Buffer => createHash(name).update(of).digest();
  const armored = (flags: number): string => {
    const parts = [NAMESPACE, '', 'sha512', hash('text', 'sha512')].map((part) => sshString(part));
    const signed = Buffer.concat([Buffer.from('SSHSIG'), ...parts]);
    const state = Buffer.concat([Buffer.from([flags]), sshNumber(7)]);
    const made = sign(null, Buffer.concat([hash('ssh:'), state, hash(signed)]), privateKey);
    const signature = sshString(Buffer.concat([sshString(type), sshString(made), state]));
    const blob = [Buffer.from('SSHSIG'), sshNumber(1), sshString(key), ...parts.slice(0, 3), signature];
    const text = Buffer.concat(blob).toString('base64');
    return `-----BEGIN SSH SIGNATURE-----\n${text}\n-----END SSH SIGNATURE-----\n`;
  };
  expect(problemOf(verifySignature('text', armored(1), NAMESPACE))).toBe('none');
  expect(problemOf(verifySignature('text', armored(0), NAMESPACE))).not.toBe('none');
});

describe('allowed_signers', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const blob = ed25519Blob(privateKey);
  const key = `ssh-ed25519 ${blob.toString('base64')}`;
  const fingerprint = fingerprintOf(blob);
  const ask = (text: string, at = '2027-03-01T12:00:00Z', namespace = NAMESPACE) =>
    signerOf(parseAllowedSigners(text).signers, { fingerprint, namespace, at: Date.parse(at) });

  it.each([
    ['a line for it', `ci@example.com namespaces="${NAMESPACE}" ${key} comment`],
    ['several purposes', `ci namespaces="golive,${NAMESPACE}" ${key}`],
    ['a span of time', `ci namespaces="${NAMESPACE}",valid-after="20270101Z",valid-before="202801011200Z" ${key}`],
    ['comments around', `# runners\n\nci namespaces="${NAMESPACE}" ${key}\n`],
  ])('allow by %s', (_, text) => expect(ask(text)).toMatchObject({ fingerprint }));

  it.each([
    ['no line', '', /is in no line/],
    ['a line for other purposes', `ci namespaces="golive" ${key}`, /has no line with namespaces="golive-ledger"/],
    ['a line that names no purpose', `ci ${key}`, /is in no line/],
    ['a line that is over', `ci namespaces="${NAMESPACE}",valid-before="20270301Z" ${key}`, /did not count then/],
    ['a line that has not begun', `ci namespaces="${NAMESPACE}",valid-after="20270302Z" ${key}`, /did not count then/],
    ['a certificate authority', `ci cert-authority,namespaces="${NAMESPACE}" ${key}`, /is in no line/],
    ['a comment', `# ci namespaces="${NAMESPACE}" ${key}`, /is in no line/],
  ])('refuse by %s', (_, text, expected) => expect(ask(text)).toMatch(expected));

  it('name the lines that allow nobody', () => {
    const text = [
      `ci ${key}`,
      'ci namespaces="x" ssh-ed25519 AAAA',
      `ci namespaces="x",valid-after="soon" ${key}`,
      'ci',
    ];
    expect(parseAllowedSigners(text.join('\n')).problems).toEqual([
      expect.stringMatching(/^line 1: it names no purpose/),
      expect.stringMatching(/^line 2: its key cannot be read/),
      expect.stringMatching(/^line 3: valid-after/),
      expect.stringMatching(/^line 4: expected: NAME/),
    ]);
  });

  it('read what ssh-keygen writes as a public key', () => {
    const path = join(folder, 'pub');
    keygen(['-q', '-t', 'ed25519', '-N', '', '-f', path]);
    const line = `ci namespaces="${NAMESPACE}" ${readFileSync(`${path}.pub`, 'utf8')}`;
    expect(parseAllowedSigners(line)).toMatchObject({ signers: [{ principals: 'ci' }], problems: [] });
  });
});
