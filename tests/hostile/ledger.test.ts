/** An attacker who writes `.golive` and `reports`, and has no key: whatever they put there, nothing becomes GO by it, and it is told what it is. */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../checks/contract/canonical.ts';
import { clusterUidOf } from '../../checks/contract/rehearsal-key.ts';
import { ed25519Blob, signEd25519 } from '../../checks/protocols/ssh/signature.ts';
import { ledgerExport, ledgerImport } from '../../commands/ledger.ts';
import { report } from '../../commands/report.ts';
import { IDENTITY, itemOf, planOf } from '../../reports/decide/testing/inputs.ts';
import { chain, statementOf, type LedgerRecord } from '../../checks/contract/ledger.ts';
import { verifyLedger } from '../../reports/record/ledger/verify.ts';
import { ledgerFile } from '../../reports/record/ledger/write.ts';
import { decisionFile, ledgerFolder } from '../../reports/record/paths.ts';
import { hostileLedgers, whyOf } from '../harness/hostile-ledgers.ts';
import { cutLines, editFile, ledgerFiles, SMALL_PLAN } from '../harness/recorded-ledger.ts';

const ledgers = hostileLedgers();

interface Forgery {
  readonly root: string;
  readonly runId?: string;
  readonly records?: (records: LedgerRecord[]) => LedgerRecord[];
  /** Signs the hash of the closing line, or leaves it. */
  readonly sign?: (statement: string) => string;
}

