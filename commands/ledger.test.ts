import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ledgerExport, ledgerImport } from './ledger.ts';
import { report } from './report.ts';
import { replay } from './replay.ts';
import { verify } from './verify.ts';
import { IDENTITY } from '../reports/decide/testing/inputs.ts';
import { finishRun } from '../reports/record/run-folder/finish.ts';
import { openRun } from '../reports/record/run-folder/open.ts';
import { ledgerFolder, runsFolder } from '../reports/record/paths.ts';
import { phasesFor, readOutcomes } from '../reports/record/ledger/lookup.ts';
import { surveyLedger } from '../reports/record/ledger/survey.ts';
import { indexFile } from '../reports/record/ledger/survey-index.ts';
import { exportLedger, importLedger } from '../reports/record/ledger/transfer.ts';
import { verifyLedger } from '../reports/record/ledger/verify.ts';
import {
  editFile as edit,
  ledgerFiles,
  RecordedLedgers,
  SMALL_PLAN as plan,
} from '../tests/harness/recorded-ledger.ts';

let ledgers: RecordedLedgers;
let said: string;
beforeEach(() => {
  ledgers = new RecordedLedgers();
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-03-01T13:00:00Z') });
  said = '';
  const listen = (text: string | Uint8Array): boolean => {
    said += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(listen);
  vi.spyOn(process.stderr, 'write').mockImplementation(listen);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  ledgers.close();
});

const machine = (): string => ledgers.machine();
const run = (root: string, phase: string, minute: number, over = {}): string =>
  ledgers.run(root, phase, minute, { over });
const firstOf = (root: string): string => ledgerFiles(root)[0] ?? '';

describe('golive verify', () => {
  it('finds nothing wrong with what was written', async () => {
    const root = machine();
    expect(await verify({ root })).toBe(2);
    expect(said).toMatch(/no ledger to verify yet/);
    run(root, 'phase1', 0);
    run(root, 'phase2', 1);
    said = '';
    expect(await verify({ root })).toBe(0);
    expect(said).toBe('The ledger is sound: 2 runs, 14 records, 2 evidence files; signed by runner (2 runs).\n');
  });

  it.each([
    [
      'a changed line',
      (path: string) => edit(path, (text) => text.replace('"outcome":"pass"', '"outcome":"fail"')),
      /:4: the line before it was changed, added or removed: expected hash sha256:\w+, actual sha256:\w+/,
    ],
    [
      'a removed line',
      (path: string) => edit(path, (text) => text.split('\n').toSpliced(2, 1).join('\n')),
      /:3: the line before it was changed/,
    ],
    [
      'a removed header',
      (path: string) => edit(path, (text) => text.split('\n').toSpliced(0, 1).join('\n')),
      /:1: the first line continues/,
    ],
    [
      'a line that is no record',
      (path: string) => edit(path, (text) => `${text}{"prev":null}\n`),
      /:8: the line is no ledger record/,
    ],
    [
      'a file cut short',
      (path: string) => edit(path, (text) => `${text.split('\n').slice(0, 2).join('\n')}\n`),
      /has no line with hash .* cut short or replaced/,
    ],
    ['a file removed', (path: string) => rmSync(path), /no file of run/],
    ['an empty file', (path: string) => writeFileSync(path, ''), /no header/],
  ])('names %s', async (_, harm, expected) => {
    const root = machine();
    run(root, 'phase1', 0);
    run(root, 'phase2', 1);
    harm(firstOf(root));
    expect(await verify({ root })).toBe(1);
    expect(said).toMatch(expected);
    expect(said).toMatch(/^The ledger is damaged/);
    // A damaged ledger vouches for nothing, and the next run says so.
    const after = run(root, 'phase1', 2);
    expect(readFileSync(join(after, 'decision.json'), 'utf8')).toMatch(/"code":"run-damaged"/);
    expect(readFileSync(join(root, 'reports', 'out', 'decision.json'), 'utf8')).not.toMatch(/"selected": \{[^}]*"GO"/);
  });

  it('names changed and missing evidence, and knows evidence on another machine', async () => {
    const root = machine();
    const runDir = run(root, 'phase1', 0);
    writeFileSync(join(runDir, 'evidence', 'seen.txt'), 'other');
    expect(verifyLedger(root).damage).toEqual([
      expect.stringMatching(/:3: evidence of A: .*seen\.txt was changed: expected sha256/),
    ]);
    rmSync(join(runDir, 'evidence', 'seen.txt'));
    expect(verifyLedger(root).damage).toEqual([expect.stringMatching(/seen\.txt is missing/)]);
    rmSync(runsFolder(root), { recursive: true });
    expect(await verify({ root })).toBe(0);
    expect(said).toMatch(
      /^The evidence files of 1 run are gone with the folder, or on another machine: 2027\w+-\w+\./m,
    );
  });

  it('names a decision that was changed, and a GO that no run decided', async () => {
    const root = machine();
    const runDir = run(root, 'phase1', 0);
    const latest = join(root, 'reports', 'out', 'decision.json');
    expect(verifyLedger(root).damage).toEqual([]);
    const forged = (text: string): string => text.replaceAll('"HOLD"', '"GO"');
    for (const path of [latest, join(runDir, 'decision.json')]) {
      const written = readFileSync(path, 'utf8');
      writeFileSync(path, forged(written));
      expect(verifyLedger(root).damage).toEqual([expect.stringMatching(/decision\.json: was changed after run/)]);
      expect(report({ root, writeError: () => undefined })).toBe(path === latest ? 70 : 0);
      writeFileSync(path, written);
    }
    edit(latest, (text) => forged(text).replaceAll(basename(runDir), 'run-of-nobody'));
    expect(verifyLedger(root).damage).toEqual([
      expect.stringMatching(/says GO, but the ledger has no decision of run/),
    ]);
    expect(await verify({ root })).toBe(1);
  });

  it('an unfinished run is no damage, and is over when a later one replaces it', async () => {
    const root = machine();
    openRun({ root, plan, selectedPhases: ['phase1'], now: new Date('2027-03-01T11:00:00Z') });
    expect(await verify({ root })).toBe(2);
    expect(said).toMatch(/never said how it ended/);
    expect(verifyLedger(root).damage).toEqual([]);
    edit(firstOf(root), (text) => `${text}{"prev":"sha`);
    expect(verifyLedger(root).damage).toEqual([]);
    run(root, 'phase1', 0);
    expect(await verify({ root })).toBe(0);
    said = '';
    await verify({ root, json: true });
    expect(JSON.parse(said)).toMatchObject({ sound: true, runs: 2, damage: [], incomplete: [] });
  });
});

describe('lookups', () => {
  it('give the phases that were decided of this release in this environment, oldest first', () => {
    const root = machine();
    run(root, 'phase1', 0);
    run(root, 'phase1', 5, { outcome: 'fail' });
    run(root, 'phase2', 6);
    const damage: string[] = [];
    for (const times of ['the first time', 'by the index']) {
      const { runs } = surveyLedger(ledgerFolder(root));
      const phases = phasesFor(runs, plan, IDENTITY);
      expect(
        phases.map(({ phase, decision }) => [phase, decision]),
        times,
      ).toEqual([
        ['phase1', 'GO'],
        ['phase1', 'NO-GO'],
        ['phase2', 'GO'],
      ]);
      const outcomes = phases.map((phase) => readOutcomes(ledgerFolder(root), phase, damage));
      expect(outcomes.map(([one]) => [one?.item, one?.outcome])).toEqual([
        ['A', 'pass'],
        ['A', 'fail'],
        ['B', 'pass'],
      ]);
      expect(phasesFor(runs, plan, { ...IDENTITY, uid: 'another cluster' })).toEqual([]);
      expect(phasesFor(runs, { ...plan, release: { ...plan.release, commit: 'f'.repeat(40) } }, IDENTITY)).toEqual([]);
    }
    expect(damage).toEqual([]);
  });

  /** As many runs as an index is worth. */
  const many = (root: string): string => {
    for (let minute = 0; minute < 20; minute += 1) run(root, 'phase1', minute);
    return ledgerFolder(root);
  };

  it('believe an index only as far as the files are still those that it is of', () => {
    const root = machine();
    const folder = many(root);
    const index = indexFile(folder);
    const whole = surveyLedger(folder);
    expect(readFileSync(index, 'utf8').split('\n')).toHaveLength(21);
    expect(index.startsWith(root)).toBe(false);
    expect(surveyLedger(folder)).toEqual(whole);
    edit(index, (text) => text.replaceAll('"decision":"GO"', '"decision":"DONE"').slice(0, -20));
    expect(surveyLedger(folder)).toEqual(whole);
    rmSync(index);
    mkdirSync(index);
    expect(surveyLedger(folder)).toEqual(whole);
    // As long as before, and with the time of before.
    const { atime, mtime } = statSync(firstOf(root));
    edit(firstOf(root), (text) => text.replace('"outcome":"pass"', '"outcome":"fail"'));
    utimesSync(firstOf(root), atime, mtime);
    expect(surveyLedger(folder)).toMatchObject({
      runs: { length: 19 },
      damage: [expect.stringMatching(/was changed/)],
    });
  });

  it('write an index anew that is mostly of files as they were, and none for a few files', () => {
    const root = machine();
    run(root, 'phase1', 0);
    surveyLedger(ledgerFolder(root));
    const index = indexFile(ledgerFolder(root));
    expect(existsSync(index)).toBe(false);
    surveyLedger(many(root));
    const lines = readFileSync(index, 'utf8');
    writeFileSync(index, lines.replaceAll(/"stamp":"\d+/g, '"stamp":"1').repeat(20));
    surveyLedger(ledgerFolder(root));
    expect(readFileSync(index, 'utf8').split('\n')).toHaveLength(lines.split('\n').length);
  });
});

describe('golive ledger export and import', () => {
  it('join the runs of two machines, as often as one likes', async () => {
    const [one, two] = [machine(), machine()];
    run(one, 'phase1', 0);
    const out = join(one, 'ledger.export');
    expect(await ledgerExport({ root: one, out })).toBe(0);
    expect(await ledgerImport({ root: two, file: out })).toBe(0);
    expect(await ledgerImport({ root: two, file: out })).toBe(0);
    expect(said).toMatch(/Exported 1 run .*\nImported 1 run; 0 already known\.\nImported 0 runs; 1 already known\.\n$/);
    const runDir = run(two, 'phase2', 1);
    expect(JSON.parse(readFileSync(join(runDir, 'decision.json'), 'utf8'))).toMatchObject({ decision: 'GO' });
    expect(verifyLedger(two).damage).toEqual([]);
    said = '';
    expect(await replay({ path: runDir })).toBe(0);
    expect(said).toMatch(/^The same decision again: GO for sample 1\.4\.0 in staging/);
    edit(join(runDir, 'decision.json'), (text) => text.replace('"HOLD"', '"GO"').replace('"GO"', '"NO-GO"'));
    expect(await replay({ path: runDir })).toBe(70);
  });

  it('brings an unfinished run up to date, never back', () => {
    const [one, two] = [machine(), machine()];
    const out = join(one, 'early');
    const runDir = openRun({ root: one, plan, selectedPhases: ['phase1'], now: new Date('2027-03-01T12:00:00Z') });
    exportLedger(ledgerFolder(one), out);
    importLedger(ledgerFolder(two), out);
    finishRun({ runDir, root: one, endedBy: 'finished', now: new Date('2027-03-01T12:00:02Z') });
    exportLedger(ledgerFolder(one), join(one, 'late'));
    expect(importLedger(ledgerFolder(two), join(one, 'late')).added).toHaveLength(1);
    expect(importLedger(ledgerFolder(two), out).unchanged).toHaveLength(1);
    expect(readFileSync(firstOf(two), 'utf8')).toBe(readFileSync(firstOf(one), 'utf8'));
  });

  it.each([
    [
      'a changed run',
      (text: string) => text.replace('\\"outcome\\":\\"pass\\"', '\\"outcome\\":\\"fail\\"'),
      /was changed: expected sha256.*\n.*:4: the line before it was changed/s,
    ],
    [
      'a run left out',
      (text: string) => text.split('\n').toSpliced(1, 1).join('\n'),
      /announces 2 runs, but 1 follow.*\n.*neither here nor in it/s,
    ],
    ['another file', () => '{"schema":"other"}\n', /no ledger export/],
    ['a run id that is a path', (text: string) => text.replace(/"runId":"[^"]+"/, '"runId":"../../x"'), /no run id/],
    ['nothing', () => '', /no ledger export/],
  ])('refuse %s as a whole', async (_, change, expected) => {
    const [one, two] = [machine(), machine()];
    run(one, 'phase1', 0);
    run(one, 'phase2', 1);
    const out = join(one, 'out');
    exportLedger(ledgerFolder(one), out);
    edit(out, change);
    expect(await ledgerImport({ root: two, file: out })).toBe(70);
    expect(said).toMatch(expected);
    expect(verifyLedger(two).runs).toBe(0);
  });

  it('refuse what contradicts the ledger that is here, and an export of damage or of nothing', async () => {
    const [one, two] = [machine(), machine()];
    run(one, 'phase1', 0);
    const out = join(one, 'out');
    exportLedger(ledgerFolder(one), out);
    importLedger(ledgerFolder(two), out);
    edit(firstOf(two), (text) => text.replace('"pass"', '"fail"'));
    expect(await ledgerImport({ root: two, file: out })).toBe(70);
    expect(said).toMatch(/says something else about run/);
    expect(await ledgerExport({ root: two, out: join(two, 'out') })).toBe(70);
    expect(said).toMatch(/damaged and is not exported/);
    expect(await ledgerExport({ root: machine(), out })).toBe(70);
    expect(await ledgerExport({ root: one, out, run: 'unknown' })).toBe(70);
  });
});
