/** The checklist of the CODE platform against the written one it was made from. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kinds } from '../../checks/index.ts';
import { generatedFiles } from './generate/files.ts';
import { loadChecklist } from './load-checklist.ts';
import { compilePlan } from './plan.ts';
import { renderProblem } from './problems.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'specs', 'code-platform');

function planFor(environment: string) {
  const env = { GOLIVE_ENV: environment, GOLIVE_CHECKLIST: 'specs/code-platform', GOLIVE_COMMIT: 'a'.repeat(40) };
  const compiled = compilePlan({ root: ROOT, env });
  if ('problems' in compiled) throw new Error(compiled.problems.map(renderProblem).join('\n'));
  return compiled.plan;
}
const plan = planFor('rehearsal');
function generatedFrom() {
  const { schedules } = loadChecklist(ROOT, plan.checklist.file, kinds).checklist;
  return { plan, production: planFor('production'), schedules };
}

const PHASE_OF: Readonly<Record<string, string>> = {
  'Phase 1: Pre-Deployment Preparation': 'phase1',
  'Phase 2: Deployment Execution': 'phase2',
  'Phase 3: Performance & Load Validation': 'phase3',
  'Phase 4: Traffic Cutover': 'phase4',
  'Phase 5: Post-Deployment Validation': 'phase5',
  'Final Verification': 'final',
  'Post-Deployment Monitoring': 'post-deployment',
};
const inventory = readFileSync(join(FOLDER, 'seed', 'inventory.tsv'), 'utf8')
  .split('\n')
  .map((row) => row.split('\t'))
  .filter((cells) => cells.at(-1) === 'item')
  .map((cells) => ({ line: Number(cells[0]), phase: PHASE_OF[cells[1] ?? ''], text: cells[4] ?? '' }));
const written = readFileSync(join(FOLDER, 'seed', 'production-deployment-checklist.md'), 'utf8').split('\n');

/** Items that stand for no tick box of their own: the fixes that the written checklist demands before its first phase, a second look. */
const BESIDES = [
  ...['P1-FIX-001', 'P1-FIX-002', 'P1-FIX-003', 'P1-FIX-004', 'P1-EME-001', 'P1-EME-002', 'F-MET-001'],
  ...['P1-DAT-005', 'P3-CHA-003', 'P4-ROL-002'],
  // What must be so before any traffic moves.
  ...['P4-WIN-001', 'P4-WIN-002'],
  // Further looks at the load.
  ...['P3-LOA-002', 'P3-LOA-003'],
];
const boxes = plan.items.filter(({ id }) => !BESIDES.includes(id));

describe('the checklist of the CODE platform', () => {
  it('covers each of the 156 written items exactly once, in its phase', () => {
    expect(inventory).toHaveLength(156);
    const expected = inventory.map(({ line, phase }) => `${line} ${phase ?? ''}`).sort();
    expect(boxes.map(({ source, phase }) => `${source} ${phase}`).sort()).toEqual(expected);
  });

  it('names lines that hold those items in the written checklist', () => {
    for (const { line, text } of inventory)
      expect(written[line - 1]?.replace(/\*/g, '')).toContain(text.replace(/\*/g, ''));
  });

  it('keeps the order of the written checklist within a phase', () => {
    // In phase 4 the rollback is tried before anything moves, and what judges the whole ladder comes after it.
    for (const { id } of plan.phases.filter((phase) => phase.id !== 'phase4')) {
      const lines = boxes.filter((item) => item.phase === id).map((item) => item.source);
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
    }
  });

  it('has the fixes first, and nobody waives them', () => {
    const fixes = plan.items.slice(0, 4);
    expect(fixes.map(({ id }) => id)).toEqual(BESIDES.slice(0, 4));
    for (const { severity, waivable } of fixes) expect([severity, waivable]).toEqual(['critical', false]);
  });

  it('gives ids that say their phase', () => {
    const prefix: Readonly<Record<string, string>> = { final: 'F', 'post-deployment': 'PD' };
    for (const { id, phase } of plan.items) {
      expect(id.split('-')[0]).toBe(prefix[phase] ?? phase.replace('phase', 'P'));
    }
  });

  it('has the built items, each for its line and by its kind', async () => {
    const built = plan.items.filter(({ kind }) => kind !== 'planned');
    const lines = built.map(({ id, source, kind }) => `${id} ${source} ${kind}\n`);
    await expect(lines.join('')).toMatchFileSnapshot(join(import.meta.dirname, 'cases', 'built-items.txt'));
  });

  it('uses every kind but those for what this platform does not have', () => {
    const used = new Set(plan.items.map(({ kind }) => kind));
    const unused = [...kinds.keys()].filter((kind) => !used.has(kind));
    // Argo Rollouts and Flagger, backups of operators, a Pushgateway, tests of a team's own, the closed load model, and a level of Pod Security
    // by version, which files are scanned for.
    expect(unused).toEqual([
      'cutover/progressive-delivery',
      'data/backup-objects',
      'load/closed-model-run',
      'observability/pushed-metrics',
      'playwright/spec',
      'workloads/pod-security',
    ]);
  });

  it('runs phases 2, 3 and 4 in order', () => {
    const sequential = plan.phases.filter((phase) => phase.order === 'sequential').map((phase) => phase.id);
    expect(sequential).toEqual(['phase2', 'phase3', 'phase4']);
  });

  it('lets nobody waive a signature or the approval', () => {
    const signatures = plan.items.filter((item) => item.signOff);
    expect(signatures.map((item) => item.source)).toEqual([453, 454, 455, 456, 459, 460, 461]);
    for (const item of signatures) expect([item.waivable, item.role]).toEqual([false, item.owner]);
  });

  it('compiles for every environment file', () => {
    for (const file of readdirSync(join(ROOT, 'fixtures', 'environments'))) {
      expect(planFor(file.replace(/\.yaml$/, '')).items).toHaveLength(inventory.length + BESIDES.length);
    }
  });
});

describe('generated files', () => {
  it.each(Object.entries(generatedFiles(ROOT, generatedFrom())))('%s is up to date', (file, text) => {
    const path = join(ROOT, file);
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '', 'run npm run generate').toBe(text);
  });
});
