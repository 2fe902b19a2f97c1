/** The key that records of runs on this rehearsal are signed with. Its cluster's UID follows from it, so that no other key can be taken for it. */
import { generateKeyPairSync } from 'node:crypto';
import { basename, join } from 'node:path';
import { clusterUidOf, REHEARSAL_LEDGER_KEY } from '../checks/contract/rehearsal-key.ts';
import { ed25519Blob } from '../checks/protocols/ssh/signature.ts';
import { writeAtomically } from '../fixtures/rehearsal-client/state-file.ts';

/** Makes the key, writes it into the rehearsal's folder and answers the UID of the cluster that it belongs to. */
export function makeLedgerKey(dir: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeAtomically(join(dir, basename(REHEARSAL_LEDGER_KEY)), String(pem));
  return clusterUidOf(ed25519Blob(privateKey));
}
