import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { progressLine } from '../../checks/contract/progress.ts';
import GateReporter from './gate-reporter.ts';

const root = join(import.meta.dirname, '..', '..');
let folder = '';
let output = '';
let exitCode: number | null = null;

const SPEC = `
import { test, expect } from '@playwright/test';
const outcome = (value) => test.info().annotations.push({ type: 'golive.outcome', description: JSON.stringify(value) });
const place = { annotation: { type: 'golive.place', description: 'specs/x.yaml:34' } };
test('P1-CLU-001 Cluster reachable', place, () => {
  process.stdout.write(${JSON.stringify(progressLine({ item: 'P1-CLU-001', text: 'looking' }))});
  process.stdout.write('a word of its own\\n');
  outcome({ outcome: 'pass', message: '', subjects: 3 });
});
test('P1-CLU-002 Version', place, () => {
  outcome({ outcome: 'fail', reason: 'does-not-conform', message: 'Server is 1.27\\nUpgrade it', subjects: 1 });
  throw new Error('does not conform');
});
test('P1-CLU-003 Says nothing', place, () => {});
test('P1-CLU-004 Crashes', place, () => process.kill(process.pid, 'SIGKILL'));
test('P1-CLU-005 Planned', place, () => {
  outcome({ outcome: 'planned', reason: 'not-built', message: 'Not built', subjects: 0 });
  test.skip();
});
test.describe('Shop', () => {
  test('cart survives a reload', () => expect(1).toBe(1));
});
`;

function run(): Promise<void> {
  // Vitest forces colours; Node warns where that meets NO_COLOR.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'FORCE_COLOR'));
  const cli = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  const child = spawn(process.execPath, [cli, 'test', '--config', folder], {
    cwd: root,
    env: { ...env, NO_COLOR: '1', PLAYWRIGHT_FORCE_TTY: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      exitCode = code;
      resolve();
    });
  });
}

beforeAll(async () => {
  mkdirSync(join(root, '.golive'), { recursive: true });
  folder = mkdtempSync(join(root, '.golive', 'reporter-test-'));
  const reporter = join(root, 'reports', 'tell', 'gate-reporter.ts');
  writeFileSync(
    join(folder, 'playwright.config.mjs'),
    `export default { testDir: '.', testMatch: '*.spec.mjs', workers: 1, reporter: [[${JSON.stringify(reporter)}]],
      outputDir: './results', projects: [{ name: 'phase1' }] };`,
  );
  writeFileSync(join(folder, 'gate.spec.mjs'), SPEC);
  await run();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('shows items and the tests of teams, each with what it is worth', () => {
  expect(output).toMatch(/✓ P1-CLU-001 {2}Cluster reachable {2}\(3 subjects, \d+ ms\)/);
  expect(output).toMatch(
    /✗ P1-CLU-002 {2}Version {2}\(1 subject.*\)\n {4}Server is 1\.27\n {4}Upgrade it\n {4}specs\/x\.yaml:34\n/,
  );
  expect(output).toMatch(/✓ Shop › cart survives a reload/);
  expect(output).toContain('· phase1: 1 planned');
});

it('never shows an item as passed that recorded no outcome, nor one whose worker died', () => {
  expect(output).toMatch(/! P1-CLU-003 {2}Says nothing/);
  expect(output).toMatch(/! P1-CLU-004 {2}Crashes/);
  expect(output.match(/No outcome was recorded/g)).toHaveLength(2);
});

it('swallows progress lines, passes on what tests write, shows no stack', () => {
  expect(output).toContain('a word of its own\n');
  expect(output).not.toContain('golive-progress');
  expect(output).not.toMatch(/\n\s+at /);
  expect(output).not.toContain('\u001b');
});

it('leaves the status to Playwright', () => {
  expect(exitCode).toBe(1);
  expect(new GateReporter().printsToStdio()).toBe(true);
});

it('survives anything and says so once', () => {
  const written: string[] = [];
  const original = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  try {
    const reporter = new GateReporter();
    const broken = undefined as unknown as Parameters<GateReporter['onTestBegin']>[0];
    expect(() => reporter.onTestBegin(broken)).not.toThrow();
    expect(() => reporter.onTestBegin(broken)).not.toThrow();
  } finally {
    process.stderr.write = original;
  }
  expect(written).toHaveLength(1);
  expect(written[0]).toContain('live progress stopped');
});
