/** What a run must know of all earlier ones, at a cost that hardly grows with them (survey-index.ts). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../../checks/contract/canonical.ts';
import { fileProblem } from '../io.ts';
import { quarantinedRuns } from './quarantine.ts';
import { ledgerRuns, missingHeads, parseLedgerFile, type LedgerFile } from './read.ts';
import type { LedgerHead } from '../../../checks/contract/ledger.ts';
import type { RunSummary } from './records.ts';
import { keepIndex, readIndex, stampOf, type IndexLine } from './survey-index.ts';

export interface LedgerSurvey {
  /** Whole files only; a damaged one is named in `damage` and left out. */
  readonly runs: readonly RunSummary[];
  /** Last lines that no other file names yet, those of damaged files too. */
  readonly tips: readonly LedgerHead[];
  readonly damage: readonly string[];
  /** Runs that somebody has set aside: they count for nothing, and their damage holds nobody up. */
  readonly quarantined: ReadonlySet<string>;
}

/** All files of a ledger folder. A folder that does not exist is an empty ledger. */
export function surveyLedger(folder: string): LedgerSurvey {
  const damage: string[] = [];
  const runs: RunSummary[] = [];
  const last: LedgerHead[] = [];
  const quarantined = quarantinedRuns(folder);
  const index = readIndex(folder);
  const added: IndexLine[] = [];
  for (const runId of ledgerRuns(folder, damage)) {
    const path = join(folder, `${runId}.jsonl`);
    try {
      const stamp = stampOf(path);
      const known = index.byRun.get(runId);
      if (known?.stamp === stamp) {
        runs.push(known.summary);
        last.push({ runId, hash: known.summary.ends[1] });
        continue;
      }
      const text = readFileSync(path, 'utf8');
      const parsed = parseLedgerFile(text, path, runId);
      if (!quarantined.has(runId)) damage.push(...parsed.damage);
      last.push(...endOf(text, runId));
      if (parsed.file === null) continue;
      const summary = summaryOf(parsed.file);
      runs.push(summary);
      // What is still written to is read again anyway.
      if (summary.closed) added.push({ stamp, summary });
    } catch (error) {
      damage.push(fileProblem('read', path, error).message);
    }
  }
  keepIndex(folder, index, added, runs.length);
  const holders = runs.map((run) => ({ ...run, path: join(folder, `${run.runId}.jsonl`), has: holds(folder, run) }));
  const missing = missingHeads(holders, damage, quarantined);
  return { runs, tips: unnamed(last, runs), damage: [...damage, ...missing], quarantined };
}

export function summaryOf({ runId, header, records, hashes, closed }: LedgerFile): RunSummary {
  const [first = ''] = hashes;
  const last = records.at(-1);
  const approval = records.find((record) => record.record === 'approval');
  const firstDay = records.find((record) => record.record === 'first-day');
  return {
    runId,
    header,
    closed,
    environment: records.find((record) => record.record === 'environment') ?? null,
    phases: records.filter((record) => record.record === 'phase'),
    decision: records.find((record) => record.record === 'decision') ?? null,
    ...(approval ? { approval } : {}),
    ...(firstDay ? { firstDayOf: firstDay.of } : {}),
    ends: [first, hashes.at(-1) ?? first],
    signed: last?.record === 'signature' ? { head: hashes.at(-2) ?? '', signature: last.signature } : null,
  };
}

/** The last line, also of a damaged file. What a killed run tore off after the last line break is no line. */
function endOf(text: string, runId: string): LedgerHead[] {
  const line = text.split('\n').slice(0, -1).at(-1);
  return line === undefined ? [] : [{ runId, hash: sha256(line) }];
}

function unnamed(last: readonly LedgerHead[], runs: readonly RunSummary[]): LedgerHead[] {
  const key = ({ runId, hash }: LedgerHead): string => `${runId} ${hash}`;
  const named = new Set(runs.flatMap(({ header }) => header.heads.map(key)));
  return last.filter((head) => !named.has(key(head)));
}

/** Whether a file has a line of that hash: nearly always its first or last one, else it grew after it was named. */
function holds(folder: string, { runId, ends }: RunSummary): (hash: string) => boolean {
  return (hash) => {
    if (ends.includes(hash)) return true;
    const lines = readFileSync(join(folder, `${runId}.jsonl`), 'utf8').split('\n');
    return lines.some((line) => sha256(line) === hash);
  };
}
