/** OSCAL by a foreign reader: compliance-trestle, whose models are generated from the format's own schema and take no member more. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sampleDecision, sampleItem, samplePlan, SAMPLE_ITEMS } from '../tell/html/sample.ts';
import { EXPORT_FORMATS } from './formats.ts';
import { resultGraph } from './graph.ts';

const run = promisify(execFile);
const TRESTLE = 'compliance-trestle==5.2.0';
const LIMIT = 240_000;
const dir = mkdtempSync(join(tmpdir(), 'golive-oscal-'));
const python = join(dir, 'venv', 'bin', 'python');
const READ = `
import pathlib, sys
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.poam import PlanOfActionAndMilestones
kind = {'oscal': AssessmentResults, 'oscal-poam': PlanOfActionAndMilestones}[sys.argv[1]]
print(kind.oscal_read(pathlib.Path(sys.argv[2])).uuid)
`;

beforeAll(async () => {
  // Where there is no Python or no package index nothing is looked at, and the tests are skipped.
  await run('python3', ['-m', 'venv', join(dir, 'venv')]).catch(() => undefined);
  await run(python, ['-m', 'pip', 'install', '--quiet', TRESTLE]).catch(() => rmSync(python, { force: true }));
}, LIMIT);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const graph = (items: typeof SAMPLE_ITEMS) =>
  resultGraph(sampleDecision({ items }), samplePlan(items), '0.1.0', {
    startedAt: '2026-11-23T10:41:00.000Z',
    startedByItem: new Map(),
    images: [],
  });
const good = sampleItem({ id: 'P1-CLU-001', title: 'Fine', outcome: 'pass' });

it.for([
  ['oscal', SAMPLE_ITEMS],
  ['oscal', [good]],
  ['oscal-poam', SAMPLE_ITEMS],
] as const)('%s is valid', { timeout: LIMIT }, async ([format, items], context) => {
  const file = join(dir, `${format}.json`);
  if (!existsSync(python)) context.skip(`${TRESTLE} could not be installed`);
  const text = EXPORT_FORMATS[format].write(graph(items), { unsigned: 'no key' });
  writeFileSync(file, text);
  const { stdout } = await run(python, ['-c', READ, format, file], { cwd: dir });
  expect(text).toContain(stdout.trim());
});
