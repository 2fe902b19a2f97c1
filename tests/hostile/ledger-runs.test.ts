/** What runs decide when clocks go wrong, when a run could not start, and when it looked at a part only. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../checks/contract/decision.ts';
import { ledgerQuarantine } from '../../commands/ledger.ts';
import { replay } from '../../commands/replay.ts';
import { withdrawDecision } from '../../gate/withdraw.ts';
import { itemOf, planOf } from '../../reports/decide/testing/inputs.ts';
import { decisionFile } from '../../reports/record/paths.ts';
import { openRun } from '../../reports/record/run-folder/open.ts';
import { hostileLedgers, whyOf } from '../harness/hostile-ledgers.ts';
import { cutLines, decisionOf, editFile } from '../harness/recorded-ledger.ts';

const ledgers = hostileLedgers();

describe('time', () => {
  const waivers = (root: string, expires: string): void =>
    writeFileSync(
      join(root, 'specs/sample/waivers.yaml'),
      [
        'apiVersion: golive/v1',
        'waivers:',
        '  - item: B',
        '    environment: staging',
        "    release: '1.4.0'",
        '    reason: known and harmless',
        '    approver: Ada',
        '    ticket: OPS-1',
        `    expires: '${expires}'`,
        '',
      ].join('\n'),
    );
  const red = { over: { outcome: 'fail' as const } };

  it('that was set back does not make an expired waiver hold', () => {
    const root = ledgers().machine();
    waivers(root, '2027-03-01T12:00:30Z');
    ledgers().run(root, 'phase1', 1);
    // A second before the ledger's newest entry, and after the waiver.
    const late = ledgers().decide(root, 0, { ...red, now: new Date('2027-03-01T12:00:10Z') });
    expect(late).toMatchObject({ decision: 'NO-GO', decidedAt: '2027-03-01T12:01:02.000Z' });
    const far = ledgers().decide(root, -60, red);
    expect(far.decision).not.toBe('GO');
    expect(whyOf(far)).toMatch(/is dated .* after this one: set this machine's clock/);
  });

  it('that goes back while a run goes on holds it', () => {
    const root = ledgers().machine();
    const decision = decisionOf(ledgers().run(root, 'phase1', 30, { now: new Date('2027-03-01T12:20:00Z') }));
    expect(decision.selected.decision).toBe('HOLD');
    expect(whyOf(decision)).toMatch(/the clock was set back/);
  });

  it('of an entry far ahead holds every run until it is set aside, and what it judged is judged again', async () => {
    const root = ledgers().machine();
    ledgers().run(root, 'phase1', 0);
    const ahead = basename(ledgers().run(root, 'phase1', 120, { over: { outcome: 'fail' } }));
    expect(whyOf(ledgers().decide(root))).toContain(`golive ledger quarantine ${ahead}`);
    expect(await ledgers().verified(root)).toMatch(new RegExp(`^1 [^]*run ${ahead} is dated .* in the future`));
    expect(await ledgerQuarantine({ root, run: ahead })).toBe(0);
    expect(await ledgerQuarantine({ root, run: '../../x' })).toBe(70);
    const before = ledgers().decide(root, 31);
    expect(before.decision).toBe('HOLD');
    expect(whyOf(before)).toMatch(/was made without knowing of run .*, which was quarantined/);
    ledgers().run(root, 'phase1', 32);
    expect(ledgers().decide(root, 33).decision).toBe('GO');
    expect(await ledgers().verified(root)).toMatch(/^0 [^]*is quarantined: it counts for nothing/);
  });
});

it('a run that could not start takes the decision back, and that is no damage', async () => {
  const root = ledgers().machine();
  ledgers().run(root, 'phase1', 0);
  expect(ledgers().decide(root).decision).toBe('GO');
  withdrawDecision(root, 'checklist, environment or params are invalid (golive validate)');
  expect(await ledgers().verified(root)).toMatch(/^0 [^]*The latest decision was taken back: .*golive validate/);
  editFile(decisionFile(root), (text) => text.replace('"decision": "HOLD"', '"decision": "GO"'));
  expect(await ledgers().verified(root)).toMatch(/^1 [^]*was changed after run/);
});

it('a bundle is vouched for by the record beside it, wherever it is', async () => {
  const root = ledgers().machine();
  const runDir = ledgers().run(root, 'phase1', 0);
  const allowedSigners = join(root, 'specs/sample/allowed_signers');
  const elsewhere = join(root, 'elsewhere');
  cpSync(runDir, elsewhere, { recursive: true });
  rmSync(join(root, '.golive'), { recursive: true });
  const again = (): Promise<number> => replay({ path: join(elsewhere, 'bundle.json'), allowedSigners });
  expect(await again()).toBe(0);
  const copy = readFileSync(join(elsewhere, 'ledger.jsonl'), 'utf8');
  cutLines(join(elsewhere, 'ledger.jsonl'), 1);
  expect(await again()).toBe(70);
  expect(ledgers().said).toMatch(/nobody vouches for it: its record is not signed/);
  writeFileSync(join(elsewhere, 'ledger.jsonl'), copy.replaceAll('"GO"', '"NO-GO"'));
  expect(await again()).toBe(70);
  writeFileSync(join(elsewhere, 'ledger.jsonl'), copy);
  ledgers().allow(root, '');
  expect(await again()).toBe(70);
  rmSync(join(elsewhere, 'ledger.jsonl'));
  expect(await again()).toBe(70);
});

describe('a run of a part', () => {
  const plan = planOf([itemOf('A'), itemOf('A2'), itemOf('B', { phase: 'phase2' })]);
  const part = (root: string, minute: number, items: readonly string[], over = {}): Decision =>
    decisionOf(ledgers().run(root, 'phase1', minute, { plan, items, over }));

  function whole(): string {
    const root = ledgers().machine();
    ledgers().run(root, 'phase1', 0, { plan });
    ledgers().run(root, 'phase2', 1, { plan });
    return root;
  }

  it('leaves the items that it did not judge as they stood, for itself and for later runs', () => {
    const root = whole();
    const good = part(root, 10, ['A']);
    expect(good).toMatchObject({ decision: 'GO', phases: [{ from: 'run' }, { from: 'ledger' }] });
    expect(good.items.map(({ id, from, fromRun }) => [id, from, fromRun === undefined])).toEqual([
      ['A', 'run', true],
      ['A2', 'ledger', false],
      ['B', 'ledger', true],
    ]);
    expect(part(root, 20, ['A2'], { outcome: 'fail' }).decision).toBe('NO-GO');
    expect(ledgers().decide(root, 25, { plan }).decision).toBe('NO-GO');
    expect(part(root, 30, ['A']).decision).toBe('NO-GO');
    expect(part(root, 40, ['A2']).decision).toBe('GO');
    expect(ledgers().decide(root, 45, { plan }).decision).toBe('GO');
  });

  it('that judged nothing changes nothing', () => {
    const root = whole();
    const looked = part(root, 10, ['A'], { outcome: 'not-run', reason: 'precondition' });
    expect(looked.phases[0]).toMatchObject({ decision: 'GO' });
    expect(ledgers().decide(root, 25, { plan })).toMatchObject({ decision: 'GO' });
    expect(part(root, 30, []).decision).toBe('GO');
  });

  it('stands on nothing that is too old, unsigned or was never judged', () => {
    const root = whole();
    expect(part(root, 60 * 25, ['A']).decision).toBe('HOLD');
    const empty = ledgers().machine();
    expect(part(empty, 10, ['A']).selected.decision).toBe('HOLD');
    expect(ledgers().decide(empty, 20, { plan }).decision).toBe('HOLD');
    const unsigned = ledgers().machine();
    ledgers().run(unsigned, 'phase1', 0, { plan, key: null });
    expect(part(unsigned, 10, ['A']).selected.decision).toBe('HOLD');
  });

  it('that lost the record of an item it set out to judge does not find an older one for it', () => {
    const root = whole();
    const runDir = ledgers().run(root, 'phase1', 10, { plan, items: ['A'], over: { planDigest: 'sha256:other' } });
    expect(decisionOf(runDir).items[0]).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
    expect(ledgers().decide(root, 20, { plan }).decision).toBe('HOLD');
  });

  it('that reached no cluster never stands in for one that did', () => {
    const root = whole();
    expect(decisionOf(ledgers().run(root, 'phase1', 10, { plan, uid: null })).decision).toBe('HOLD');
    expect(ledgers().decide(root, 20, { plan }).decision).toBe('GO');
    // One that never ended may have been anything.
    openRun({ root, plan, selectedPhases: ['phase1'], now: new Date('2027-03-01T12:25:00Z') });
    expect(ledgers().decide(root, 30, { plan }).decision).toBe('HOLD');
  });
});
