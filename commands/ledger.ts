/** `golive ledger export | import | quarantine`: carries the ledger between machines, and sets a run of it aside. 0 done, 64 wrong use, 70 it could not be done. */
import { resolve } from 'node:path';
import { EXIT } from '../checks/contract/decision.ts';
import { quarantine } from '../reports/record/ledger/quarantine.ts';
import { exportLedger, importLedger } from '../reports/record/ledger/transfer.ts';
import { RunFileError } from '../reports/record/io.ts';
import { ledgerFolder } from '../reports/record/paths.ts';
import { writeError, writeOut } from './write.ts';

export interface LedgerExportOptions {
  readonly root?: string;
  /** The file to write. */
  readonly out: string;
  /** One run and those it builds on; default: all. */
  readonly run?: string;
}
export interface LedgerImportOptions {
  readonly root?: string;
  readonly file: string;
}

export async function ledgerExport(options: LedgerExportOptions): Promise<number> {
  const folder = ledgerFolder(options.root ?? process.cwd());
  return attempt(() => {
    const runs = exportLedger(folder, resolve(options.out), options.run);
    return `Exported ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} to ${options.out}.`;
  });
}

export async function ledgerImport(options: LedgerImportOptions): Promise<number> {
  const folder = ledgerFolder(options.root ?? process.cwd());
  return attempt(() => {
    const { added, unchanged } = importLedger(folder, resolve(options.file));
    return `Imported ${added.length} ${added.length === 1 ? 'run' : 'runs'}; ${unchanged.length} already known.`;
  });
}

export async function ledgerQuarantine(options: { readonly root?: string; readonly run: string }): Promise<number> {
  const { root = process.cwd(), run } = options;
  return attempt(() => {
    quarantine(ledgerFolder(root), run);
    return `Run ${run} counts for nothing now. Run again what it was asked for: golive verify names what does not count.`;
  });
}

function attempt(act: () => string): Promise<number> {
  try {
    writeOut(act());
    return Promise.resolve(EXIT.GO);
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error;
    writeError(`golive ledger: ${error.message}`);
    return Promise.resolve(EXIT.broken);
  }
}
