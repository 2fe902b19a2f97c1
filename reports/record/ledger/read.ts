/** Reads the ledger back, checks every chain, and names all damage: file, line, expected and actual hash. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../../checks/contract/json.ts';
import { sha256 } from '../../../checks/contract/canonical.ts';
import { byText } from '../../decide/order.ts';
import { fileProblem } from '../io.ts';
import { quarantinedRuns } from './quarantine.ts';
import type { HeaderRecord, LedgerRecord } from '../../../checks/contract/ledger.ts';
import { upgradedOutcome } from '../first-version.ts';
import { isLedgerRecord } from './shapes.ts';

/** One run's file, as far as it can be believed. */
export interface LedgerFile {
  readonly runId: string;
  readonly path: string;
  readonly header: HeaderRecord;
  readonly records: readonly LedgerRecord[];
  /** Hash of each line, in order. */
  readonly hashes: readonly string[];
  /** The run said how it ended. */
  readonly closed: boolean;
}
export interface Ledger {
  /** Whole files only; a damaged one is named in `damage` and left out. */
  readonly files: readonly LedgerFile[];
  readonly damage: readonly string[];
}

/** All files of a ledger folder, read and verified. A folder that does not exist is an empty ledger. */
export function readLedger(folder: string): Ledger {
  const files: LedgerFile[] = [];
  const damage: string[] = [];
  const quarantined = quarantinedRuns(folder);
  for (const runId of ledgerRuns(folder, damage)) {
    const path = join(folder, `${runId}.jsonl`);
    try {
      const parsed = parseLedgerFile(readFileSync(path, 'utf8'), path, runId);
      if (!quarantined.has(runId)) damage.push(...parsed.damage);
      if (parsed.file) files.push(parsed.file);
    } catch (error) {
      damage.push(fileProblem('read', path, error).message);
    }
  }
  const holders = files.map((file) => ({ ...file, has: (hash: string) => file.hashes.includes(hash) }));
  return { files, damage: [...damage, ...missingHeads(holders, damage, quarantined)] };
}

/** Ids of the runs that have a file, sorted. */
export function ledgerRuns(folder: string, damage: string[]): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => name.slice(0, -'.jsonl'.length))
      .sort(byText);
  } catch (error) {
    damage.push(fileProblem('read', folder, error).message);
    return [];
  }
}

/** Parses and checks one file's text. `file` is null when anything in it is damaged. */
export function parseLedgerFile(
  text: string,
  path: string,
  runId: string,
): { readonly file: LedgerFile | null; readonly damage: readonly string[] } {
  const damage: string[] = [];
  const lines = text.split('\n');
  // A torn last line is what a killed run leaves; without it the file is an unfinished run's, not a damaged one.
  lines.pop();
  const records: LedgerRecord[] = [];
  const hashes: string[] = [];
  for (const [index, line] of lines.entries()) {
    const place = `${path}:${index + 1}`;
    const parsed = parseLine(line);
    if (parsed === null) damage.push(`${place}: the line is no ledger record of a version this golive knows`);
    else {
      const expected = hashes.at(-1) ?? null;
      if (parsed.prev !== expected) damage.push(chainBroken(place, index, expected, parsed.prev));
      records.push(parsed.record);
    }
    hashes.push(sha256(line));
  }
  damage.push(...shapeProblems(records, path, runId));
  const [header] = records;
  if (damage.length > 0 || header?.record !== 'header') return { file: null, damage };
  return {
    file: { runId, path, header, records, hashes, closed: records.some(({ record }) => record === 'closing') },
    damage,
  };
}

function chainBroken(place: string, index: number, expected: string | null, actual: string | null): string {
  if (index === 0) return `${place}: the first line continues ${actual ?? 'nothing'}: lines before it are missing`;
  return `${place}: the line before it was changed, added or removed: expected hash ${actual ?? 'none'}, actual ${expected ?? 'none'}`;
}

function shapeProblems(records: readonly LedgerRecord[], path: string, runId: string): string[] {
  const [header] = records;
  if (header === undefined) return [`${path}:1: no header: the file is empty or was cut off`];
  if (header.record !== 'header') return [`${path}:1: expected the header, found ${header.record}`];
  const problems: string[] = [];
  if (header.runId !== runId)
    problems.push(`${path}:1: the header is of run ${header.runId}, the file's name says ${runId}`);
  for (const [index, record] of records.entries()) {
    const place = `${path}:${index + 1}`;
    if (index > 0 && record.record === 'header') problems.push(`${place}: a second header`);
    if (record.record === 'signature' && !isSigned(records[index - 1]))
      problems.push(`${place}: a signature that does not follow the closing line`);
    if (record.record !== 'closing') continue;
    if (!isLast(records.slice(index + 1))) problems.push(`${place}: a closing line, but the file goes on`);
    if (record.lines !== index) problems.push(`${place}: closes after ${record.lines} lines, the file has ${index}`);
  }
  return problems;
}

function isSigned(before: LedgerRecord | undefined): boolean {
  return before?.record === 'closing';
}

/** Only the signature may follow the closing line. */
function isLast(after: readonly LedgerRecord[]): boolean {
  return after.length === 0 || (after.length === 1 && after[0]?.record === 'signature');
}

/** A file as far as other files name it. */
interface HeadHolder {
  readonly runId: string;
  readonly path: string;
  readonly header: HeaderRecord;
  /** Whether one of its lines has that hash. */
  readonly has: (hash: string) => boolean;
}

/** Heads that a header names and no file has: a file was removed, cut short or not brought along. */
export function missingHeads(
  files: readonly HeadHolder[],
  damage: readonly string[],
  quarantined: ReadonlySet<string>,
): string[] {
  const byRun = new Map(files.map((file) => [file.runId, file]));
  return files.flatMap((file) =>
    file.header.heads.flatMap(({ runId, hash }) => {
      const found = byRun.get(runId);
      if (found?.has(hash) || quarantined.has(runId)) return [];
      if (!found && damage.some((text) => text.includes(runId))) return [];
      const what = found
        ? `${found.path} has no line with hash ${hash}: it was cut short or replaced`
        : `no file of run ${runId}`;
      return [`${file.path}:1: the run it continues is missing: ${what}; restore it or import it`];
    }),
  );
}

/** A line that the first version wrote, in today's shape. Its hash is of the line as it stands. */
function upgradedRecord(value: unknown): unknown {
  if (!isRecord(value) || value['record'] !== 'outcome') return value;
  return { ...value, outcome: upgradedOutcome(value['outcome']) };
}

function parseLine(line: string): { record: LedgerRecord; prev: string | null } | null {
  try {
    const value = upgradedRecord(JSON.parse(line));
    return isLedgerRecord(value) ? { record: value, prev: value.prev } : null;
  } catch {
    return null;
  }
}
