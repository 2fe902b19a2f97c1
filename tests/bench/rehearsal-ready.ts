/** From starting the rehearsal to everything in it being ready. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRehearsal, waitForRehearsal } from '../../fixtures/rehearsal-client/start.ts';
import { median } from './measure.ts';
import type { Benchmark } from './measure.ts';

export const rehearsalReady: Benchmark = async () => {
  const seconds: number[] = [];
  for (let round = 0; round < 3; round += 1) seconds.push(await readyOnce());
  const listed = seconds.map((value) => `${value.toFixed(2)} s`).join(', ');
  return [{ name: 'rehearsal ready', value: median(seconds), unit: 's', target: 4, detail: listed }];
};

export async function readyOnce(): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), 'golive-ready-'));
  const dir = join(root, 'rehearsal');
  const started = performance.now();
  const rehearsal = startRehearsal({ dir, kept: false });
  try {
    await waitForRehearsal({ dir, signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 });
    return (performance.now() - started) / 1000;
  } finally {
    await rehearsal.stop();
    rmSync(root, { recursive: true, force: true });
  }
}
