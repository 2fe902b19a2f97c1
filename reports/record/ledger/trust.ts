/** Whose record a run's file is: its signature, held against who may sign beside the checklist. Nothing in the ledger says which keys count. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { statementOf } from '../../../checks/contract/ledger.ts';
import { clusterUidOf } from '../../../checks/contract/rehearsal-key.ts';
import { parseAllowedSigners, signerOf, type AllowedSigners } from '../../../checks/protocols/ssh/allowed-signers.ts';
import { verifySignature } from '../../../checks/protocols/ssh/signature.ts';
import { ALLOWED_SIGNERS } from '../../../specs/loader/people/keys.ts';
import { fileProblem } from '../io.ts';
import { LEDGER_NAMESPACE } from './signing.ts';
import type { RunSummary } from './records.ts';

export { ALLOWED_SIGNERS };

/** Anybody can make a rehearsal and its key: what it signs must not be taken for a real environment's. */
const REHEARSAL_NAME = /^rehearsal(-|$)/;

export interface LedgerKeys extends AllowedSigners {
  /** Relative to the project. */
  readonly file: string;
}
/** Who signed a run's record; or why it counts for nothing, after "its record". */
export type Trust = { readonly by: string } | { readonly refused: string };

/** Who may sign records of a checklist's runs. Never throws. */
export function ledgerKeys(root: string, checklist: string): LedgerKeys {
  return keysIn(root, join(dirname(checklist), ALLOWED_SIGNERS));
}

/** The same of a file that somebody names. Never throws. */
export function keysIn(root: string, file: string): LedgerKeys {
  const path = resolve(root, file);
  if (!existsSync(path)) return { file, signers: [], problems: [] };
  try {
    return { file, ...parseAllowedSigners(readFileSync(path, 'utf8')) };
  } catch (error) {
    return { file, signers: [], problems: [fileProblem('read', path, error).message] };
  }
}

/** The same by what a run's own header names, for whoever has no plan: never of a folder that runs write to. */
export function keysNamedBy(root: string, { header }: Pick<RunSummary, 'header'>): LedgerKeys {
  const checklist = header.checklist ?? '';
  const [first = ''] = relative(root, resolve(root, checklist)).split(sep);
  if (first === '..' || first === '.golive' || first === 'reports' || checklist === '')
    return { file: ALLOWED_SIGNERS, signers: [], problems: [] };
  return ledgerKeys(root, checklist);
}

/** Of a run that has ended. `head` in its summary is the hash of its closing line. */
export function trustOf({ runId, header, signed, environment, decision }: RunSummary, keys: LedgerKeys): Trust {
  if (signed === null) {
    const isOld = header.schema !== 'golive/ledger/v3';
    return { refused: isOld ? 'was written before records were signed' : 'is not signed' };
  }
  const verified = verifySignature(statementOf(runId, signed.head), signed.signature, LEDGER_NAMESPACE);
  if ('problem' in verified) return { refused: `has a signature that does not hold: ${verified.problem}` };
  if (header.rehearsal === true) {
    if (environment === null || environment.uid === 'unknown')
      return { refused: 'is of a run that reached no cluster, so that no rehearsal vouches for it' };
    if (clusterUidOf(verified.key) !== environment.uid)
      return { refused: `is signed by ${verified.fingerprint}, which is not the key of the rehearsal that it names` };
    if (REHEARSAL_NAME.test(header.environment)) return { by: 'its rehearsal' };
    return { refused: `is a rehearsal's, and ${header.environment} is none by its name` };
  }
  const at = Date.parse(decision?.decidedAt ?? header.startedAt);
  const { fingerprint } = verified;
  const signer = signerOf(keys.signers, { fingerprint, namespace: LEDGER_NAMESPACE, at });
  return typeof signer === 'string'
    ? { refused: `is signed by a key that ${keys.file} does not allow: ${signer}` }
    : { by: signer.principals };
}
