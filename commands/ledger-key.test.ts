import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseAllowedSigners } from '../checks/protocols/ssh/allowed-signers.ts';
import { planOf, itemOf } from '../reports/decide/testing/inputs.ts';
import { RecordedLedgers } from '../tests/harness/recorded-ledger.ts';
import { ledgerKeyFindings } from './doctor/ledger.ts';
import { ledgerKey } from './ledger-key.ts';

let root: string;
let said: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-key-'));
  said = '';
  const listen = (text: string | Uint8Array): boolean => {
    said += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(listen);
  vi.spyOn(process.stderr, 'write').mockImplementation(listen);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

describe('golive ledger key', () => {
  it('makes a private key and prints the line that allows it', () => {
    const file = join(root, 'keys', 'ledger');
    expect(ledgerKey({ root: join(root, 'project'), file, name: 'ci@example.com' })).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const line = /^ +(ci@example\.com .*)$/m.exec(said)?.[1] ?? '';
    expect(parseAllowedSigners(line)).toMatchObject({
      signers: [{ principals: 'ci@example.com', namespaces: ['golive-ledger'] }],
      problems: [],
    });
    expect(said).toContain(`export GOLIVE_LEDGER_KEY=${file}`);
    expect(said).not.toContain('PRIVATE');
    const before = readFileSync(file, 'utf8');
    expect(ledgerKey({ root, file })).toBe(64);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it.each([
    ['.golive/key', 'ci'],
    ['reports/key', 'ci'],
    ['key', 'two words'],
    ['key', 'a,b'],
  ])('refuses %s for %s', (file, name) => {
    expect(ledgerKey({ root, file: join(root, file), name })).toBe(64);
    expect(existsSync(join(root, file))).toBe(false);
  });
});

describe('golive doctor', () => {
  const plan = planOf([itemOf('A')]);
  const now = new Date('2027-03-01T12:00:00Z');

  it('says whether what a run records will count', () => {
    const ledgers = new RecordedLedgers();
    try {
      const project = ledgers.machine();
      const ask = (env: NodeJS.ProcessEnv) =>
        ledgerKeyFindings(project, plan, env, now).map(({ state, text }) => `${state} ${text}`);
      const key = { ...process.env, GOLIVE_LEDGER_KEY: ledgers.key() };
      expect(ask(key)).toEqual([expect.stringMatching(/^ok SHA256:\S+ signs as runner$/)]);
      expect(ask({})).toEqual([expect.stringMatching(/^warn GOLIVE_LEDGER_KEY is not set: runs are not signed/)]);
      expect(ask({ ...key, GOLIVE_LEDGER_KEY: ledgers.makeKey('other') })).toEqual([
        expect.stringMatching(/^bad specs\/sample\/allowed_signers does not allow it/),
      ]);
      expect(ask({ ...key, GOLIVE_LEDGER_KEY: join(root, 'nowhere') })).toEqual([
        expect.stringMatching(/^bad GOLIVE_LEDGER_KEY=.* cannot sign/),
      ]);
      expect(ask({ ...key, PATH: '/nowhere' })).toEqual([expect.stringMatching(/ssh-keygen is not installed/)]);
      ledgers.allow(project, 'runner ssh-ed25519 AAAA\n');
      expect(ask(key)[0]).toMatch(/^bad specs\/sample\/allowed_signers: line 1: /);
    } finally {
      ledgers.close();
    }
  });
});
