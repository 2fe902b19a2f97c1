/** Who vouches for a recorded decision where the ledger is not: by the copy of the run's record that lies beside its bundle. */
import { existsSync, readFileSync } from 'node:fs';
import { digestOf } from '../../../checks/contract/canonical.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import { parseLedgerFile } from './read.ts';
import { summaryOf } from './survey.ts';
import { trustOf, type LedgerKeys, type Trust } from './trust.ts';

/** The copy's name, in the folder of the run. */
export const RECORD_COPY = 'ledger.jsonl';

export function voucherOf(path: string, decision: Decision, keys: LedgerKeys): Trust {
  if (!existsSync(path)) return { refused: `is not beside it (${RECORD_COPY})` };
  const { file, damage } = parseLedgerFile(readFileSync(path, 'utf8'), path, decision.recordedBy ?? decision.runId);
  if (file === null) return { refused: `is damaged: ${damage[0] ?? path}` };
  const summary = summaryOf(file);
  if (summary.decision?.digest !== digestOf(decision)) return { refused: 'is of another decision' };
  return trustOf(summary, keys);
}
