/** Is the ledger sound? Chains, heads, and the evidence files and decisions it vouches for, as far as this machine has them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../../checks/contract/canonical.ts';
import { byText } from '../../decide/order.ts';
import { fileProblem } from '../io.ts';
import { ledgerFolder, runsFolder } from '../paths.ts';
import { decisionDamage } from './decisions.ts';
import type { LedgerFile } from './read.ts';
import { readLedger } from './read.ts';
import { summaryOf } from './survey.ts';

export interface Verification {
  readonly runs: number;
  readonly records: number;
  readonly evidenceFiles: number;
  /** What was changed, removed or is unreadable: one line each, with place and hashes. */
  readonly damage: readonly string[];
  /** Runs that never said how they ended, and that no later run of the same release and environment has replaced. */
  readonly incomplete: readonly string[];
  /** Runs whose evidence is on another machine or was removed: their chain was checked, their files could not be. */
  readonly elsewhere: readonly string[];
}

export function verifyLedger(root: string): Verification {
  const { files, damage } = readLedger(ledgerFolder(root));
  const evidence = files.map((file) => verifyEvidence(root, file));
  return {
    runs: files.length,
    records: files.reduce((sum, { records }) => sum + records.length, 0),
    evidenceFiles: evidence.reduce((sum, { checked }) => sum + checked, 0),
    damage: [...damage, ...evidence.flatMap((one) => one.damage), ...decisionDamage(root, files.map(summaryOf))],
    incomplete: files.filter((file) => !file.closed && !isReplaced(file, files)).map(({ runId }) => runId),
    elsewhere: files.filter((file) => namesFiles(file) && !existsSync(runFolder(root, file))).map(({ runId }) => runId),
  };
}

function runFolder(root: string, { runId }: LedgerFile): string {
  return join(runsFolder(root), runId);
}

function namesFiles({ records }: LedgerFile): boolean {
  return records.some((record) => record.record === 'outcome' && record.files.length > 0);
}

function isReplaced(file: LedgerFile, files: readonly LedgerFile[]): boolean {
  const { release, environment, startedAt, phases } = file.header;
  return files.some(
    ({ closed, header }) =>
      closed &&
      header.environment === environment &&
      header.release.name === release.name &&
      header.release.version === release.version &&
      header.release.commit === release.commit &&
      phases.every((phase) => header.phases.includes(phase)) &&
      byText(header.startedAt, startedAt) > 0,
  );
}

function verifyEvidence(root: string, file: LedgerFile): { checked: number; damage: string[] } {
  const folder = runFolder(root, file);
  const damage: string[] = [];
  let checked = 0;
  if (!existsSync(folder)) return { checked, damage };
  for (const [index, record] of file.records.entries()) {
    if (record.record !== 'outcome') continue;
    for (const named of record.files) {
      checked += 1;
      const problem = evidenceProblem(join(folder, 'evidence', named.path), named.sha256);
      if (problem !== null) damage.push(`${file.path}:${index + 1}: evidence of ${record.outcome.item}: ${problem}`);
    }
  }
  return { checked, damage };
}

function evidenceProblem(path: string, expected: string): string | null {
  if (!existsSync(path)) return `${path} is missing`;
  try {
    const actual = sha256(readFileSync(path));
    const same = actual === expected || actual === `sha256:${expected}`;
    return same ? null : `${path} was changed: expected ${expected}, actual ${actual}`;
  } catch (error) {
    return fileProblem('read', path, error).message;
  }
}
