/** A signed decision, verified by somebody who has nothing but its bundle and three files; and what of a signature does not carry over. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dump } from 'js-yaml';
import { IDENTITY } from '../reports/decide/testing/inputs.ts';
import { editFile } from '../tests/harness/recorded-ledger.ts';
import {
  at,
  IMAGE,
  person,
  ROLES,
  SIGNED_ITEMS,
  signedPlan,
  SignedReleases,
  SIGNING,
} from '../tests/harness/signed-release.ts';
import { replay } from './replay.ts';
import { sign } from './sign.ts';
import { verify } from './verify.ts';

const releases = new SignedReleases(sign);
const { ledgers } = releases;
let told: string[];
let elsewhere: string;
beforeEach(() => {
  vi.stubEnv('GOLIVE_LEDGER_KEY', ledgers.key());
  told = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      told.push(String(text));
      return true;
    });
  releases.begin();
  elsewhere = mkdtempSync(join(tmpdir(), 'golive-elsewhere-'));
});
afterEach(() => rmSync(elsewhere, { recursive: true, force: true }));
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  ledgers.close();
});
const said = (): string => told.join('');

/** What somebody else has: their own three files, and the bundle that was sent to them. */
function received({ signers = releases.signersText(), roles = SIGNING.roles, name = 'sample' } = {}): {
  readonly bundle: string;
  readonly with: string;
} {
  const folder = join(elsewhere, 'ours');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'allowed_signers'), signers);
  writeFileSync(join(folder, 'revoked_signers'), '# nobody\n');
  const named = Object.fromEntries(Object.entries(roles).map(([role, one]) => [role, { title: role, ...one }]));
  writeFileSync(
    join(folder, 'checklist.yaml'),
    dump({ apiVersion: 'golive/v1', name, phases: ['phase1.yaml'], roles: named, release: { authors: [] } }),
  );
  const bundle = join(elsewhere, 'sent');
  cpSync(join(releases.root, '.golive/runs', releases.decision().runId, 'signed'), bundle, { recursive: true });
  return { bundle, with: folder };
}

describe('the bundle of a signed decision, elsewhere', () => {
  it('holds by the reader’s own files, with the project gone', async () => {
    releases.run(1);
    expect(await releases.allSign(3)).toBe(0);
    const given = received();
    // So does that of a run which found everything signed.
    releases.run(20);
    expect(await verify({ ...given, bundle: join(releases.root, '.golive/runs', releases.decision().runId) })).toBe(0);
    told = [];
    rmSync(releases.root, { recursive: true });
    expect(await replay({ path: join(given.bundle, 'bundle.json') })).toBe(0);
    expect(await verify(given)).toBe(0);
    expect(said()).toMatch(/GO holds: sample 1.4.0 in staging.*\n {2}recorded by runner\n/);
    for (const role of ROLES) expect(said()).toMatch(new RegExp(`signed {3}${role}: ${person(role)} at `));
    told = [];
    expect(await verify({ ...given, json: true })).toBe(0);
    expect(JSON.parse(said())).toMatchObject({ sound: true, decision: 'GO', recordedBy: 'runner', problems: [] });
  }, 60_000);

  it.each([
    ['no key of theirs', () => received({ signers: ledgers.allowing() }), /no line of allowed_signers allows the key/],
    [
      'no key of the runner',
      () => received({ signers: releases.signersText().split('\n').slice(1).join('\n') }),
      /nobody vouches for it: its record/,
    ],
    [
      'a key that was revoked since',
      () => {
        const given = received();
        writeFileSync(join(given.with, 'revoked_signers'), readFileSync(`${ledgers.key('product-owner')}.pub`));
        return given;
      },
      /the signature of product-owner@shop.example for product-owner the key SHA256:.* was revoked/,
    ],
    [
      'another signer for a role',
      () => received({ roles: { ...SIGNING.roles, 'technical-lead': { signers: ['ada@shop.example'], quorum: 1 } } }),
      /is no signer of the role technical-lead \(ada@shop.example\)[^]*it says GO; by the signatures that count here it is/,
    ],
    [
      'another checklist',
      () => received({ name: 'billing' }),
      /of the checklist sample, and checklist.yaml here is bi/,
    ],
    [
      'a bundle whose signature was exchanged',
      () => {
        const given = received();
        editFile(join(given.bundle, 'bundle.json'), (text) =>
          text.replace("signedAt: '2027-03-01T12:03:30.000Z'", "signedAt: '2027-03-01T12:03:31.000Z'"),
        );
        return given;
      },
      /says something else than the bundle does[^]*by the signatures that count here it is HOLD/,
    ],
    [
      'a bundle that says more than was signed',
      () => {
        const given = received();
        editFile(join(given.bundle, 'bundle.json'), (text) => text.replaceAll('"A says pass"', '"A says yes"'));
        return given;
      },
      /its record is of another decision/,
    ],
  ])(
    'does not hold by %s',
    async (_, give, why) => {
      releases.run(1);
      expect(await releases.allSign(3)).toBe(0);
      expect(await verify(give())).toBe(1);
      expect(said()).toMatch(why);
    },
    60_000,
  );

  it('is told apart from a rehearsal, and from no bundle', async () => {
    expect(await verify({ bundle: join(elsewhere, 'nothing'), with: elsewhere })).toBe(70);
    expect(said()).toMatch(/golive verify: .*nothing/);
  });
});

