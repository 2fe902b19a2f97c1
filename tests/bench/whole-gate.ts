/**
 * The whole gate on the rehearsal over the sum of what cannot be avoided: a bare Playwright run, the rehearsal becoming
 * ready, and the declared length of its load runs.
 */
import { durationMs } from '../../checks/contract/units.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { repositoryRoot } from '../harness/repository.ts';
import { bareProject } from './bare-playwright.ts';
import { median, timeNode } from './measure.ts';
import type { Benchmark } from './measure.ts';
import { readyOnce } from './rehearsal-ready.ts';

export const wholeGate: Benchmark = async () => {
  const root = repositoryRoot();
  const env = { ...process.env, GOLIVE_ENV: undefined, GOLIVE_PROJECT: undefined };
  const load = declaredLoadSeconds(root);
  const bare = bareProject("test('one', () => { expect(1 + 1).toBe(2); });", 2, [
    'list',
    'html',
    'junit',
    'allure-playwright',
  ]);
  try {
    const ratios: number[] = [];
    let detail = '';
    for (let round = 0; round < 3; round += 1) {
      const ready = await readyOnce();
      const playwright = (await bare.run()).wall;
      const gate = (await timeNode(['node_modules/@playwright/test/cli.js', 'test'], root, env)).wall;
      const unavoidable = playwright + ready + load;
      ratios.push(gate / unavoidable);
      detail = `${gate.toFixed(1)} s / (Playwright ${playwright.toFixed(1)} s + ready ${ready.toFixed(1)} s + load ${load.toFixed(1)} s)`;
    }
    return [{ name: 'whole gate over its unavoidable waits', value: median(ratios), unit: '×', target: 1.3, detail }];
  } finally {
    bare.remove();
  }
};

/** Warm-up and measurement of every load run in the plan, in seconds. */
function declaredLoadSeconds(root: string): number {
  const compiled = compilePlan({ root, env: {} });
  if ('problems' in compiled) throw new Error('the checklist is invalid: run `npx golive validate`');
  return compiled.plan.items
    .filter((item) => item.kind === 'load/closed-model-run')
    .flatMap((item) => [item.params['duration'], item.params['warmup']])
    .reduce<number>((sum, value) => sum + (typeof value === 'string' ? durationMs(value) / 1000 : 0), 0);
}
