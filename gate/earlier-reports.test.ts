import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setReportsAside } from './earlier-reports.ts';

const YESTERDAYS = ['decision.json', 'index.html', 'junit.xml', 'notes.txt'];
let root: string;
let out: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-reports-'));
  out = join(root, 'reports', 'out');
  mkdirSync(join(out, 'playwright'), { recursive: true });
  for (const name of [...YESTERDAYS, 'playwright/index.html']) writeFileSync(join(out, name), `GO, ${name}`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const told = (): Record<string, string> =>
  Object.fromEntries(
    YESTERDAYS.map((name) => [name, existsSync(join(out, name)) ? readFileSync(join(out, name), 'utf8') : '-']),
  );
/** As a run writes it. */
function writeToday(): void {
  for (const name of ['decision.json', 'junit.xml']) writeFileSync(join(out, name), 'HOLD');
}

describe('the reports of the run before', () => {
  it('are gone from the first moment, but what stands and what is somebody else’s', () => {
    setReportsAside(root);
    expect(told()).toMatchObject({ 'index.html': '-', 'junit.xml': '-', 'notes.txt': 'GO, notes.txt' });
    expect(existsSync(join(out, 'playwright'))).toBe(false);
  });

  it('stay away when the run has been decided', () => {
    const before = setReportsAside(root);
    writeToday();
    before.drop();
    expect(readdirSync(out).sort()).toEqual(['decision.json', 'junit.xml', 'notes.txt']);
    expect(told()['junit.xml']).toBe('HOLD');
  });

  it('come back when there was nothing to run', () => {
    const first = told();
    const before = setReportsAside(root);
    writeToday();
    before.putBack();
    expect(told()).toEqual(first);
    expect(readFileSync(join(out, 'playwright', 'index.html'), 'utf8')).toMatch(/^GO/);
    expect(readdirSync(out)).not.toContain('.before');
  });

  it('of a run that was killed are not found by the next one', () => {
    setReportsAside(root);
    writeToday();
    setReportsAside(root).putBack();
    expect(told()).toMatchObject({ 'decision.json': 'HOLD', 'junit.xml': 'HOLD', 'index.html': '-' });
  });

  it('that are none leave none behind', () => {
    rmSync(out, { recursive: true });
    const before = setReportsAside(root);
    mkdirSync(out);
    writeToday();
    before.putBack();
    expect(readdirSync(out)).toEqual([]);
  });
});
