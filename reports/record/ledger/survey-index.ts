/**
 * What was found in each file of a ledger that was whole, a JSON object a line: a file that has not changed since it was verified is not read
 * again. It is a cache, and it is believed: so it lies outside the project, and `golive verify` never looks at it. A file whose size, times
 * or inode are others is verified anew.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRecord } from '../../../checks/contract/json.ts';
import { sha256Hex } from '../../../checks/contract/canonical.ts';
import { writeTextAtomic } from '../io.ts';
import { userState } from '../user-state.ts';
import { isLedgerRecord } from './shapes.ts';
import type { RunSummary } from './records.ts';

/** A smaller ledger is read in no time: it leaves nothing behind. */
const WORTHWHILE = 20;

export interface IndexLine {
  readonly stamp: string;
  readonly summary: RunSummary;
}
export interface Index {
  readonly byRun: ReadonlyMap<string, IndexLine>;
  readonly lines: number;
}

/** Where the index of a ledger folder lies. */
export function indexFile(folder: string): string {
  return userState('ledgers', `${sha256Hex(existsSync(folder) ? realpathSync(folder) : folder)}.index`);
}

export function stampOf(path: string): string {
  const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
  return [size, mtimeNs, ctimeNs, ino].join(' ');
}

export function readIndex(folder: string): Index {
  const lines = textOf(indexFile(folder)).split('\n');
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

/** As far as the file's shape may have changed between versions: nobody else writes it. */
function isIndexLine(value: unknown): value is IndexLine {
  if (!isRecord(value) || typeof value['stamp'] !== 'string' || !isRecord(value['summary'])) return false;
  const { runId, header, closed, environment, phases, decision, ends, signed } = value['summary'];
  const lines: readonly unknown[] = [
    header,
    environment,
    decision,
    ...(Array.isArray(phases) ? (phases as unknown[]) : []),
  ];
  const isLine = (of: unknown): boolean => of === null || (isRecord(of) && isLedgerRecord({ prev: null, ...of }));
  const isSigned = signed === null || (isRecord(signed) && typeof signed['head'] === 'string');
  return typeof runId === 'string' && closed === true && Array.isArray(ends) && isSigned && lines.every(isLine);
}

/** Lines of files that have changed stay behind; where they are most of it, all is written anew. */
export function keepIndex(folder: string, { byRun, lines }: Index, added: readonly IndexLine[], runs: number): void {
  if (added.length === 0 || runs < WORTHWHILE) return;
  const text = (of: Iterable<IndexLine>): string => Array.from(of, (line) => `${JSON.stringify(line)}\n`).join('');
  const file = indexFile(folder);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (lines <= 3 * runs + 100) appendFileSync(file, text(added), { mode: 0o600 });
    else {
      const all = new Map([...byRun, ...added.map((line) => [line.summary.runId, line] as const)]);
      writeTextAtomic(file, text(all.values()), 0o600);
    }
  } catch {
    // A cache that cannot be written costs time, no more.
  }
}
