/** Records of `golive incident`: written before each step and after it, signed when it is over by the key that signs the ledger. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord, parseJson } from '../../../checks/contract/json.ts';
import type { IncidentRecord, ReadIncident } from '../../../checks/contract/notify.ts';
import { clusterUidOf } from '../../../checks/contract/rehearsal-key.ts';
import { signerOf } from '../../../checks/protocols/ssh/allowed-signers.ts';
import { verifySignature } from '../../../checks/protocols/ssh/signature.ts';
import { writeJsonAtomic } from '../io.ts';
import { LEDGER_NAMESPACE, type Sign } from '../ledger/signing.ts';
import type { LedgerKeys } from '../ledger/trust.ts';

const SCHEMA = 'golive/incident/v1';
export const incidentsFolder = (root: string): string => join(root, '.golive', 'incidents');

/** The record as text: what is signed is what was written. */
interface IncidentFile {
  readonly text: string;
  readonly signature: string | null;
}
const statementOf = (text: string): string => `golive incident\n${text}\n`;

/** Writes the record as it is by now; with `sign` it is its last word. Throws RunFileError. */
export function writeIncident(root: string, record: IncidentRecord, sign: Sign | null): void {
  mkdirSync(incidentsFolder(root), { recursive: true, mode: 0o700 });
  const text = JSON.stringify(record);
  const signature = sign === null ? null : sign(statementOf(text));
  const file: IncidentFile = { text, signature };
  writeJsonAtomic(join(incidentsFolder(root), `${record.id}.json`), file, 0o600);
}

/** Every record of one environment, the oldest first, each with who vouches for it. What is no record is left out. */
export function readIncidents(
  root: string,
  environment: IncidentRecord['environment'] & { readonly rehearsal: boolean },
  keys: LedgerKeys,
): readonly ReadIncident[] {
  const folder = incidentsFolder(root);
  if (!existsSync(folder)) return [];
  const read = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFile(join(folder, name), environment, keys));
  return read
    .filter((one) => one !== null)
    .sort((a, b) => Date.parse(a.record.startedAt) - Date.parse(b.record.startedAt));
}

function readFile(
  path: string,
  environment: IncidentRecord['environment'] & { readonly rehearsal: boolean },
  keys: LedgerKeys,
): ReadIncident | null {
  const file = parseJson(readFileSync(path, 'utf8'));
  if (!isRecord(file) || typeof file['text'] !== 'string') return null;
  const record = parseJson(file['text']);
  if (!isRecord(record) || record['schema'] !== SCHEMA) return null;
  const incident = record as unknown as IncidentRecord;
  const { name, uid } = incident.environment;
  if (name !== environment.name || uid !== environment.uid) return null;
  const { signature } = file;
  if (typeof signature !== 'string') return { record: incident, refused: 'is not signed' };
  return {
    record: incident,
    ...vouched(file['text'], signature, { ...incident, rehearsal: environment.rehearsal }, keys),
  };
}

function vouched(
  text: string,
  signature: string,
  {
    environment,
    startedAt,
    rehearsal,
  }: Pick<IncidentRecord, 'environment' | 'startedAt'> & { readonly rehearsal: boolean },
  keys: LedgerKeys,
): Pick<ReadIncident, 'by' | 'refused'> {
  const verified = verifySignature(statementOf(text), signature, LEDGER_NAMESPACE);
  if ('problem' in verified) return { refused: `has a signature that does not hold: ${verified.problem}` };
  const { fingerprint } = verified;
  if (rehearsal) {
    if (clusterUidOf(verified.key) === environment.uid) return { by: 'its rehearsal' };
    return { refused: `is signed by ${fingerprint}, which is not the key of the rehearsal that it names` };
  }
  const signer = signerOf(keys.signers, { fingerprint, namespace: LEDGER_NAMESPACE, at: Date.parse(startedAt) });
  if (typeof signer !== 'string') return { by: signer.principals };
  return { refused: `is signed by a key that ${keys.file} does not allow: ${signer}` };
}