/** The records of a run that never was, every line with its right hash, in a file that no run wrote. */
function forge({ root, runId = '20270301T121000000Z-0badf00d', records = (all) => all, sign }: Forgery): string {
  const model = ledgers().machine();
  const written = readFileSync(
    ledgerFile(ledgerFolder(model), basename(ledgers().run(model, 'phase1', 10, { key: null }))),
    'utf8',
  );
  const lines = written.trimEnd().split('\n');
  const parsed = lines.map((line) => {
    const record = without(JSON.parse(line) as LedgerRecord, 'prev');
    return record.record === 'header' ? { ...record, runId } : record;
  });
  const text = chain(records(parsed), null);
  const head = sha256(text.at(-1) ?? '');
  if (sign) text.push(...chain([{ record: 'signature', signature: sign(statementOf(runId, head)) }], head));
  const file = ledgerFile(ledgerFolder(root), runId);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text.join('\n')}\n`);
  return file;
}

function without(record: LedgerRecord, name: string): LedgerRecord {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name)) as unknown as LedgerRecord;
}

function signedBy(key: string, namespace = 'golive-ledger'): (text: string) => string {
  return (input) =>
    spawnSync('ssh-keygen', ['-Y', 'sign', '-f', key, '-n', namespace], { input, encoding: 'utf8' }).stdout;
}

it('what the runner signed counts', async () => {
  const root = ledgers().machine();
  ledgers().run(root, 'phase1', 0);
  expect(ledgers().decide(root)).toMatchObject({ decision: 'GO', phases: [{ from: 'ledger' }, { from: 'run' }] });
  expect(await ledgers().verified(root)).toMatch(/^0 The ledger is sound: .*; signed by runner \(2 runs\)\.$/m);
  expect(statSync(dirname(decisionFile(root))).mode & 0o777).toBe(0o700);
  expect(statSync(decisionFile(root)).mode & 0o777).toBe(0o600);
});

describe('a record that nobody with a key wrote', () => {
  it.each([
    ['without a signature', () => undefined, /its record is not signed/],
    ['signed by a key of the attacker', () => signedBy(ledgers().makeKey('mallory')), /is in no line of it/],
    [
      'signed by a key that may do other things',
      () => signedBy(ledgers().makeKey('approver')),
      /has no line with namespaces/,
    ],
    [
      'signed by the runner for another purpose',
      () => signedBy(ledgers().key(), 'golive'),
      /is for the purpose "golive"/,
    ],
    ['with a signature of something else', () => () => signedBy(ledgers().key())('text'), /is of another text/],
    ['with no signature in its place', () => () => 'yes', /cannot be read/],
  ])('%s holds its phase', async (_, signer, expected) => {
    const root = ledgers().machine();
    const sign = signer();
    if (existsSync(ledgers().key('approver')))
      ledgers().allow(root, `${ledgers().allowing()}${ledgers().allowing('approver', 'namespaces="golive"')}`);
    forge({ root, ...(sign ? { sign } : {}) });
    const decision = ledgers().decide(root);
    expect(decision).toMatchObject({ decision: 'HOLD', phases: [{ decision: null, from: 'none' }, {}] });
    expect(whyOf(decision)).toMatch(expected);
    const told = await ledgers().verified(root);
    expect(told).toMatch(/^2 The chains are whole.*\nNobody vouches for 1 run/);
    expect(told).toMatch(expected);
  });

  it('does not stand behind a decision.json that says GO', async () => {
    const root = ledgers().machine();
    // A whole run, signed by whoever made it: the attacker's own machine.
    const other = ledgers().machine();
    ledgers().run(other, 'phase1', 0, { key: ledgers().makeKey('mallory') });
    ledgers().allow(other, ledgers().allowing('mallory'));
    ledgers().decide(other, 30, { key: ledgers().key('mallory') });
    for (const name of ['.golive', 'reports']) renameSync(join(other, name), join(root, name));
    expect(JSON.parse(readFileSync(decisionFile(root), 'utf8'))).toMatchObject({ decision: 'GO' });
    expect(report({ root })).toBe(2);
    expect(ledgers().said).toMatch(/says GO, and the record of run \w+-\w+ is signed by a key that .* does not allow/);
    expect(await ledgers().verified(root)).toMatch(/^2 The chains are whole/);
    expect(ledgers().decide(root, 40).decision).toBe('HOLD');
  });

  it('brings no keys along', () => {
    const root = ledgers().machine();
    const sign = signedBy(ledgers().makeKey('mallory'));
    const checklist = '.golive/mallory/checklist.yaml';
    mkdirSync(join(root, '.golive', 'mallory'), { recursive: true });
    writeFileSync(join(root, '.golive', 'mallory', 'allowed_signers'), ledgers().allowing('mallory'));
    forge({ root, sign, records: (all) => all.map((one) => (one.record === 'header' ? { ...one, checklist } : one)) });
    expect(ledgers().decide(root).decision).toBe('HOLD');
    expect(verifyLedger(root).unsigned).toMatchObject([{ why: expect.stringMatching(/does not allow/) as string }]);
  });

  it('is no rehearsal’s either, where the environment is none', () => {
    const root = ledgers().machine();
    const { privateKey } = generateKeyPairSync('ed25519');
    const uid = clusterUidOf(ed25519Blob(privateKey));
    const records = (all: LedgerRecord[]): LedgerRecord[] =>
      all.map((one) => {
        if (one.record === 'header') return { ...one, rehearsal: true };
        return one.record === 'environment' ? { ...one, uid } : one;
      });
    forge({ root, records, sign: (text) => signEd25519(text, 'golive-ledger', privateKey) });
    expect(ledgers().decide(root, 30, { uid }).decision).toBe('HOLD');
    expect(verifyLedger(root).unsigned).toMatchObject([{ why: "is a rehearsal's, and staging is none by its name" }]);
    // And on a rehearsal, only of the cluster that the key belongs to.
    const plan = planOf(SMALL_PLAN.items, { environment: { ...SMALL_PLAN.environment, rehearsal: true } });
    const rehearsed = ledgers().machine();
    const own = (all: LedgerRecord[]): LedgerRecord[] =>
      records(all).map((one) => ({
        ...one,
        ...(one.record === 'header' ? { planDigest: plan.digest } : {}),
        ...(one.record === 'environment' ? { uid: IDENTITY.uid } : {}),
        ...(one.record === 'outcome' ? { outcome: { ...one.outcome, planDigest: plan.digest } } : {}),
      }));
    forge({ root: rehearsed, records: own, sign: (text) => signEd25519(text, 'golive-ledger', privateKey) });
    const decision = ledgers().decide(rehearsed, 30, { plan });
    expect(decision.decision).toBe('HOLD');
    expect(whyOf(decision)).toMatch(/is not the key of the rehearsal that it names/);
  });

  it('of the versions before is history: read, and not counted', async () => {
    const root = ledgers().machine();
    const old = (all: LedgerRecord[]): LedgerRecord[] =>
      all.map((one) => (one.record === 'header' ? { ...one, schema: 'golive/ledger/v2' as const } : one));
    forge({ root, records: old });
    expect(whyOf(ledgers().decide(root))).toMatch(/its record was written before records were signed/);
    ledgers().run(root, 'phase1', 40);
    expect(await ledgers().verified(root)).toMatch(
      /^0 The ledger is sound: .*\n1 unsigned run that later ones have replaced: history only\.$/m,
    );
    expect(ledgers().decide(root, 45).decision).toBe('GO');
  });

  it('is every record of a runner without a key', async () => {
    const root = ledgers().machine();
    ledgers().run(root, 'phase1', 0, { key: null });
    expect(whyOf(ledgers().decide(root, 30, { key: null }))).toMatch(
      /phase1 has no decision: run .* and its record is not signed/,
    );
    expect(await ledgers().verified(root)).toMatch(/^2 .*nobody has signed any of it/);
  });
});

describe('a ledger that was changed', () => {
  /** GO of phase1, then NO-GO of it: what an attacker wants to be rid of. */
  function refused(): { root: string; good: string; bad: string } {
    const root = ledgers().machine();
    ledgers().run(root, 'phase1', 0);
    ledgers().run(root, 'phase1', 5, { over: { outcome: 'fail' } });
    const [good = '', bad = ''] = ledgerFiles(root);
    return { root, good, bad };
  }

  it.each([
    [
      'without its last run',
      (_: string, bad: string) => rmSync(bad),
      /cut short, or an older copy.*decided phase1 after run/,
    ],
    ['with an older copy of it', (good: string, bad: string) => copyFileSync(good, bad), /the header is of run/],
    ['with the last run unfinished', (_: string, bad: string) => cutLines(bad, 3), /its signed record is gone/],
    ['with the last run unsigned', (_: string, bad: string) => cutLines(bad, 1), /its signed record is gone/],
    [
      'with another verdict',
      (_: string, bad: string) => editFile(bad, (text) => text.replaceAll('NO-GO', 'GO')),
      /line before it was changed/,
    ],
    ['with lines in another order', (_: string, bad: string) => editFile(bad, reordered), /line before it was changed/],
    [
      'with its last run set aside',
      (_: string, bad: string) => writeFileSync(bad.replace('jsonl', 'quarantined'), ''),
      /is quarantined/,
    ],
    [
      'with its last run set aside and gone',
      (_: string, bad: string) => {
        writeFileSync(bad.replace('jsonl', 'quarantined'), '');
        rmSync(bad);
      },
      /is quarantined/,
    ],
    ['with an index that lies', (good: string) => writeFileSync(`${dirname(good)}.index`, 'lies'), /^0/],
  ])('%s is no GO', async (_, harm, expected) => {
    const { root, good, bad } = refused();
    harm(good, bad);
    const told = await ledgers().verified(root);
    expect(told).toMatch(expected);
    expect(ledgers().decide(root).decision).not.toBe('GO');
  });

  it('on a machine that has seen nothing is told by what later runs name', async () => {
    const { root, bad } = refused();
    ledgers().decide(root, 10);
    rmSync(process.env['XDG_STATE_HOME'] ?? '', { recursive: true, force: true });
    rmSync(bad);
    expect(await ledgers().verified(root)).toMatch(/^1 [^]*the run it continues is missing: no file of run/);
    expect(ledgers().decide(root).decision).toBe('HOLD');
  });

  it('is whole again when the phase has been judged again', async () => {
    const { root, bad } = refused();
    rmSync(bad);
    expect(whyOf(ledgers().decide(root, 10))).toMatch(
      /is older than that of run .*, which this machine has seen and the ledger has lost/,
    );
    ledgers().run(root, 'phase1', 20);
    expect(ledgers().decide(root).decision).toBe('GO');
    expect(await ledgers().verified(root)).toMatch(/^0/);
  });

  it('of another release, environment or checklist stands for nothing here', () => {
    for (const over of [
      { release: { name: 'sample', version: '1.3.9', commit: 'unknown' } },
      { environment: { ...SMALL_PLAN.environment, name: 'production' } },
      { items: [itemOf('A', { severity: 'minor' }), ...SMALL_PLAN.items.slice(1)] },
    ]) {
      const root = ledgers().machine();
      ledgers().run(root, 'phase1', 0, { plan: planOf(over.items ?? SMALL_PLAN.items, over) });
      expect(ledgers().decide(root).decision).toBe('HOLD');
    }
    const root = ledgers().machine();
    ledgers().run(root, 'phase1', 0, { uid: 'another-cluster' });
    expect(ledgers().decide(root).decision).toBe('HOLD');
  });

  it('keeps its signatures when it is carried', async () => {
    const [one, two, three] = [ledgers().machine(), ledgers().machine(), ledgers().machine()];
    ledgers().run(one, 'phase1', 0);
    await ledgerExport({ root: one, out: join(one, 'out') });
    await ledgerImport({ root: two, file: join(one, 'out') });
    expect(ledgers().decide(two).decision).toBe('GO');
    ledgers().allow(three, '');
    await ledgerImport({ root: three, file: join(one, 'out') });
    expect(ledgers().decide(three, 40).decision).toBe('HOLD');
  });
});

function reordered(text: string): string {
  const lines = text.trimEnd().split('\n');
  return `${[...lines.slice(0, 2), ...lines.slice(2, -1).reverse(), lines.at(-1)].join('\n')}\n`;
}

it('a record whose times do not fit is told to be back-dated', async () => {
  const root = ledgers().machine();
  ledgers().run(root, 'phase1', 0);
  const [first = ''] = ledgerFiles(root);
  const heads = [
    {
      runId: basename(first, '.jsonl'),
      hash: sha256(readFileSync(first, 'utf8').trimEnd().split('\n').at(-1) ?? ''),
    },
  ];
  const records = (all: LedgerRecord[]): LedgerRecord[] =>
    all.map((one) => {
      const then = '2027-02-01T12:00:00.000Z';
      if (one.record === 'header') return { ...one, heads, startedAt: then };
      return 'decidedAt' in one ? { ...one, decidedAt: then } : one;
    });
  forge({ root, records, runId: '20270201T120000000Z-0badf00d' });
  expect(await ledgers().verified(root)).toMatch(/^1 [^]*is dated before run .*, which it continues: it is back-dated/);
  expect(ledgers().decide(root).phases[0]).toMatchObject({ decision: 'GO' });
});
