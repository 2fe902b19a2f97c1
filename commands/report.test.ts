import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../checks/contract/canonical.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { sampleDecision, samplePlan } from '../reports/tell/html/sample.ts';
import { report } from './report.ts';

let root = '';
let said = '';
let complained = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-report-command-'));
  said = '';
  complained = '';
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const run = (id?: string): number =>
  report({
    root,
    ...(id === undefined ? {} : { run: id }),
    write: (text) => (said += text),
    writeError: (text) => (complained += text),
  });

/** The plan of the sample as it would have been frozen. */
function frozenPlan(): Plan {
  const body = Object.fromEntries(Object.entries(samplePlan()).filter(([name]) => name !== 'digest'));
  return { ...samplePlan(), digest: digestOf(body) };
}

it('draws the latest decision with its plan and answers with its exit code', () => {
  const plan = frozenPlan();
  const decision = sampleDecision({ selected: { phases: ['phase1'], decision: 'HOLD' }, planDigest: plan.digest });
  put('reports/out/decision.json', JSON.stringify(decision));
  put(`.golive/runs/${decision.runId}/plan.json`, JSON.stringify(plan));
  expect(run()).toBe(2);
  expect(said).toMatch(/^HOLD: .*reports\/out\/index\.html\n$/);
  const page = readFileSync(join(root, 'reports/out/index.html'), 'utf8');
  expect(page).toContain('Infrastructure Readiness – Kubernetes Cluster');
});

it('draws an earlier run beside the latest, not over it', () => {
  put('.golive/runs/run-0/decision.json', JSON.stringify(sampleDecision({ runId: 'run-0' })));
  expect(run('run-0')).toBe(1);
  expect(readFileSync(join(root, 'reports/out/runs/run-0/index.html'), 'utf8')).toContain('plan was not found');
  expect(() => readFileSync(join(root, 'reports/out/index.html'))).toThrow('ENOENT');
});

it('takes neither the plan of another digest for the decision’s, nor one that was changed', () => {
  const plan = frozenPlan();
  for (const [planDigest, text] of [
    ['sha256:other', JSON.stringify(plan)],
    [plan.digest, JSON.stringify(plan).replace('"critical"', '"minor"')],
  ] as const) {
    const decision = sampleDecision({ planDigest });
    put('reports/out/decision.json', JSON.stringify(decision));
    put(`.golive/runs/${decision.runId}/plan.json`, text);
    run();
    expect(readFileSync(join(root, 'reports/out/index.html'), 'utf8')).toContain('plan was not found');
  }
});

it.each(['../other', '/etc', 'a/b', '..', ''])('refuses the run id "%s"', (id) => {
  expect(run(id)).toBe(64);
  expect(complained).toContain('no run id');
});

it('answers 64 for an unknown run and 70 when there is no decision, without a stack', () => {
  expect(run('nobody')).toBe(64);
  expect(run()).toBe(70);
  expect(complained).toMatch(/decision\.json: not found; run the gate first/);
  put('reports/out/decision.json', '{"schema": "golive/decision/v2"');
  expect(run()).toBe(70);
  put('reports/out/decision.json', '{"schema": "golive/decision/v2", "items": []}');
  expect(run()).toBe(70);
  expect(complained).toContain('is damaged: phases, reasons, overrides, warnings should be a list');
  expect(complained).not.toMatch(/\n\s+at /);
});
