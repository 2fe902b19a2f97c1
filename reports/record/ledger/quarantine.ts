/**
 * Runs that a person has set aside: of a clock that was wrong, or a file that cannot be repaired. An empty file beside the run's says so; the
 * run's own stays, as others name it. It must not hide a verdict: what the run set out to judge counts again only when it has been judged by
 * a run that knew of it.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunFileError, fileProblem } from '../io.ts';
import type { RunSummary } from './records.ts';

const MARK = '.quarantined';

export function quarantinedRuns(folder: string): ReadonlySet<string> {
  if (!existsSync(folder)) return new Set();
  const marks = readdirSync(folder).filter((name) => name.endsWith(MARK));
  return new Set(marks.map((name) => name.slice(0, -MARK.length)));
}

/** Throws RunFileError where the ledger has no such run. */
export function quarantine(folder: string, run: string): void {
  if (!/^[\w-]+$/.test(run) || !existsSync(join(folder, `${run}.jsonl`)))
    throw new RunFileError(`${folder} holds no run ${run}: golive verify names them`);
  const mark = join(folder, `${run}${MARK}`);
  try {
    writeFileSync(mark, '', { mode: 0o600 });
  } catch (error) {
    throw fileProblem('write', mark, error);
  }
}

/** The quarantined runs that a run did not know of, though they may concern what it judged; one that cannot be read may concern anything. */
export function unknownQuarantined(
  runId: string,
  runs: readonly RunSummary[],
  quarantined: ReadonlySet<string>,
  concerns: (run: RunSummary) => boolean,
): string[] {
  const byRun = new Map(runs.map((run) => [run.runId, run]));
  const aside = [...quarantined].filter((id) => {
    const run = byRun.get(id);
    return run === undefined || concerns(run);
  });
  if (aside.length === 0) return [];
  const known = new Set<string>();
  const visit = [runId];
  for (let id = visit.pop(); id !== undefined; id = visit.pop()) {
    if (known.has(id)) continue;
    known.add(id);
    visit.push(...(byRun.get(id)?.header.heads ?? []).map((head) => head.runId));
  }
  return aside.filter((id) => !known.has(id));
}
