import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compilePlan } from '../../specs/loader/plan.ts';
import { cutoverSettings } from '../../cutover/settings.ts';
import { declaredWaits, sumMs } from './declared-waits.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const compiled = compilePlan({ root: ROOT, env: { GOLIVE_COMMIT: 'a'.repeat(40) } });
if ('problems' in compiled) throw new Error('the checklist is invalid');
const { plan } = compiled;
const bound = { scaleUpMs: 2000, scaleDownMs: 2500, usageWindowMs: 2000 };
const waitsWith = (outcomes: readonly { readonly item: string; readonly durationMs: number }[]) =>
  declaredWaits({ plan, cutover: cutoverSettings(plan, null), bound, outcomes });

it('finds windows, warm-ups and proofs of the rehearsal, each by its item', () => {
  const waits = waitsWith([]);
  const of = (item: string) => waits.filter((wait) => wait.item === item).map(({ what, ms }) => [what, Math.round(ms)]);
  expect(of('P3-LOA-001')).toEqual([
    ['warm-up', 5000],
    ['load', 6000],
  ]);
  expect(of('P3-SCA-001')).toEqual([
    ['use of CPU rises, and stays up', 4000],
    ['use of CPU falls, and stays down', 4500],
  ]);
  expect(of('P4-MIG-001')[1]).toEqual(['window', 2500]);
  expect(of('P4-MIG-004')).toEqual([['window', 15_000]]);
  // At 600 answers a second.
  expect(of('P4-MIG-002')).toEqual([['window', 5000]]);
  expect(sumMs(waits)).toBeGreaterThan(50_000);
});

it('counts what settles where it was looked at again, and of a parallel phase the longest', () => {
  const settling = plan.items.filter(({ phase, waitFor }) => phase === 'phase1' && waitFor);
  const [first, second, third] = settling.map(({ id }) => id);
  const outcomes = [
    { item: first ?? '', durationMs: 400 },
    { item: second ?? '', durationMs: 3100 },
    { item: third ?? '', durationMs: 2100 },
  ];
  expect(waitsWith(outcomes).filter(({ item }) => item.startsWith('P1-'))).toEqual([
    { item: second, what: 'looked again until it was so', ms: 3100 },
  ]);
});
