/** The story of a release that people sign, with real keys, on recorded runs: HOLD, signatures, GO, a change, HOLD again; and all that is refused. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Decision } from '../checks/contract/decision.ts';
import { IDENTITY, itemOf } from '../reports/decide/testing/inputs.ts';
import { standingApproval } from '../reports/record/ledger/approval.ts';
import { verifyLedger } from '../reports/record/ledger/verify.ts';
import { decisionFile } from '../reports/record/paths.ts';
import { replay } from '../reports/record/run-folder/replay.ts';
import { ledgerFiles, editFile } from '../tests/harness/recorded-ledger.ts';
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
import { sign } from './sign.ts';

const releases = new SignedReleases(sign);
const { ledgers } = releases;
let root: string;
let uid: string;
let told: string[];
beforeEach(() => {
  vi.stubEnv('GOLIVE_LEDGER_KEY', ledgers.key());
  told = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      told.push(String(text));
      return true;
    });
  releases.begin();
  ({ root, uid } = releases);
});
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  ledgers.close();
});

const plan = signedPlan();
const run: SignedReleases['run'] = (...args) => releases.run(...args);
const by: SignedReleases['by'] = (...args) => releases.by(...args);
const allSign: SignedReleases['allSign'] = (minute) => releases.allSign(minute);
const decision = (): Decision => releases.decision();
const approvalFile: SignedReleases['approvalFile'] = (role) => releases.approvalFile(role);
const said = (): string => told.join('');

describe('a release that people sign', () => {
  it('is HOLD, GO when all have signed, HOLD when an image changes, and GO when they have signed again', async () => {
    run(1);
    expect(decision().decision).toBe('HOLD');
    expect(
      decision()
        .reasons.map(({ text }) => text)
        .join(),
    ).toMatch(/^ready; five signatures are missing/);
    expect(await by('technical-lead', 3)).toBe(2);
    expect(said()).toMatch(/technical-lead accepts the release/);
    expect(said()).toMatch(/missing {2}security-team: 0 of 1, by security-team@shop.example or two@shop.example/);
    expect(await allSign(4)).toBe(0);
    expect(decision()).toMatchObject({ decision: 'GO', readiness: 'GO' });
    expect(said()).toMatch(/golive verify \.golive\/runs\/[^/]+\/signed --with FOLDER/);
    // What people look at says it, too.
    expect(readFileSync(join(root, 'reports/out/index.html'), 'utf8')).toMatch(/<title>[^<]*GO/);
    expect(verifyLedger(root, at(5)).damage).toEqual([]);
    const approved = standingApproval(root, plan, { ...IDENTITY, uid });
    expect(approved).toMatchObject({ by: 'runner', approval: { images: [IMAGE] } });
    expect('approval' in approved && approved.approval.signatures.map(({ role }) => role).sort()).toEqual(
      [...ROLES].sort(),
    );

    run(10, ['shop/api@sha256:bb']);
    expect(decision().decision).toBe('HOLD');
    expect(decision().items[1]?.message).toMatch(/image shop\/api@sha256:bb is new; image shop\/api@sha256:aa is gone/);
    expect(await allSign(12)).toBe(0);
    expect(said()).toMatch(/Changed since the signature of .*\n {2}- image shop\/api@sha256:bb is new/);
    // A run that finds everything signed is GO by itself, and its bundle says so anywhere.
    run(20, ['shop/api@sha256:bb']);
    expect(decision().decision).toBe('GO');
    const again = replay(join(root, '.golive/runs', decision().runId));
    expect([again.differences, again.replayed.decision]).toEqual([[], 'GO']);
  }, 60_000);

  it('is NO-GO by a veto, until the same person signs', async () => {
    run(1);
    await allSign(3);
    expect(await by('product-owner', 4, { reject: true })).toBe(64);
    expect(await by('product-owner', 4, { reject: true, reason: 'The price list is wrong' })).toBe(1);
    expect(decision().decision).toBe('NO-GO');
    expect(said()).toMatch(/VETO {5}product-owner: product-owner@shop.example: The price list is wrong/);
    expect(await by('product-owner', 5)).toBe(0);
    rmSync(approvalFile('product-owner'));
    expect(await sign({ root, status: true, now: at(6) })).toBe(2);
  }, 60_000);

  it('is not signed while it is not ready', async () => {
    ledgers.run(root, 'final', 1, { plan, uid });
    expect(await by('technical-lead', 2)).toBe(2);
    expect(said()).toMatch(
      /readiness up to final is HOLD, so there is nothing to sign yet:\n {2}phase1 has no decision/,
    );
  });
});

describe('what is refused', () => {
  it.each([
    [
      'a key that nobody allowed',
      () => by('technical-lead', 3, { key: ledgers.key('stranger'), as: person('technical-lead') }),
      /no line of .* allows the key/,
    ],
    [
      'the name of somebody else',
      () => by('technical-lead', 3, { as: 'two@shop.example' }),
      /it is not of two@shop.example/,
    ],
    [
      'a signer without the role',
      () => by('technical-lead', 3, { key: ledgers.key('product-owner'), as: person('product-owner') }),
      /is no signer of the role technical-lead/,
    ],
    ['a role that nobody has', () => by('ghost', 3), /nobody signs for the role ghost/],
  ])('%s', async (_, attempt, why) => {
    run(1);
    expect([64, 70]).toContain(await attempt());
    expect(said()).toMatch(why);
    expect(await sign({ root, status: true, now: at(4) })).toBe(2);
  });

  it.each([
    [
      'a changed text',
      () =>
        editFile(approvalFile('product-owner'), (text) => text.replace('reason', 'Reason').replace('1.4.0', '1.4.0 ')),
      /product-owner/,
    ],
    [
      'a forged signature',
      () =>
        writeFileSync(`${approvalFile('product-owner')}.sig`, readFileSync(`${approvalFile('technical-lead')}.sig`)),
      /of another text/,
    ],
    [
      'a key that has expired',
      () => releases.allow('namespaces="golive-signoff",valid-before="20270301120400Z"'),
      /does not count now/,
    ],
    [
      'a key that was revoked',
      () =>
        writeFileSync(join(root, 'specs/sample/revoked_signers'), readFileSync(`${ledgers.key('product-owner')}.pub`)),
      /was revoked/,
    ],
    ['a key for another purpose', () => releases.allow('namespaces="golive-ledger"'), /allows the key/],
  ])(
    '%s takes the GO back',
    async (_, change, why) => {
      run(1);
      expect(await allSign(3)).toBe(0);
      change();
      expect(await sign({ root, status: true, now: at(5) })).not.toBe(0);
      expect(decision().decision).not.toBe('GO');
      expect(said()).toMatch(why);
    },
    60_000,
  );

  it('one person for two roles, and the author', async () => {
    run(1);
    const two = { key: ledgers.key('two') };
    await by('technical-lead', 3, two);
    await by('security-team', 4, two);
    expect(said()).toMatch(
      /ignored {2}security-team: the signature of two@shop.example is by .*, who signs for technical-lead already/,
    );
    const authored = signedPlan({ signing: { ...SIGNING, authors: [person('operations-team')] } });
    run(10, [IMAGE], authored);
    await by('operations-team', 12);
    expect(said()).toMatch(/operations-team@shop.example, who wrote the release/);
  }, 60_000);

  it('signatures of another release, environment or plan', async () => {
    run(1);
    expect(await allSign(3)).toBe(0);
    const file = approvalFile('technical-lead');
    const [first = itemOf('A'), ...others] = SIGNED_ITEMS;
    const other = signedPlan({}, [{ ...first, params: { changed: true } }, ...others]);
    run(10, [IMAGE], other);
    expect(await sign({ root, status: true, now: at(12) })).toBe(2);
    expect(said()).toMatch(/the plan changed: items, parameters, overrides or roles/);
    expect(readFileSync(file, 'utf8')).toMatch(/version: 1.4.0/);
    const next = signedPlan({ release: { ...plan.release, version: '1.5.0' } });
    run(20, [IMAGE], next);
    expect(await sign({ root, status: true, now: at(22) })).toBe(2);
    expect(said()).toMatch(/is for release sample 1.4.0, this is sample 1.5.0/);
  }, 60_000);

  it('a run that was changed after it was recorded, and a ledger that was', async () => {
    run(1);
    editFile(join(root, '.golive/runs', decision().runId, 'outcomes.0.jsonl'), (text) =>
      text.replace(/says pass/, 'says GO'),
    );
    expect(await by('technical-lead', 3)).toBe(70);
    expect(said()).toMatch(/is not what it recorded/);
    run(5);
    await allSign(7);
    editFile(decisionFile(root), (text) => text.replace('"readiness"', '"Readiness"'));
    expect(await sign({ root, status: true, now: at(8) })).toBe(70);
    run(10);
    editFile(ledgerFiles(root).at(-1) ?? '', (text) => text.replace('"GO"', '"HOLD"'));
    expect(await sign({ root, status: true, now: at(12) })).not.toBe(0);
  }, 60_000);

  it('an approval whose signer was revoked later', async () => {
    run(1);
    expect(await allSign(3)).toBe(0);
    expect(standingApproval(root, plan, { ...IDENTITY, uid })).toHaveProperty('approval');
    writeFileSync(join(root, 'specs/sample/revoked_signers'), readFileSync(`${ledgers.key('two')}.pub`));
    expect(standingApproval(root, plan, { ...IDENTITY, uid })).toHaveProperty('approval');
    writeFileSync(join(root, 'specs/sample/revoked_signers'), readFileSync(`${ledgers.key('product-owner')}.pub`));
    expect(standingApproval(root, plan, { ...IDENTITY, uid })).toMatchObject({
      none: expect.stringMatching(/was revoked/) as string,
    });
    expect(standingApproval(root, plan, { ...IDENTITY, uid: 'another' })).toHaveProperty('none');
  }, 60_000);
});
