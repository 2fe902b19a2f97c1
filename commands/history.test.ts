import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { editFile, ledgerFiles, RecordedLedgers } from '../tests/harness/recorded-ledger.ts';
import { itemOf, planOf } from '../reports/decide/testing/inputs.ts';
import { diff } from './diff.ts';
import { history } from './history.ts';

let ledgers: RecordedLedgers;
let root: string;
let said: string;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  root = ledgers.machine();
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-03-01T13:00:00Z') });
  said = '';
  const listen = (text: string | Uint8Array): boolean => ((said += String(text)), true);
  vi.spyOn(process.stdout, 'write').mockImplementation(listen);
  vi.spyOn(process.stderr, 'write').mockImplementation(listen);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  ledgers.close();
});

const broken = {
  outcome: 'fail',
  findings: [{ id: 'down', subject: { name: 'x' }, data: {}, says: 'x: is down, expected up', fix: 'Start x.' }],
} as const;
const run = (minute: number, over = {}, phase = 'phase1'): string =>
  basename(ledgers.run(root, phase, minute, { over }));
const taken = <T>(act: () => T): [T, string] => {
  said = '';
  return [act(), said];
};

describe('golive history', () => {
  it('lists the runs, newest first, and what came and went', () => {
    expect(taken(() => history({ root }))).toEqual([0, 'No run is recorded.\n']);
    const ids = [run(0), run(1, broken), run(2)];
    const [code, text] = taken(() => history({ root }));
    expect(code).toBe(0);
    expect([...text.matchAll(/\d{8}T\S+/g)].map(([id]) => id)).toEqual([...ids].reverse());
    expect(text).toContain('sample 1.4.0 on staging, phase1, 2 s');
    expect(text).toContain('A  turned 2 times: pass → fail → pass');
    expect(taken(() => history({ root, last: '1' }))[1].split('\n')).toHaveLength(2);
    expect(taken(() => history({ root, env: 'other' }))[1]).toBe('No run in other is recorded.\n');
    expect(JSON.parse(taken(() => history({ root, json: true }))[1])).toMatchObject({
      runs: ids.map((runId) => ({ runId, trust: { by: 'runner' } })),
      flapped: [{ item: 'A', turns: 2 }],
    });
    expect(history({ root, last: 'x' })).toBe(64);
  });

  it('says which records count for nothing, and that the ledger is damaged', () => {
    ledgers.run(root, 'phase1', 0, { key: null });
    expect(taken(() => history({ root }))[1]).toContain('its record is not signed');
    run(1);
    editFile(ledgerFiles(root)[1] ?? '', (text) => text.replace('"outcome":"pass"', '"outcome":"fail"'));
    const [code, text] = taken(() => history({ root }));
    expect(code).toBe(1);
    expect(text).toMatch(/The ledger is damaged .*golive verify/);
  });
});

describe('golive diff', () => {
  it('says what got worse, and what was fixed', () => {
    const [good, bad] = [run(0), run(1, broken)];
    expect(taken(() => diff({ root, before: good }))).toEqual([
      1,
      expect.stringMatching(
        /^HOLD \S+ → NO-GO \S+\nRegressed: A, pass → fail\n {4}\+ x: is down, expected up \[down\]\n$/,
      ),
    ]);
    const [code, text] = taken(() => diff({ root, before: bad, after: good }));
    expect(code).toBe(0);
    expect(text).toContain('Fixed: A, fail → pass\n    - x [down]');
    expect(taken(() => diff({ root, before: good, after: good }))).toEqual([
      0,
      expect.stringContaining('Nothing changed.'),
    ]);
  });

  it('compares only what both looked at, and says when a folder is gone', () => {
    const [first, second] = [run(0), run(1, {}, 'phase2')];
    const other = planOf([itemOf('A', { severity: 'major' }), itemOf('B', { phase: 'phase2' })]);
    const third = basename(ledgers.run(root, 'phase2', 2, { plan: other }));
    // The third asked nothing of A, and nothing of the plans before it stands.
    expect(taken(() => diff({ root, before: second, after: third }))).toEqual([
      0,
      expect.stringContaining('Nothing changed.'),
    ]);
    rmSync(`${root}/.golive/runs/${second}`, { recursive: true });
    const [code, text] = taken(() => diff({ root, before: first, after: second }));
    expect(code).toBe(0);
    expect(text).toContain(`The folder of run ${second} is gone`);
  });

  it('takes the beginning of an id, and names what it does not know', () => {
    const id = run(0);
    run(1);
    expect(diff({ root, before: id.slice(0, 14), after: 'latest' })).toBe(0);
    const [code, text] = taken(() => diff({ root, before: '2027', after: 'nowhere' }));
    expect(code).toBe(64);
    expect(text).toMatch(/2 runs begin with 2027: write more of the id\n.*no run nowhere/);
  });
});
