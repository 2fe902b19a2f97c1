import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../../checks/contract/decision.ts';
import { decide } from '../../decide/decide.ts';
import { IDENTITY, inputOf, itemOf, planOf, recordOf, waiverOf } from '../../decide/testing/inputs.ts';
import { finishedEvents, rolledBackEvents } from '../../tell/html/cutover/sample.ts';
import { ledgerFile } from '../ledger/write.ts';
import { appendEvent, appendOutcome } from './append.ts';
import { bundleOf } from './bundle.ts';
import { finishRun } from './finish.ts';
import { RunFileError, appendLines, writeJsonAtomic } from '../io.ts';
import { openRun } from './open.ts';
import { decisionFile, ledgerFolder } from '../paths.ts';
import { readRun } from './read.ts';
import { replay } from './replay.ts';

const plan = planOf([itemOf('A'), itemOf('B', { phase: 'phase2' })]);
const NOW = new Date('2027-03-01T12:00:00Z');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-run-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function without(value: object, ...names: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

function onDisk(): Decision {
  return JSON.parse(readFileSync(decisionFile(root), 'utf8')) as Decision;
}
function open(selectedPhases: readonly string[] | null = null): string {
  const runDir = openRun({ root, plan, selectedPhases, now: new Date('2027-03-01T11:58:00Z') });
  writeJsonAtomic(join(runDir, 'environment.json'), IDENTITY);
  return runDir;
}
function goodRun(): string {
  const runDir = open();
  appendOutcome(runDir, 0, recordOf(plan, 'A'));
  appendOutcome(runDir, 1, recordOf(plan, 'B'));
  return runDir;
}
const finish = (runDir: string, over = {}) => finishRun({ runDir, root, endedBy: 'finished', now: NOW, ...over });

describe('a run', () => {
  it('says HOLD from its first moment, over an earlier GO', () => {
    expect(finish(goodRun())).toMatchObject({ exitCode: 0, decision: { decision: 'GO' } });
    expect(onDisk().decision).toBe('GO');
    open(['phase1']);
    expect(onDisk()).toMatchObject({ decision: 'HOLD', readiness: 'HOLD', selected: { decision: 'HOLD' } });
    expect(onDisk().reasons.map(({ code }) => code)).toEqual(['run-incomplete']);
    expect(onDisk().phases.map(({ decision }) => decision)).not.toContain('GO');
  });

  it('has a private folder with a sortable name', () => {
    const runDir = open();
    expect(statSync(runDir).mode & 0o777).toBe(0o700);
    expect(runDir).toMatch(/20270301T115800000Z-[0-9a-f]{8}$/);
    expect(readdirSync(runDir).sort()).toEqual(['environment.json', 'evidence', 'plan.json', 'run.json', 'snapshots']);
  });

  it('ends with its decision in both places, a ledger, and no snapshots', () => {
    const runDir = goodRun();
    writeFileSync(join(runDir, 'snapshots', 'pods.json'), '{}');
    const { decision, exitCode } = finish(runDir);
    expect(exitCode).toBe(0);
    expect(onDisk()).toEqual(decision);
    expect(JSON.parse(readFileSync(join(runDir, 'decision.json'), 'utf8'))).toEqual(decision);
    expect(existsSync(join(runDir, 'snapshots'))).toBe(false);
    expect(readFileSync(ledgerFile(ledgerFolder(root), decision?.runId ?? ''), 'utf8')).toMatch(/"record":"closing"/);
  });

  it.each([
    ['a failing item', 'fail', 'finished', 1],
    ['an unreachable item', 'error', 'finished', 2],
    ['an interrupt', 'pass', 'interrupted', 130],
    ['a crash', 'pass', 'crashed', 2],
  ] as const)('with %s ends with its exit code', (_, outcome, endedBy, exitCode) => {
    const runDir = open();
    appendOutcome(runDir, 0, recordOf(plan, 'A', outcome));
    appendOutcome(runDir, 0, recordOf(plan, 'B'));
    expect(finish(runDir, { endedBy }).exitCode).toBe(exitCode);
    expect(onDisk().decision).not.toBe('GO');
  });

  it('that was killed leaves its phases undecided for the next one', () => {
    finish(goodRun());
    openRun({ root, plan, selectedPhases: ['phase1'], now: new Date('2027-03-01T12:01:00Z') });
    const second = openRun({ root, plan, selectedPhases: ['phase2'], now: new Date('2027-03-01T12:02:00Z') });
    writeJsonAtomic(join(second, 'environment.json'), IDENTITY);
    appendOutcome(second, 0, recordOf(plan, 'B'));
    const { decision } = finish(second, { now: new Date('2027-03-01T12:03:00Z') });
    expect([decision?.decision, decision?.selected.decision]).toEqual(['HOLD', 'GO']);
    expect(decision?.reasons[0]?.code).toBe('phase-missing');
  });
});

describe('what a killed worker or a careless hand leaves', () => {
  it('a torn last line is a warning, and its item is not recorded', () => {
    const runDir = goodRun();
    appendFileSync(join(runDir, 'outcomes.0.jsonl'), JSON.stringify(recordOf(plan, 'A')).slice(0, 200));
    const run = readRun(runDir);
    expect([run.damage, run.torn]).toEqual([[], ['A']]);
    expect(run.warnings).toEqual([
      'outcomes.0.jsonl:2 was cut off while it was written: the outcome of A does not count',
    ]);
    const { decision } = finish(runDir);
    expect(decision?.items[0]).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
    expect(decision?.warnings).toEqual(run.warnings);
  });

  it.each([
    [
      'a line that is no JSON',
      (dir: string) => appendFileSync(join(dir, 'outcomes.0.jsonl'), 'oops\n'),
      /outcomes\.0\.jsonl:2/,
    ],
    [
      'a line that is no outcome',
      (dir: string) => appendFileSync(join(dir, 'outcomes.0.jsonl'), '{"item":"A"}\n'),
      /outcomes\.0\.jsonl:2/,
    ],
    [
      'an unknown event',
      (dir: string) => appendFileSync(join(dir, 'events.jsonl'), '{"at":"","event":"boo"}\n'),
      /events\.jsonl:1/,
    ],
    ['a changed plan', (dir: string) => changePlan(dir), /plan\.json was changed/],
    [
      'an identity without UID',
      (dir: string) => writeFileSync(join(dir, 'environment.json'), '{"name":"staging"}'),
      /environment\.json/,
    ],
  ])('%s is damage and HOLD', (_, harm, expected) => {
    const runDir = goodRun();
    harm(runDir);
    const { decision, exitCode } = finish(runDir);
    expect(exitCode).toBe(2);
    expect(
      decision?.reasons
        .filter(({ code }) => code === 'run-damaged')
        .map(({ text }) => text)
        .join(),
    ).toMatch(expected);
  });

  it('a line after a torn one starts on a line of its own', () => {
    const path = join(root, 'lines');
    writeFileSync(path, 'torn');
    appendLines(path, ['whole']);
    expect(readFileSync(path, 'utf8')).toBe('torn\nwhole\n');
  });
});

function changePlan(runDir: string): void {
  const path = join(runDir, 'plan.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"waivable":true', '"waivable":false'));
}

