/**
 * Removes folders of old runs, so that a disk does not fill up with them. The ledger keeps every run, its outcomes and their digests, and
 * its chains stay verifiable; what goes is evidence, bundle and plan. Never removed: what a standing decision, a phase's latest verdict or
 * an unfinished rollback rests on.
 */
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Decision } from '../../../checks/contract/decision.ts';
import { byText } from '../../decide/order.ts';
import type { RunSummary } from '../ledger/records.ts';
import { endOf, readCutover } from './cutover-log.ts';
import { fileProblem } from '../io.ts';
import { decisionFile, runsFolder } from '../paths.ts';

/** Runs that keep their folder without any other reason: about 70 MB of the whole platform's. */
const NEWEST = 30;
const RUN_ID = /^\d{8}T\d{9}Z-[0-9a-f]{8}$/;

/** How many of the newest runs keep their folder, by GOLIVE_KEEP_RUNS: a number or `all`. What is neither keeps them all. */
export function runsToKeep(setting: string | undefined): number {
  if (setting === undefined || setting === '') return NEWEST;
  return /^[1-9]\d*$/.test(setting) ? Number(setting) : Infinity;
}

/** Answers the runs whose folder was removed; `recorded` are those of the ledger. Throws RunFileError where one cannot be. */
export function pruneRuns(root: string, keep: number, recorded: readonly RunSummary[]): readonly string[] {
  const folder = runsFolder(root);
  const runs = readdirSync(folder)
    .filter((name) => RUN_ID.test(name))
    .sort(byText);
  const old = keep === Infinity ? [] : runs.slice(0, Math.max(0, runs.length - keep));
  if (old.length === 0) return [];
  const needed = new Set([...standing(root), ...latestVerdicts(recorded)]);
  // What `golive rollback` looks at when no run is named.
  const lastCutover = runs.findLast((run) => hasBegun(join(folder, run)));
  const pruned = old.filter((run) => !needed.has(run) && run !== lastCutover && isSettled(join(folder, run)));
  for (const run of pruned) remove(join(folder, run));
  return pruned;
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    throw fileProblem('remove', path, error);
  }
}

/** Runs that the decision rests on which everybody reads. */
function standing(root: string): string[] {
  const { runId, phases, items } = JSON.parse(readFileSync(decisionFile(root), 'utf8')) as Decision;
  return [runId, ...[...phases, ...items].flatMap(({ fromRun }) => fromRun ?? [])];
}

/** The latest run that judged each phase: of each release where the environment is real, of any on the rehearsal. */
function latestVerdicts(runs: readonly RunSummary[]): Iterable<string> {
  const latest = new Map<string, { readonly runId: string; readonly decidedAt: string }>();
  for (const { runId, header, phases } of runs) {
    const { environment, release, rehearsal } = header;
    const of = rehearsal === true ? [] : [release.name, release.version, release.commit];
    for (const { phase, decidedAt } of phases) {
      const key = JSON.stringify([environment, ...of, phase]);
      if (byText(latest.get(key)?.decidedAt ?? '', decidedAt) <= 0) latest.set(key, { runId, decidedAt });
    }
  }
  return Array.from(latest.values(), ({ runId }) => runId);
}

function hasBegun(runDir: string): boolean {
  return readCutover(runDir).some(({ event }) => event === 'begun');
}

/** Whether traffic is where it shall stay: nobody will take it back by this run's journal. */
function isSettled(runDir: string): boolean {
  if (!hasBegun(runDir)) return true;
  const end = endOf(readCutover(runDir));
  return end?.event === 'finished' || (end?.event === 'rolled-back' && end.verified);
}
