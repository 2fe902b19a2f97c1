/** Starts a run: the decision becomes HOLD before anything else happens, then the run gets its folder. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Decision } from '../../../checks/contract/decision.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { RunHeader } from '../../../checks/contract/run.ts';
import { decide } from '../../decide/decide.ts';
import { reason } from '../../decide/reasons.ts';
import { beginLedger, ledgerFile } from '../ledger/write.ts';
import { originOf } from './origin.ts';
import { PLAN_FILE } from '../../../specs/loader/plan-file.ts';
import { fileProblem, goliveVersion, makePrivate, writeJsonAtomic, writeReadableJson } from '../io.ts';
import { decisionFile, ledgerFolder, runsFolder } from '../paths.ts';

export { appendEvent, appendOutcome } from './append.ts';

export interface OpenRunOptions {
  /** The project's root folder. */
  readonly root: string;
  readonly plan: Plan;
  /** `null`: all that the whole decision needs. */
  readonly selectedPhases: readonly string[] | null;
  readonly now?: Date;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Opens a run and returns its folder. From the first moment `reports/out/decision.json` says HOLD `run-incomplete`, so that a run
 * that is killed leaves that behind and never an earlier answer. Throws RunFileError: then the run must not start.
 */
export function openRun({ root, plan, selectedPhases, now = new Date(), env = process.env }: OpenRunOptions): string {
  const runHeader: RunHeader = {
    schema: 'golive/run/v1',
    runId: newRunId(now),
    startedAt: now.toISOString(),
    planDigest: plan.digest,
    goliveVersion: goliveVersion(),
    selectedPhases,
    pid: process.pid,
    by: originOf(env),
  };
  makePrivate(dirname(decisionFile(root)));
  writeReadableJson(decisionFile(root), incompleteDecision(plan, runHeader, now), 0o600);
  const runDir = join(runsFolder(root), runHeader.runId);
  makeFolders(runDir);
  writeJsonAtomic(join(runDir, PLAN_FILE), plan, 0o600);
  writeJsonAtomic(join(runDir, 'run.json'), runHeader, 0o600);
  beginLedger(ledgerFolder(root), { plan, runHeader });
  return runDir;
}

/** Takes back a run that has judged nothing and that nobody else knows of yet. */
export function abandonRun(root: string, runDir: string): void {
  rmSync(ledgerFile(ledgerFolder(root), basename(runDir)), { force: true });
  rmSync(runDir, { recursive: true, force: true });
}

function makeFolders(runDir: string): void {
  try {
    mkdirSync(join(runDir, '..'), { recursive: true });
    for (const folder of [runDir, join(runDir, 'evidence'), join(runDir, 'snapshots')])
      mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    throw fileProblem('make the folder', runDir, error);
  }
}

/** Sortable by time: `20261123T105413123Z-1f2e3d4c`. */
export function newRunId(now: Date): string {
  return `${now.toISOString().replace(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
}

/** What the decision is while a run goes on, and stays if it is killed. */
export function incompleteDecision(plan: Plan, runHeader: RunHeader, now: Date): Decision {
  const nothing = { outcomes: [], events: [], waivers: [], attestations: [], approvals: [], ledger: [] };
  const selectedPhases = runHeader.selectedPhases;
  const decision = decide({ plan, runHeader, identity: null, ...nothing, now, endedBy: 'crashed', selectedPhases });
  const text = `run ${runHeader.runId} started at ${runHeader.startedAt} and has not finished: wait for it, or run again`;
  return { ...decision, reasons: [reason('run-incomplete', text)] };
}