describe('when it cannot be written', () => {
  it('a run without a readable plan is broken, and HOLD stays', () => {
    const runDir = goodRun();
    writeFileSync(join(runDir, 'plan.json'), '{');
    expect(finish(runDir)).toEqual({ decision: null, exitCode: 70 });
    expect(onDisk().decision).toBe('HOLD');
  });

  it('a decision that cannot be put in its place is broken', () => {
    const runDir = goodRun();
    rmSync(decisionFile(root));
    mkdirSync(join(decisionFile(root), 'in the way'), { recursive: true });
    expect(finish(runDir)).toEqual({ decision: null, exitCode: 70 });
    expect(existsSync(join(runDir, 'snapshots'))).toBe(false);
  });

  it('a ledger that cannot be closed is broken, and HOLD stays', () => {
    const runDir = goodRun();
    rmSync(ledgerFolder(root), { recursive: true });
    expect(finish(runDir).exitCode).toBe(70);
    expect(onDisk().decision).toBe('HOLD');
  });

  it('a full disk is named, and the run does not start', () => {
    expect(() => appendLines('/dev/full', ['x'])).toThrow(
      /cannot append to \/dev\/full: the disk is full: free some space/,
    );
    writeFileSync(join(root, 'reports'), 'a file');
    expect(() => open()).toThrow(RunFileError);
    expect(existsSync(join(root, '.golive'))).toBe(false);
  });

  it.skipIf(process.getuid?.() === 0)('a folder of somebody else is named', () => {
    chmodSync(root, 0o500);
    expect(() => open()).toThrow(/may not write there/);
    chmodSync(root, 0o700);
  });

  it('decides while the process exits, and leaves HOLD after kill -9', () => {
    const runDir = goodRun();
    const script = (last: string) => `
      import { finishRun } from ${JSON.stringify(join(import.meta.dirname, 'finish.ts'))};
      process.on('exit', () => {
        const options = { runDir: ${JSON.stringify(runDir)}, root: ${JSON.stringify(root)}, endedBy: 'finished' };
        process.exitCode = finishRun({ ...options, now: new Date('2027-03-01T12:00:00Z') }).exitCode;
      });
      process.exitCode = 70;
      ${last}`;
    const run = (last: string) => {
      const file = join(root, 'exit.mjs');
      writeFileSync(file, script(last));
      return spawnSync(process.execPath, [bundled(file)], { encoding: 'utf8' });
    };
    expect(run("process.kill(process.pid, 'SIGKILL');").signal).toBe('SIGKILL');
    expect(onDisk()).toMatchObject({ decision: 'HOLD', reasons: [{ code: 'run-incomplete' }] });
    expect(run('')).toMatchObject({ status: 0, stderr: '' });
    expect(onDisk().decision).toBe('GO');
  });
});

