import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal, type CutoverJournal } from './journal.ts';
import { silenceOf } from './signs-of-life.ts';

let runDir: string;
let journal: CutoverJournal;
let now: number;
let isSilent: () => boolean;
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'golive-signs-'));
  journal = openJournal(runDir);
  now = 1000;
  isSilent = silenceOf({ runDir, rollbackWithinMs: 300_000, clock: { now: () => now } });
});
afterEach(() => {
  journal.close();
  rmSync(runDir, { recursive: true, force: true });
});

/** Looks every second; after how many it is silent. */
function silentAfter(atMost: number): number | null {
  for (let second = 1; second <= atMost; second += 1) {
    now += 1000;
    if (isSilent()) return second;
  }
  return null;
}
const sample = { event: 'sample', weight: 5, errorRate: 0, p95Ms: 1, samples: 10, down: [] } as const;

describe('the process of a cutover', () => {
  it('lives for as long as its log grows', () => {
    for (let round = 0; round < 10; round += 1) {
      journal.tell(sample);
      expect(silentAfter(15)).toBeNull();
    }
  });
  it('has hung when it tells nothing', () => {
    journal.tell(sample);
    expect(silentAfter(200)).toBe(92);
  });
  it('may be silent for as long as going back may take', () => {
    journal.tell({ event: 'rollback-begun', reason: { code: 'asked', text: '' } });
    expect(silentAfter(600)).toBe(392);
  });
  it('is not taken for dead by one that slept itself', () => {
    journal.tell(sample);
    expect(silentAfter(80)).toBeNull();
    now += 3_600_000;
    expect(isSilent()).toBe(false);
    expect(silentAfter(80)).toBeNull();
  });
});
