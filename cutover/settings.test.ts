import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RehearsalValues } from '../checks/contract/environment.ts';
import { compilePlan } from '../specs/loader/plan.ts';
import { renderProblem } from '../specs/loader/problems.ts';
import { cutoverSettings } from './settings.ts';

const ROOT = join(import.meta.dirname, '..');

function settingsFor(environment: string, values: Partial<RehearsalValues> | null) {
  const env = { GOLIVE_ENV: environment, GOLIVE_CHECKLIST: 'specs/code-platform', GOLIVE_COMMIT: 'a'.repeat(40) };
  const compiled = compilePlan({ root: ROOT, env });
  if ('problems' in compiled) throw new Error(compiled.problems.map(renderProblem).join('\n'));
  return cutoverSettings(compiled.plan, values as RehearsalValues | null);
}
const ANYWHERE = new Proxy({}, { get: () => 'http://127.0.0.1:1' });

it('asks Prometheus over compressed windows, but never over fewer than four of its scrapes', () => {
  const { triggers, metrics, compression } = settingsFor('rehearsal', ANYWHERE);
  const [errors, p95, services] = triggers;
  expect(compression).toBeGreaterThan(60);
  expect(errors).toMatchObject({ metric: 'error-rate', windowMs: 60_000 / compression });
  expect(errors?.prometheus).toMatchObject({ windowMs: 4000, scrapeIntervalMs: 1000, tolerance: 0.02 });
  expect(p95?.prometheus).toMatchObject({ windowMs: 4000, tolerance: 250 });
  expect(services?.prometheus).toBeUndefined();
  expect(metrics.slice(0, 2).map(({ item, everyMs, source }) => [item, everyMs, source.url])).toEqual([
    ['P4-TRI-001', 1000, 'http://127.0.0.1:1'],
    ['P4-TRI-002', 1000, 'http://127.0.0.1:1'],
  ]);
  // What is counted of both releases for the business's trigger.
  expect(metrics.slice(2).every(({ item }) => /^P4-TRI-004 .* (fresh|stable)$/.test(item))).toBe(true);
  for (const { query, item } of metrics) {
    if (!item.startsWith('P4-TRI-004')) expect(query).toContain('[4s]');
    expect(query).not.toContain('${');
  }
});

it('asks it as often as it scrapes, over the declared window, where nothing is compressed', () => {
  const { triggers, metrics } = settingsFor('production', null);
  expect(triggers[0]?.prometheus).toMatchObject({ windowMs: 60_000, scrapeIntervalMs: 15_000 });
  expect(metrics[0]).toMatchObject({ everyMs: 15_000, query: expect.stringContaining('[60s]') as string });
});
