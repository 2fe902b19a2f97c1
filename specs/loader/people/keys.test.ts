import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterUidOf, signersStatement } from '../../../checks/contract/rehearsal-key.ts';
import { ed25519Blob, signEd25519 } from '../../../checks/protocols/ssh/signature.ts';
import { peopleKeys, signedBy } from './keys.ts';

const TEXT = 'apiVersion: golive/v1\nattestations: []\n';
const PLACE = { checklist: { file: 'specs/shop/checklist.yaml' }, environment: { rehearsal: false } };
let root: string;
let key: string;
let signature: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-keys-'));
  mkdirSync(join(root, 'specs/shop'), { recursive: true });
  const path = join(root, 'ada');
  ssh(['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
  key = readFileSync(`${path}.pub`, 'utf8').trim();
  signature = ssh(['-Y', 'sign', '-f', path, '-n', 'golive-signoff'], TEXT);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function ssh(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`ssh-keygen (openssh-client) is needed: ${stderr}`);
  return stdout;
}
function signed(allowed: string, revoked = '', text = TEXT, armored: string | undefined = signature) {
  writeFileSync(join(root, 'specs/shop/allowed_signers'), allowed);
  writeFileSync(join(root, 'specs/shop/revoked_signers'), revoked);
  return signedBy(text, armored, peopleKeys(root, PLACE));
}

describe('whose signature lies beside a file', () => {
  const allow = (principals: string, options = 'namespaces="golive-signoff"') => `${principals} ${options} ${key}\n`;

  it('is told by every name that the key has, with the time that it counts', () => {
    const until = 'namespaces="golive-signoff",valid-before="20270301Z"';
    expect(signed(`${allow('ada@shop.example')}${allow('lead@shop.example', until)}`)).toMatchObject({
      holders: [
        { principal: 'ada@shop.example' },
        { principal: 'lead@shop.example', before: '2027-03-01T00:00:00.000Z' },
      ],
    });
  });
  it.each([
    ['a changed text', () => signed(allow('ada'), '', `${TEXT} `), 'forged'],
    ['no signature', () => signedBy(TEXT, undefined, peopleKeys(root, PLACE)), 'unsigned'],
    ['what is no signature', () => signed(allow('ada'), '', TEXT, 'x'), 'forged'],
    ['a key that stands nowhere', () => signed(''), 'unknown-key'],
    ['a key of a runner', () => signed(allow('ada', 'namespaces="golive-ledger"')), 'unknown-key'],
    ['a pattern as name, with which any would pass', () => signed(allow('*@shop.example')), 'unknown-key'],
    [
      'a certificate authority',
      () => signed(allow('ada', 'cert-authority,namespaces="golive-signoff"')),
      'unknown-key',
    ],
    ['a revoked key', () => signed(allow('ada'), key), 'revoked'],
    ['a list of revoked keys that cannot be read', () => signed(allow('ada'), 'KRL\u0000binary'), 'unknown-key'],
  ])('%s', (_, look, refused) => {
    expect(look()).toMatchObject({ refused });
  });
  it('believes a revocation by fingerprint, too', () => {
    const allowed = signed(allow('ada'));
    expect(signed(allow('ada'), 'fingerprint' in allowed ? allowed.fingerprint : '')).toMatchObject({
      refused: 'revoked',
    });
  });

  it('takes the keys of a rehearsal only from its cluster', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const folder = join(root, '.golive/rehearsal/signers');
    mkdirSync(folder, { recursive: true });
    const list = allow('technical-lead@rehearsal');
    const place = { ...PLACE, environment: { rehearsal: true } };
    writeFileSync(join(folder, 'allowed_signers'), list);
    expect(signedBy(TEXT, signature, peopleKeys(root, place))).toMatchObject({ refused: 'unknown-key' });
    const { namespace, statement } = signersStatement(list);
    writeFileSync(join(folder, 'allowed_signers.sig'), signEd25519(statement, namespace, privateKey));
    expect(peopleKeys(root, place).cluster).toBe(clusterUidOf(ed25519Blob(privateKey)));
    expect(signedBy(TEXT, signature, peopleKeys(root, place))).toHaveProperty('holders');
    writeFileSync(join(folder, 'allowed_signers'), `${list}${allow('mallory')}`);
    expect(signedBy(TEXT, signature, peopleKeys(root, place))).toMatchObject({ refused: 'unknown-key' });
  });
});
