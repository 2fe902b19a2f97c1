/** Is a `decision.json` the one that its run wrote? The run's ledger file holds its digest. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../../checks/contract/json.ts';
import { digestOf } from '../../../checks/contract/canonical.ts';
import { decisionFile, runsFolder } from '../paths.ts';
import type { RunSummary } from './survey.ts';

/** What is wrong with the latest decision and with those in the folders of runs, one line each. */
export function decisionDamage(root: string, runs: readonly RunSummary[]): string[] {
  const places = [decisionFile(root), ...runs.map(({ runId }) => join(runsFolder(root), runId, 'decision.json'))];
  return places.flatMap((path) => {
    if (!existsSync(path)) return [];
    const problem = decisionProblem(readJson(path), runs);
    return problem === null ? [] : [`${path}: ${problem}`];
  });
}

/**
 * Why a decision is not to be believed, or null. One of a run that never ended, or that this ledger does not have, vouches for
 * nothing: then it may be anything but GO.
 */
export function decisionProblem(decision: unknown, runs: readonly RunSummary[]): string | null {
  if (!isRecord(decision)) return 'is no decision: it cannot be read';
  const runId = String(decision['runId']);
  const written = runs.find((run) => run.closed && run.runId === runId)?.decision?.digest;
  if (written === undefined) {
    return claimsGo(decision) ? `says GO, but the ledger has no decision of run ${runId}: run the gate again` : null;
  }
  const actual = digestOf(decision);
  if (actual === written) return null;
  return `was changed after run ${runId} wrote it: expected ${written}, actual ${actual}; restore it from .golive/runs/${runId}, or run again`;
}

function claimsGo({ decision, selected }: Readonly<Record<string, unknown>>): boolean {
  return decision === 'GO' || (isRecord(selected) && selected['decision'] === 'GO');
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
