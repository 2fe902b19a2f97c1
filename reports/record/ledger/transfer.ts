/**
 * Carries ledger files from machine to machine as one JSON-lines file: a first line that says what it is, then per run one line
 * with the whole text of its file. Importing the same file twice changes nothing; what does not verify is not taken.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isRecord } from '../../../checks/contract/json.ts';
import { sha256 } from '../../../checks/contract/canonical.ts';
import { RunFileError, fileProblem, writeTextAtomic } from '../io.ts';
import type { LedgerFile } from './read.ts';
import { parseLedgerFile, readLedger } from './read.ts';
import { ledgerFile } from './write.ts';

const EXPORT_SCHEMA = 'golive/ledger-export/v1';

export interface Transferred {
  readonly added: readonly string[];
  readonly unchanged: readonly string[];
}

/** Writes all runs, or one and those it builds on, to `out`. Throws RunFileError when the ledger is empty or damaged. */
export function exportLedger(folder: string, out: string, run?: string): readonly string[] {
  const { files, damage } = readLedger(folder);
  if (damage.length > 0) throw new RunFileError(`the ledger is damaged and is not exported:\n${damage.join('\n')}`);
  const chosen = run === undefined ? files : withAncestors(run, files);
  if (chosen.length === 0) {
    const what = run === undefined ? `${folder} holds no run` : `${folder} holds no run ${run}`;
    throw new RunFileError(`${what}: there is nothing to export`);
  }
  const lines = chosen.map(({ runId, path }) => {
    const text = wholeLines(readText(path));
    return JSON.stringify({ runId, sha256: sha256(text), text });
  });
  const first = JSON.stringify({ schema: EXPORT_SCHEMA, runs: chosen.length });
  writeTextAtomic(out, `${[first, ...lines].join('\n')}\n`);
  return chosen.map(({ runId }) => runId);
}

function withAncestors(run: string, files: readonly LedgerFile[]): LedgerFile[] {
  const byRun = new Map(files.map((file) => [file.runId, file]));
  const wanted = new Set<LedgerFile>();
  const visit = (runId: string): void => {
    const file = byRun.get(runId);
    if (!file || wanted.has(file)) return;
    wanted.add(file);
    for (const head of file.header.heads) visit(head.runId);
  };
  visit(run);
  return files.filter((file) => wanted.has(file));
}

/** Adds the runs of an export to a ledger. All or nothing: throws RunFileError with every reason when any of it does not fit. */
export function importLedger(folder: string, from: string): Transferred {
  const { runs, problems } = parseExport(readText(from), from);
  const known = new Set(readLedger(folder).files.map(({ runId }) => runId));
  const brought = new Set(runs.map(({ file }) => file.runId));
  const added: Incoming[] = [];
  const unchanged: string[] = [];
  for (const incoming of runs) {
    const { file, text } = incoming;
    for (const head of file.header.heads) {
      if (!known.has(head.runId) && !brought.has(head.runId)) {
        problems.push(
          `${from}: run ${file.runId} continues run ${head.runId}, which is neither here nor in it: export all of it`,
        );
      }
    }
    const path = ledgerFile(folder, file.runId);
    const here = existsSync(path) ? readText(path) : '';
    if (here === text || here.startsWith(text)) unchanged.push(file.runId);
    else if (here === '' || text.startsWith(here)) added.push(incoming);
    else problems.push(`${path} says something else about run ${file.runId} than ${from}: one of the two was changed`);
  }
  if (problems.length > 0) throw new RunFileError(`nothing was imported:\n${problems.join('\n')}`);
  for (const { file, text } of added) writeTextAtomic(ledgerFile(folder, file.runId), text, 0o600);
  return { added: added.map(({ file }) => file.runId), unchanged };
}

interface Incoming {
  readonly file: LedgerFile;
  readonly text: string;
}

function parseExport(text: string, from: string): { runs: Incoming[]; problems: string[] } {
  const [first, ...rest] = text.split('\n').filter((line) => line !== '');
  const head = parse(first ?? '');
  if (!isRecord(head) || head['schema'] !== EXPORT_SCHEMA) {
    throw new RunFileError(`${from} is no ledger export: name a file that golive ledger export wrote`);
  }
  const problems: string[] = [];
  if (head['runs'] !== rest.length)
    problems.push(`${from}:1: announces ${String(head['runs'])} runs, but ${rest.length} follow`);
  const runs = rest.flatMap((line, index): Incoming[] => {
    const place = `${from}:${index + 2}`;
    const entry = parse(line);
    if (!isRecord(entry) || typeof entry['runId'] !== 'string' || typeof entry['text'] !== 'string') {
      problems.push(`${place}: the line cannot be read`);
      return [];
    }
    const { runId, text: content } = entry;
    if (!/^[\w-]+$/.test(runId)) {
      problems.push(`${place}: ${JSON.stringify(runId)} is no run id`);
      return [];
    }
    const actual = sha256(content);
    if (entry['sha256'] !== actual) {
      problems.push(`${place}: run ${runId} was changed: expected ${String(entry['sha256'])}, actual ${actual}`);
    }
    const { file, damage } = parseLedgerFile(content, `${place} (run ${runId})`, runId);
    problems.push(...damage);
    return file ? [{ file, text: content }] : [];
  });
  return { runs, problems };
}

/** Without a last line that was cut off. */
function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileProblem('read', path, error);
  }
}
