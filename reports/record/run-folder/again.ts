/**
 * Makes the latest decision again when people have said something new: from what its run recorded, held against the ledger first, so that
 * nobody signs what was changed since. The run itself is not made again, and no platform is asked.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../../checks/contract/canonical.ts';
import { isRecord } from '../../../checks/contract/json.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import { decide } from '../../decide/decide.ts';
import type { DecisionInput } from '../../decide/input.ts';
import { loadPeople } from '../../../specs/loader/people/load.ts';
import { decisionProblem } from '../ledger/decisions.ts';
import { approvalRecordOf } from '../ledger/approval.ts';
import { signerFor } from '../ledger/signing.ts';
import { surveyLedger } from '../ledger/survey.ts';
import { ledgerKeys, trustOf } from '../ledger/trust.ts';
import { RECORD_COPY } from '../ledger/voucher.ts';
import { ledgerFile, recordDecision } from '../ledger/write.ts';
import { RunFileError, fileProblem, goliveVersion, writeJsonAtomic, writeReadableJson } from '../io.ts';
import { decisionFile, ledgerFolder, runsFolder } from '../paths.ts';
import { bundleOf, packed } from './bundle.ts';
import { readBundle, replay } from './replay.ts';
import { newRunId } from './open.ts';
import { inputFor } from './input.ts';
import { readRun } from './read.ts';

/** The latest run, believed. */
export interface LatestRun {
  readonly root: string;
  readonly runDir: string;
  /** As it stands. */
  readonly standing: Decision;
}
/** What is decided of it now. */
export interface DecidedAgain {
  readonly input: DecisionInput;
  readonly decision: Decision;
}

/** Throws RunFileError where there is none, or it is not what was recorded. */
export function latestRun(root: string): LatestRun {
  const path = decisionFile(root);
  const value: unknown = existsSync(path) ? parsed(path) : undefined;
  if (!isRecord(value) || typeof value['runId'] !== 'string')
    throw new RunFileError('there is no decision to sign: run the gate first (npx playwright test)');
  const standing = value as unknown as Decision;
  if (standing.withdrawn !== undefined)
    throw new RunFileError(`the latest decision was taken back (${standing.withdrawn}): run the gate again`);
  const { runs } = surveyLedger(ledgerFolder(root));
  const problem = decisionProblem(standing, runs);
  if (problem !== null) throw new RunFileError(`${path} ${problem}`);
  const runDir = join(runsFolder(root), standing.runId);
  if (!existsSync(join(runDir, 'bundle.json')))
    throw new RunFileError(
      `the folder of run ${standing.runId} is not here, or the run has not finished: run the gate again`,
    );
  const run = runs.find(({ runId }) => runId === standing.runId);
  if (!run) throw new RunFileError(`the ledger has no run ${standing.runId}: import it, or run the gate again`);
  const trust = trustOf(run, ledgerKeys(root, standing.checklist.file));
  if ('refused' in trust)
    throw new RunFileError(
      `nobody vouches for run ${standing.runId}: its record ${trust.refused} (golive ledger key, then run again)`,
    );
  const { recorded, differences } = replay(runDir);
  const other = decisionProblem(recorded, runs);
  if (other !== null) throw new RunFileError(`the bundle of run ${standing.runId} ${other}`);
  if (differences.length > 0)
    throw new RunFileError(`run ${standing.runId} is not what it recorded:\n${differences.join('\n')}`);
  return { root, runDir, standing };
}

/** By everything that people have said until now. Throws RunFileError. */
export function decideAgain({ root, runDir }: LatestRun, now: Date): DecidedAgain {
  const run = readRun(runDir);
  const { endedBy } = readBundle(join(runDir, 'bundle.json')).input;
  const input = inputFor({ run, root, people: loadPeople(root, run.plan), now, endedBy });
  return { input, decision: decide(input) };
}

/** Whether the decision says something else than the one that stands. */
export function isNew({ standing }: LatestRun, { decision }: DecidedAgain): boolean {
  const gist = ({ decision: name, readiness, items, reasons }: Decision): string =>
    canonicalJson({ name, readiness, reasons, items: items.map(({ id, outcome, message }) => [id, outcome, message]) });
  return gist(standing) !== gist(decision);
}

/** Below the folder of the run: the bundle of what people have decided about it since, and the copy of its record. */
export const SIGNED_FOLDER = 'signed';

/**
 * Writes the decision in the place of the one that stands, and its record, with the approval, into the ledger. Answers null where nobody can
 * sign the record here: then nothing is written, as nobody would believe it.
 */
export function recordAgain(
  { root, runDir }: LatestRun,
  { input, decision }: DecidedAgain,
  env: NodeJS.ProcessEnv,
): Decision | null {
  const sign = signerFor(root, input.plan, env);
  if (sign === null) return null;
  const runId = newRunId(input.now);
  const again: Decision = { ...decision, recordedBy: runId };
  const runHeader = {
    schema: 'golive/run/v1' as const,
    runId,
    startedAt: input.now.toISOString(),
    planDigest: input.plan.digest,
    goliveVersion: goliveVersion(),
    selectedPhases: [],
    pid: process.pid,
  };
  const { plan, identity } = input;
  const folder = signedFolder(runDir);
  writeJsonAtomic(join(folder, 'bundle.json'), packed(bundleOf(input, again)), 0o600);
  recordDecision(
    ledgerFolder(root),
    { plan, runHeader, identity, decision: again, approval: approvalRecordOf(input, again) },
    sign,
  );
  copyFileSync(ledgerFile(ledgerFolder(root), runId), join(folder, RECORD_COPY));
  writeReadableJson(decisionFile(root), again, 0o600);
  return again;
}

/** Throws RunFileError. */
function signedFolder(runDir: string): string {
  const folder = join(runDir, SIGNED_FOLDER);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch (error) {
    throw fileProblem('make the folder', folder, error);
  }
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
