/** Calls count by the signature beside their file: whose it is, and whether its key counts now. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ProjectFiles } from '../../contract/capabilities.ts';
import { PEOPLE_NAMESPACE } from '../../contract/people.ts';
import { ObservationError } from '../../kit/kind.ts';
import { signEd25519 } from '../../protocols/ssh/signature.ts';
import { verifySignature } from '../../protocols/ssh/signature.ts';
import { readCalls } from './calls.ts';

const TEXT = `- { contact: CTO, by: Ada, at: '2027-02-01T10:00:00Z' }\n`;
const NOW = new Date('2027-03-01T12:00:00Z');
const { privateKey } = generateKeyPairSync('ed25519');
const signature = signEd25519(TEXT, PEOPLE_NAMESPACE, privateKey);
const verified = verifySignature(TEXT, signature, PEOPLE_NAMESPACE);
const fingerprint = 'fingerprint' in verified ? verified.fingerprint : '';
const key = 'key' in verified ? verified.key.toString('base64') : '';
const line = (options = `namespaces="${PEOPLE_NAMESPACE}"`): string =>
  `ada@shop.example ${options} ssh-ed25519 ${key}\n`;

const reading = (over: Readonly<Record<string, string | undefined>>) => {
  const all: Readonly<Record<string, string | undefined>> = {
    'specs/calls.yaml': TEXT,
    'specs/calls.yaml.sig': signature,
    'specs/allowed_signers': line(),
    ...over,
  };
  const read: ProjectFiles['read'] = (path) => {
    const text = all[path];
    return text === undefined ? Promise.reject(new ObservationError('not-found', `no ${path}`)) : Promise.resolve(text);
  };
  return readCalls({ read } as ProjectFiles, 'specs/calls.yaml', 'specs/allowed_signers', NOW);
};

it('takes what was signed by somebody who may', async () => {
  expect(await reading({})).toEqual({ calls: [{ contact: 'CTO', by: 'Ada', at: '2027-02-01T10:00:00Z' }] });
});

it.each([
  ['no signature', { 'specs/calls.yaml.sig': undefined }, /has no signature beside it/],
  ['a changed text', { 'specs/calls.yaml': TEXT.replace('Ada', 'Bob') }, /a signature that does not hold/],
  [
    'a key that nobody allows',
    { 'specs/allowed_signers': '' },
    /is signed by nobody who may: the key .* is in no line/,
  ],
  ['a key for another purpose', { 'specs/allowed_signers': line('namespaces="git"') }, /has no line with namespaces/],
  [
    'a key that has expired',
    { 'specs/allowed_signers': line(`namespaces="${PEOPLE_NAMESPACE}",valid-before="20270101"`) },
    /did not count then/,
  ],
  ['a revoked key', { 'specs/revoked_signers': `${fingerprint}\n` }, /is signed by the revoked key SHA256:/],
  ['a list of revoked keys that nobody can read', { 'specs/revoked_signers': 'ada\n' }, /:1 is no public key/],
])('refuses %s', async (_, over, why) => {
  expect((await reading(over)).refused).toMatch(why);
});

it('cannot look where the signers cannot be read', async () => {
  await expect(reading({ 'specs/allowed_signers': undefined })).rejects.toThrow(/no specs\/allowed_signers/);
});