describe('signatures do not carry over', () => {
  it.each([
    [
      'to another environment',
      () => {
        const plan = signedPlan();
        const environment = { ...plan.environment, name: 'production' };
        const from = join(releases.root, 'specs/sample/approvals');
        cpSync(join(from, 'staging'), join(from, 'production'), { recursive: true });
        releases.run(10, [IMAGE], signedPlan({ environment }));
      },
      /is for environment staging, this is production/,
    ],
    [
      'to another cluster of that name',
      () => releases.run(10, [IMAGE], signedPlan(), { uid: `${IDENTITY.uid}-other` }),
      /is for the cluster cluster-\d+, this is .*-other/,
    ],
    [
      'to another commit',
      () => releases.run(10, [IMAGE], signedPlan({ release: { ...signedPlan().release, commit: 'b'.repeat(40) } })),
      /is for commit unknown, this is b{40}/,
    ],
    [
      'to another checklist',
      () => releases.run(10, [IMAGE], signedPlan({ checklist: { ...signedPlan().checklist, name: 'billing' } })),
      /is for the checklist sample, this is billing/,
    ],
    [
      'past an override that was added',
      () => {
        const { environment } = signedPlan();
        const overrides = [{ item: 'A', param: 'minimum', value: 1, why: 'It is small' }];
        releases.run(10, [IMAGE], signedPlan({ environment: { ...environment, overrides } }));
      },
      /covers what was decided before: the plan changed: items, parameters, overrides or roles/,
    ],
  ])(
    '%s',
    async (_, change, why) => {
      releases.run(1);
      expect(await releases.allSign(3)).toBe(0);
      change();
      expect(await releases.status(12)).toBe(2);
      expect(releases.decision().decision).toBe('HOLD');
      expect(said()).toMatch(why);
    },
    60_000,
  );

  it('past a waiver that was added', async () => {
    const failing = { over: { outcome: 'fail' as const, message: 'A says fail' } };
    const git = (...args: string[]): void => {
      const by = ['-c', 'user.name=Ada Lovelace', '-c', 'user.email=ada@shop.example'];
      const { status, stderr } = spawnSync('git', [...by, ...args], { cwd: releases.root, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
    };
    const waive = (reason: string): void => {
      writeFileSync(
        join(releases.root, 'specs/sample/waivers.yaml'),
        dump({
          apiVersion: 'golive/v1',
          waivers: [
            {
              ...{ item: 'A', environment: 'staging', release: '1.4.0', reason, ticket: 'OPS-1' },
              ...{ approver: 'Grace Hopper', expires: '2027-04-01T00:00:00Z' },
            },
          ],
        }),
      );
      git('init', '-q');
      git('add', 'specs/sample/waivers.yaml');
      git('commit', '-q', '-m', reason);
    };
    waive('The old version stays for a week, agreed with security');
    releases.run(1, [IMAGE], signedPlan({}, SIGNED_ITEMS), failing);
    expect(await releases.allSign(3)).toBe(0);
    waive('The old version stays for good, as nobody has time');
    expect(await releases.status(at(5).getUTCMinutes())).toBe(2);
    expect(said()).toMatch(/covers what was decided before: A was fail waived sha256:\w+, is fail waived sha256:/);
  }, 60_000);
});

describe('a timestamp of an authority', () => {
  /** Answers a token over a file, by an authority whose certificate is told to everybody. */
  function authority(name: string): { readonly stamp: (file: string) => void; readonly certificate: string } {
    const at = (file: string): string => join(elsewhere, `${name}.${file}`);
    const openssl = (...args: string[]): void => {
      const { status, stderr } = spawnSync('openssl', args, { cwd: elsewhere, encoding: 'utf8' });
      if (status !== 0) throw new Error(`openssl is needed: ${stderr}`);
    };
    writeFileSync(at('serial'), '01\n');
    writeFileSync(
      at('conf'),
      [
        '[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nCN=tsa.test',
        '[ext]\nextendedKeyUsage=critical,timeStamping\nbasicConstraints=critical,CA:true',
        `[tsa]\ndefault_tsa=own\n[own]\nserial=${at('serial')}\nsigner_digest=sha256\ndigests=sha256`,
        'default_policy=1.2.3.4\ness_cert_id_alg=sha256\n',
      ].join('\n'),
    );
    const [key, cert, conf] = [at('key'), at('pem'), at('conf')];
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '3650',
      '-config',
      conf,
    );
    return {
      certificate: readFileSync(cert, 'utf8'),
      stamp: (file) => {
        openssl('ts', '-query', '-data', file, '-sha256', '-cert', '-out', at('tsq'));
        const signer = ['-signer', cert, '-inkey', key, '-config', conf, '-section', 'own'];
        openssl('ts', '-reply', '-queryfile', at('tsq'), ...signer, '-out', `${file}.tsr`);
      },
    };
  }

  it('is told with the signature, and one that does not hold takes the signature with it', async () => {
    const own = authority('own');
    const signed = `${releases.approvalFile('product-owner')}.sig`;
    const trusted = join(releases.root, 'specs/sample/tsa_ca.pem');
    releases.run(1);
    expect(await releases.allSign(3)).toBe(0);
    own.stamp(signed);
    expect(await releases.status(5)).not.toBe(0);
    expect(said()).toMatch(/product-owner.* has a timestamp that does not hold: there is no tsa_ca.pem beside/);
    writeFileSync(trusted, own.certificate);
    told = [];
    // Made by the clock of this machine, which need not agree with that of the story.
    await releases.status(6);
    expect(said()).toMatch(/\(timestamp \d{4}-|is dated .*, after its timestamp of/);
    writeFileSync(trusted, authority('other').certificate);
    told = [];
    expect(await releases.status(7)).not.toBe(0);
    expect(said()).toMatch(/of an authority that does not count/);
    writeFileSync(trusted, own.certificate);
    cpSync(`${signed}.tsr`, `${releases.approvalFile('technical-lead')}.sig.tsr`);
    told = [];
    expect(await releases.status(8)).not.toBe(0);
    expect(said()).toMatch(/technical-lead.* has a timestamp that does not hold: it is of something else/);
  }, 60_000);
});
