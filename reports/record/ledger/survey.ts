/**
 * What a run must know of all earlier ones, at a cost that hardly grows with them: a file that has not changed since it was verified is not
 * read again. Beside the ledger lies an index, a JSON object a line, of what was found in each file that was whole. It is a cache: without
 * it everything is read, and `golive verify` never looks at it. A file whose size, times or inode are others is verified anew.
 */
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../../checks/contract/json.ts';
import { sha256 } from '../../../checks/contract/canonical.ts';
import { fileProblem, writeTextAtomic } from '../io.ts';
import { ledgerRuns, missingHeads, parseLedgerFile, type LedgerFile } from './read.ts';
import type { DecisionRecord, EnvironmentRecord, HeaderRecord, LedgerHead, PhaseRecord } from './records.ts';
import { isLedgerRecord } from './shapes.ts';

/** One run's file, without its outcomes. */
export interface RunSummary {
  readonly runId: string;
  readonly header: HeaderRecord;
  /** The run said how it ended. */
  readonly closed: boolean;
  readonly environment: EnvironmentRecord | null;
  readonly phases: readonly PhaseRecord[];
  readonly decision: DecisionRecord | null;
  /** Hashes of the first and the last line: what other files name as the end they found. */
  readonly ends: readonly [string, string];
}
export interface LedgerSurvey {
  /** Whole files only; a damaged one is named in `damage` and left out. */
  readonly runs: readonly RunSummary[];
  /** Last lines that no other file names yet, those of damaged files too. */
  readonly tips: readonly LedgerHead[];
  readonly damage: readonly string[];
}

/** All files of a ledger folder. A folder that does not exist is an empty ledger. */
export function surveyLedger(folder: string): LedgerSurvey {
  const damage: string[] = [];
  const runs: RunSummary[] = [];
  const last: LedgerHead[] = [];
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
      damage.push(...parsed.damage);
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
  return { runs, tips: unnamed(last, runs), damage: [...damage, ...missingHeads(holders, damage)] };
}

export function summaryOf({ runId, header, records, hashes, closed }: LedgerFile): RunSummary {
  const [first = ''] = hashes;
  return {
    runId,
    header,
    closed,
    environment: records.find((record) => record.record === 'environment') ?? null,
    phases: records.filter((record) => record.record === 'phase'),
    decision: records.find((record) => record.record === 'decision') ?? null,
    ends: [first, hashes.at(-1) ?? first],
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

interface IndexLine {
  readonly stamp: string;
  readonly summary: RunSummary;
}
interface Index {
  readonly byRun: ReadonlyMap<string, IndexLine>;
  readonly lines: number;
}

function indexFile(folder: string): string {
  return `${folder}.index`;
}

function stampOf(path: string): string {
  const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
  return [size, mtimeNs, ctimeNs, ino].join(' ');
}

function readIndex(folder: string): Index {
  const path = indexFile(folder);
  const lines = existsSync(path) ? textOf(path).split('\n') : [];
  const known = lines.flatMap(indexLine);
  return { byRun: new Map(known.map((line) => [line.summary.runId, line])), lines: lines.length };
}

/** A cache that cannot be read is none. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function indexLine(text: string): IndexLine[] {
  try {
    const value: unknown = JSON.parse(text);
    return isIndexLine(value) ? [value] : [];
  } catch {
    return [];
  }
}

function isIndexLine(value: unknown): value is IndexLine {
  if (!isRecord(value) || typeof value['stamp'] !== 'string' || !isRecord(value['summary'])) return false;
  const { runId, header, closed, environment, phases, decision, ends } = value['summary'];
  const isLine = (of: unknown, name: string): boolean =>
    isRecord(of) && of['record'] === name && isLedgerRecord({ prev: null, ...of });
  return (
    typeof runId === 'string' &&
    closed === true &&
    isLine(header, 'header') &&
    (environment === null || isLine(environment, 'environment')) &&
    (decision === null || isLine(decision, 'decision')) &&
    Array.isArray(phases) &&
    phases.every((phase) => isLine(phase, 'phase')) &&
    Array.isArray(ends) &&
    ends.length === 2 &&
    ends.every((end) => typeof end === 'string')
  );
}

/** Lines of files that have changed stay behind; where they are most of it, all is written anew. */
function keepIndex(folder: string, { byRun, lines }: Index, added: readonly IndexLine[], runs: number): void {
  if (added.length === 0) return;
  const text = (of: Iterable<IndexLine>): string => Array.from(of, (line) => `${JSON.stringify(line)}\n`).join('');
  try {
    if (lines <= 3 * runs + 100) appendFileSync(indexFile(folder), text(added), { mode: 0o600 });
    else {
      const all = new Map([...byRun, ...added.map((line) => [line.summary.runId, line] as const)]);
      writeTextAtomic(indexFile(folder), text(all.values()), 0o600);
    }
  } catch {
    // A cache that cannot be written costs time, no more.
  }
}
