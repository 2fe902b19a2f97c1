/**
 * What a run's decision costs after many others, over what it cost after few: its bundle and its CPU, opening to end, with a ledger made of
 * runs of the whole platform. The measured runs ask for one phase alone: what they rest on is in the ledger.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { finishRun } from '../../reports/record/run-folder/finish.ts';
import { writeJsonAtomic } from '../../reports/record/io.ts';
import { appendOutcome, openRun } from '../../reports/record/run-folder/open.ts';
import { runsToKeep } from '../../reports/record/run-folder/retention.ts';
import { makeLedgerKey } from '../../rehearsal/ledger-key.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { repositoryRoot } from '../harness/repository.ts';
import { median } from './measure.ts';
import type { Benchmark } from './measure.ts';

const FEW = 10;
const MANY = 200;
const SAMPLES = 7;
const TARGET = 1.2;
/** Of one item; the platform's runs have about as much. */
const EVIDENCE = 8;

interface Cost {
  readonly bytes: number;
  readonly cpuMs: number;
}

export const ledger: Benchmark = async () => {
  const root = mkdtempSync(join(tmpdir(), 'golive-ledger-bench-'));
  const home = process.env['XDG_STATE_HOME'];
  process.env['XDG_STATE_HOME'] = join(root, 'state');
  try {
    const plan = wholePlan();
    mkdirSync(join(root, '.golive', 'rehearsal'), { recursive: true });
    const uid = makeLedgerKey(join(root, '.golive', 'rehearsal'));
    const made = (count: number): void => {
      for (let run = 0; run < count; run += 1) oneRun(root, plan, uid, null);
    };
    const measured = (): Cost => {
      const costs = Array.from({ length: SAMPLES }, () => oneRun(root, plan, uid, ['phase2']));
      return { bytes: median(costs.map(({ bytes }) => bytes)), cpuMs: median(costs.map(({ cpuMs }) => cpuMs)) };
    };
    made(FEW);
    measured();
    const few = measured();
    made(MANY - FEW - 2 * SAMPLES);
    const many = measured();
    return await Promise.resolve([
      {
        name: `bundle of a run after ${MANY} others over one after ${FEW}`,
        value: many.bytes / few.bytes,
        unit: '×',
        target: TARGET,
        detail: `${(many.bytes / 1e6).toFixed(2)} MB / ${(few.bytes / 1e6).toFixed(2)} MB`,
      },
      {
        name: `CPU of its record and decision after ${MANY} over after ${FEW}`,
        value: many.cpuMs / few.cpuMs,
        unit: '×',
        target: TARGET,
        detail: `${many.cpuMs.toFixed(0)} ms / ${few.cpuMs.toFixed(0)} ms`,
      },
    ]);
  } finally {
    if (home === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = home;
    rmSync(root, { recursive: true, force: true });
  }
};

function wholePlan(): Plan {
  const compiled = compilePlan({ root: repositoryRoot(), env: {} });
  if ('problems' in compiled) throw new Error('the checklist is invalid: run `npx golive validate`');
  return compiled.plan;
}

function oneRun(root: string, plan: Plan, uid: string, phases: readonly string[] | null): Cost {
  const from = process.cpuUsage();
  const runDir = openRun({ root, plan, selectedPhases: phases });
  const opened = process.cpuUsage(from);
  writeJsonAtomic(join(runDir, 'environment.json'), { name: plan.environment.name, uid });
  const items = plan.items.filter(({ kind, phase }) => kind !== 'planned' && (phases?.includes(phase) ?? true));
  for (const item of items) appendOutcome(runDir, 0, passOf(item, plan));
  const recorded = process.cpuUsage();
  const { decision } = finishRun({
    runDir,
    root,
    endedBy: 'finished',
    now: new Date(),
    keepRuns: runsToKeep(undefined),
  });
  if (decision === null) throw new Error('the run was not decided');
  const finished = process.cpuUsage(recorded);
  const cpuMs = (opened.user + opened.system + finished.user + finished.system) / 1000;
  return { bytes: statSync(join(runDir, 'bundle.json')).size, cpuMs };
}

function passOf(item: PlannedItem, plan: Plan): OutcomeRecord {
  const evidence = Array.from({ length: EVIDENCE }, (_, index) => {
    const title = `${item.id}, reading ${index}`;
    return { type: 'value', title, value: index, unit: 'count', bound: { comparison: '>=', value: 0 } } as const;
  });
  return {
    schema: 'golive/outcome/v2',
    item: item.id,
    phase: item.phase,
    kind: item.kind,
    outcome: 'pass',
    message: `${item.title}: as expected`,
    findings: [],
    doubts: [],
    subjects: item.expectSubjects.value,
    subjectNames: Array.from({ length: item.expectSubjects.value }, (_, index) => `${item.id} subject ${index}`),
    evidence,
    startedAt: new Date().toISOString(),
    durationMs: 20,
    attempt: 1,
    planDigest: plan.digest,
  };
}
