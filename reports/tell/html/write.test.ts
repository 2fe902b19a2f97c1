import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DecidedItem } from '../../../checks/contract/decision.ts';
import { rolledBackEvents } from './cutover/sample.ts';
import { sampleDecision, sampleItem } from './sample.ts';
import { writeHtmlReport } from './write.ts';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'golive-report-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const RUN = 'run-1';
const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
function keep(path: string, text: string, run = RUN): void {
  const file = join(root, 'runs', run, 'evidence', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
function itemWith(path: string, text: string, facts: Partial<DecidedItem> = {}): DecidedItem {
  return sampleItem({
    id: 'P1-F-001',
    title: 'File',
    outcome: 'fail',
    evidence: [{ type: 'file', title: 'F', path, mediaType: 'text/plain', sha256: digest(text), bytes: text.length }],
    ...facts,
  });
}
function write(...items: readonly DecidedItem[]): string {
  const page = writeHtmlReport({
    decision: sampleDecision({ items, runId: RUN }),
    plan: null,
    outDir: join(root, 'out'),
    runsDir: join(root, 'runs'),
  });
  return readFileSync(page, 'utf8');
}
const copied = (path: string): string => join(root, 'out', 'evidence', path);

it('copies evidence beside the page and links it', () => {
  keep('load/a b.json', '{}');
  expect(write(itemWith('load/a b.json', '{}'))).toContain('href="evidence/run-1/load/a%20b.json"');
  expect(readFileSync(copied('run-1/load/a b.json'), 'utf8')).toBe('{}');
});

it('takes the evidence of a phase that stands from an earlier run from that run', () => {
  keep('x.txt', 'old', 'run-0');
  const item = itemWith('x.txt', 'old', { from: 'ledger' });
  const decision = sampleDecision({ items: [item], runId: RUN });
  const phases = decision.phases.map((phase) => ({ ...phase, from: 'ledger' as const, fromRun: 'run-0' }));
  writeHtmlReport({
    decision: { ...decision, phases },
    plan: null,
    outDir: join(root, 'out'),
    runsDir: join(root, 'runs'),
  });
  expect(readFileSync(copied('run-0/x.txt'), 'utf8')).toBe('old');
});

it('removes the evidence of the page before', () => {
  keep('x.txt', 'x');
  write(itemWith('x.txt', 'x'));
  write(sampleItem({ id: 'P1-F-001', title: 'File', outcome: 'pass' }));
  expect(existsSync(copied('run-1/x.txt'))).toBe(false);
});

it.each(['../../secret', '/etc/hostname', 'a/../../../secret'])('refuses the path %s', (path) => {
  writeFileSync(join(root, 'secret'), 'secret');
  keep('here', '');
  expect(write(itemWith(path, 'secret'))).toContain('its path leaves the evidence folder');
  expect(existsSync(join(root, 'out', 'evidence'))).toBe(false);
});

it('refuses links, of the file and of a folder on the way', () => {
  mkdirSync(join(root, 'private'));
  writeFileSync(join(root, 'private', 'key'), 'secret');
  keep('here', '');
  symlinkSync(join(root, 'private', 'key'), join(root, 'runs', RUN, 'evidence', 'link'));
  symlinkSync(join(root, 'private'), join(root, 'runs', RUN, 'evidence', 'folder'));
  const text = write(itemWith('link', 'secret'), itemWith('folder/key', 'secret', { id: 'P1-F-002' }));
  expect(text).toContain('Not beside this page: it is a link');
  expect(text).toContain('a link leads out of the evidence folder');
  expect(existsSync(copied('run-1/link'))).toBe(false);
  expect(existsSync(copied('run-1/folder/key'))).toBe(false);
});

it('says when a file is missing or has changed', () => {
  keep('changed', 'now');
  const text = write(itemWith('changed', 'then'), itemWith('gone', 'x', { id: 'P1-F-002' }));
  expect(text).toContain('the file has changed since it was recorded');
  expect(text).toContain('the file is missing');
  expect(existsSync(copied('run-1/changed'))).toBe(false);
});

it('shows the cutover of its run, or of the earlier one that the phase stands from, also from a log that is torn', () => {
  const lines = rolledBackEvents().map((event) => JSON.stringify(event));
  const put = (run: string, text: string): void => {
    mkdirSync(join(root, 'runs', run), { recursive: true });
    writeFileSync(join(root, 'runs', run, 'cutover.jsonl'), text);
  };
  put(RUN, `${lines.join('\n')}\n{"at":"2026-`);
  const own = write();
  expect(own).toContain('id="taken-back"');
  expect(own).toMatch(/cutover\.jsonl:\d+, the last line, was cut off/);
  const step = sampleItem({ id: 'P4-MIG-001', title: '5 %', outcome: 'fail', kind: 'cutover/step', from: 'ledger' });
  const decision = sampleDecision({ items: [step], runId: 'run-2' });
  const phases = decision.phases.map((phase) => ({ ...phase, from: 'ledger' as const, fromRun: RUN }));
  const page = writeHtmlReport({
    decision: { ...decision, phases },
    plan: null,
    outDir: join(root, 'out'),
    runsDir: join(root, 'runs'),
  });
  expect(readFileSync(page, 'utf8')).toContain('In the earlier run run-1.');
});
