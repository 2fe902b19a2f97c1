import { expect, it } from 'vitest';
import type { CutoverEvent } from '../contract/cutover.ts';
import { stepLog } from './log.ts';

const at = '2026-01-01T00:00:00Z';
const counted = {
  target: 1,
  canary: 100,
  total: 100,
  low: 0.9,
  high: 1,
  maxHalfWidth: 0.05,
  verdict: 'proven',
} as const;
const windowOf = (split: { readonly ms: number; readonly countedFrom?: number }): number | null | undefined => {
  const events: readonly CutoverEvent[] = [
    { at, ms: 1000, event: 'step-begun', item: 'MIG', weight: 100 },
    { at, ms: 1010, event: 'shifting', from: 0, to: 100 },
    { at, ms: 1100, event: 'shifted', weight: 100, generation: 2 },
    { at, event: 'split', item: 'MIG', ...counted, ...split },
  ];
  return stepLog(events, 'MIG')?.windowFrom;
};

it.each([
  ['the first answer that counts', { ms: 5000, countedFrom: 1300 }, 1300],
  ['the proof, in logs that do not tell it', { ms: 5000 }, 5000],
  ['the proof, where it was counted before the shift', { ms: 5000, countedFrom: 900 }, 5000],
  ['the proof, where it was counted after it', { ms: 5000, countedFrom: 6000 }, 5000],
  ['the proof, where it is no time', { ms: 5000, countedFrom: NaN }, 5000],
])('a window opens with %s', (_, split, from) => {
  expect(windowOf(split)).toBe(from);
});
