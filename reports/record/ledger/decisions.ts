/** Is a `decision.json` the one that its run wrote? The run's ledger file holds its digest. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../../checks/contract/json.ts';
import { digestOf } from '../../../checks/contract/canonical.ts';
import { decisionFile, runsFolder } from '../paths.ts';
import type { RunSummary } from './records.ts';
import { keysNamedBy, trustOf } from './trust.ts';

/** What is wrong with the latest decision and with those in the folders of runs, one line each. */
export function decisionDamage(root: string, runs: readonly RunSummary[]): string[] {
  const places = [decisionFile(root), ...runs.map(({ runId }) => join(runsFolder(root), runId, 'decision.json'))];
  return places.flatMap((path) => {
    if (!existsSync(path)) return [];
    const problem = decisionProblem(readJson(path), runs);
    return problem === null ? [] : [`${path}: ${problem}`];
  });
}

/** Why the latest decision no longer stands as its run wrote it, where the gate itself took it back; or null. */
export function withdrawal(root: string): string | null {
  const decision = existsSync(decisionFile(root)) ? readJson(decisionFile(root)) : undefined;
  return isRecord(decision) && typeof decision['withdrawn'] === 'string' && !claimsGo(decision)
    ? decision['withdrawn']
    : null;
}

/**
 * Why a decision is not what its run wrote, or null. One of a run that never ended, or that this ledger does not have, vouches for
 * nothing: then it may be anything but GO.
 */
export function decisionProblem(decision: unknown, runs: readonly RunSummary[]): string | null {
  if (!isRecord(decision)) return 'is no decision: it cannot be read';
  const runId = String(decision['runId']);
  const written = decidedBy(decision, runs)?.decision?.digest;
  if (written === undefined)
    return claimsGo(decision) ? `says GO, but the ledger has no decision of run ${runId}: run the gate again` : null;
  if (!claimsGo(decision) && typeof decision['withdrawn'] === 'string') return null;
  const actual = digestOf(decision);
  if (actual === written) return null;
  return `was changed after run ${runId} wrote it: expected ${written}, actual ${actual}; restore it from .golive/runs/${runId}, or run again`;
}

/** Why a GO is worth nothing although it is what the ledger says, or null: the record is nobody's. */
export function unsignedGo(root: string, decision: Fields, runs: readonly RunSummary[]): string | null {
  const run = decidedBy(decision, runs);
  if (!claimsGo(decision) || run === undefined) return null;
  const trust = trustOf(run, keysNamedBy(root, run));
  return 'by' in trust ? null : `says GO, and the record of run ${run.runId} ${trust.refused}`;
}

type Fields = Readonly<Record<string, unknown>>;

function decidedBy({ runId, recordedBy = runId }: Fields, runs: readonly RunSummary[]): RunSummary | undefined {
  return runs.find((run) => run.closed && run.runId === recordedBy);
}

function claimsGo({ decision, selected }: Fields): boolean {
  return decision === 'GO' || (isRecord(selected) && selected['decision'] === 'GO');
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