/** Node 20 runs no TypeScript: bundle the script as the command line is bundled. */
function bundled(file: string): string {
  const out = file.replace(/\.mjs$/, '.out.mjs');
  const esbuild = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin', 'esbuild');
  const banner = "--banner:js=import { createRequire as r } from 'node:module'; const require = r(import.meta.url);";
  const built = spawnSync(esbuild, [file, '--bundle', '--platform=node', '--format=esm', banner, `--outfile=${out}`]);
  if (built.status !== 0) throw new Error(String(built.stderr));
  return out;
}

describe('a replay', () => {
  it('gives the same decision, of the folder and of the bundle alone', () => {
    const runDir = goodRun();
    appendEvent(runDir, { at: '2027-03-01T11:59:00Z', event: 'phase-opened', phase: 'phase1' });
    const { decision } = finish(runDir);
    for (const path of [runDir, join(runDir, 'bundle.json')]) {
      const { replayed, differences } = replay(path);
      expect(differences).toEqual([]);
      expect(JSON.stringify(replayed)).toBe(JSON.stringify(decision));
    }
  });

  it('names what differs', () => {
    const runDir = goodRun();
    finish(runDir);
    writeFileSync(join(runDir, 'outcomes.0.jsonl'), `${JSON.stringify(recordOf(plan, 'A', 'fail'))}\n`);
    expect(replay(runDir).differences.join('\n')).toMatch(
      /outcomes\.\*\.jsonl is not what .*\n(.*\n)*decision: recorded "GO", replayed "NO-GO"/,
    );
    expect(replay(join(runDir, 'bundle.json')).differences).toEqual([]);
    expect(() => replay(join(root, 'nothing'))).toThrow(RunFileError);
  });

  it('finds in the bundle each piece of evidence once, and no bundle where one is not what its address says', () => {
    const runDir = goodRun();
    finish(runDir);
    const path = join(runDir, 'bundle.json');
    const text = readFileSync(path, 'utf8');
    expect(text.split('"text":"something"')).toHaveLength(2);
    for (const change of [
      (whole: string) => whole.replace('"text":"something"', '"text":"otherwise"'),
      (whole: string) => whole.replace(/"evidence":\["sha256:\w/, '"evidence":["sha256:x'),
    ]) {
      writeFileSync(path, change(text));
      expect(() => replay(path)).toThrow(/no whole bundle/);
    }
  });

  it('makes the decision of a bundle that the first version wrote', () => {
    const failing = { id: 'bad', subject: { name: 'x' }, data: {}, says: 'x: is bad', fix: 'Mend x.' };
    const waivers = [waiverOf('A', { subject: 'x' })];
    const outcomes = [recordOf(plan, 'A', 'fail', { findings: [failing] }), recordOf(plan, 'B')];
    const input = inputOf(plan, { waivers, outcomes });
    const bundle = bundleOf(input, decide(input));
    const { items, ...decision } = bundle.decision;
    const first = {
      schema: 'golive/bundle/v1',
      input: {
        ...bundle.input,
        outcomes: outcomes.map((record) => ({
          ...without(record, 'findings', 'doubts'),
          schema: 'golive/outcome/v1',
          ...(record.findings.length === 0 ? {} : { failedSubjects: ['x'] }),
        })),
      },
      decision: {
        ...decision,
        schema: 'golive/decision/v1',
        items: items.map((item) => without(item, 'findings', 'doubts')),
      },
    };
    const path = join(root, 'bundle.json');
    writeFileSync(path, JSON.stringify(first));
    const { replayed, differences } = replay(path);
    expect(differences).toEqual([]);
    expect(replayed.items[0]?.waived?.id).toBe('A@staging');
    writeFileSync(path, JSON.stringify({ ...first, decision: { ...first.decision, readiness: 'NO-GO' } }));
    expect(replay(path).differences).toEqual(['readiness: recorded "NO-GO", replayed "GO"']);
  });
});

describe('the log of a cutover', () => {
  const put = (runDir: string, text: string): void => writeFileSync(join(runDir, 'cutover.jsonl'), text);
  const linesOf = (events: readonly unknown[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');

  it('stands in decision.json and in what is replayed', () => {
    const runDir = goodRun();
    put(runDir, linesOf(finishedEvents()));
    expect(finish(runDir).decision).toMatchObject({ decision: 'GO', cutover: { outcome: 'finished', weight: 100 } });
    expect(replay(runDir).differences).toEqual([]);
    // Taken back an hour later: what was decided then is what was decided then.
    const late = { at: '2027-03-01T13:00:00Z', ms: 9e6, event: 'rollback-begun', reason: { code: 'asked', text: 'X' } };
    appendFileSync(join(runDir, 'cutover.jsonl'), linesOf([late]));
    expect(replay(runDir).differences).toEqual([]);
  });

  it('that ends before the cutover does holds the release, and what is torn is warned of', () => {
    const runDir = goodRun();
    put(runDir, `${linesOf(rolledBackEvents().slice(0, -3))}{"at":"2027-`);
    const { decision } = finish(runDir);
    expect(decision).toMatchObject({ decision: 'HOLD', cutover: { outcome: 'unfinished', msToRecovery: null } });
    expect(decision?.warnings.join()).toMatch(/cutover\.jsonl:\d+, the last line, was cut off/);
  });
});
