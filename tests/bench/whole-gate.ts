/**
 * The whole gate on the rehearsal over the sum of what cannot be avoided: a bare Playwright run, the rehearsal becoming ready, and what the
 * run had to wait for because its items declare it or the platform binds them (declared-waits.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { behaviorOf } from '../../rehearsal/api-server/autoscaler-spec.ts';
import { record, type Json } from '../../rehearsal/api-server/object.ts';
import { runsFolder } from '../../reports/record/paths.ts';
import { readRun } from '../../reports/record/run-folder/read.ts';
import { cutoverSettings, hasCutover } from '../../cutover/settings.ts';
import { repositoryRoot } from '../harness/repository.ts';
import { bareProject } from './bare-playwright.ts';
import { declaredWaits, sumMs, type Bound, type Wait } from './declared-waits.ts';
import { median, timeNode } from './measure.ts';
import type { Benchmark } from './measure.ts';
import { readyOnce } from './rehearsal-ready.ts';

const ROUNDS = 3;
const REPORTERS = ['list', 'html', 'junit', 'allure-playwright'];
/** Over how long the rehearsal measures what a container uses. */
const USAGE_WINDOW_MS = 2000;

export const wholeGate: Benchmark = async () => {
  const root = repositoryRoot();
  const env = { ...process.env, GOLIVE_ENV: undefined, GOLIVE_PROJECT: undefined };
  const bare = bareProject("test('one', () => { expect(1 + 1).toBe(2); });", 2, REPORTERS);
  try {
    const ratios: number[] = [];
    const walls: number[] = [];
    let detail = '';
    for (let round = 0; round < ROUNDS; round += 1) {
      const ready = await readyOnce();
      const playwright = (await bare.run()).wall;
      const gate = (await timeNode(['node_modules/@playwright/test/cli.js', 'test'], root, env)).wall;
      const waits = waitsOfLastRun(root);
      const declared = sumMs(waits) / 1000;
      walls.push(gate);
      ratios.push(gate / (playwright + ready + declared));
      detail = `${gate.toFixed(1)} s / (Playwright ${playwright.toFixed(1)} s + ready ${ready.toFixed(1)} s + declared ${declared.toFixed(1)} s: ${listed(waits)})`;
    }
    return [
      { name: 'whole gate over its unavoidable waits', value: median(ratios), unit: '×', target: 1.1, detail },
      { name: 'whole gate', value: median(walls), unit: 's', target: 90, detail: '' },
    ];
  } finally {
    bare.remove();
  }
};

function waitsOfLastRun(root: string): readonly Wait[] {
  const runs = runsFolder(root);
  // Their names begin with the time.
  const last = readdirSync(runs).sort().at(-1);
  if (last === undefined) throw new Error(`no run is in ${runs}`);
  const { plan, outcomes } = readRun(join(runs, last));
  const cutover = hasCutover(plan) ? cutoverSettings(plan, null) : null;
  return declaredWaits({ plan, outcomes, cutover, bound: boundBy(root) });
}

function boundBy(root: string): Bound {
  const hpa = load(readFileSync(join(root, 'k8s', 'manifests', 'hpa.yaml'), 'utf8')) as Json;
  const { scaleUp, scaleDown } = behaviorOf(record(hpa['spec']));
  return {
    scaleUpMs: scaleUp.stabilizationMs,
    scaleDownMs: scaleDown.stabilizationMs,
    usageWindowMs: USAGE_WINDOW_MS,
  };
}

function listed(waits: readonly Wait[]): string {
  return waits.map(({ item, what, ms }) => `${item} ${what} ${(ms / 1000).toFixed(1)} s`).join(', ');
}
