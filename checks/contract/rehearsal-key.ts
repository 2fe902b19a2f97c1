/**
 * The key that a rehearsal's records are signed with. It is made with its cluster, whose UID follows from it: whoever knows the cluster
 * knows the key, and no file has to be believed.
 */
import { sha256Hex } from './canonical.ts';

/** The private half, PEM, in the project's folder. */
export const REHEARSAL_LEDGER_KEY = '.golive/rehearsal/ledger-key.pem';

/** The UID of a rehearsal's `kube-system`, by the public key as SSH encodes it: a UUID (version 8) of its digest. */
export function clusterUidOf(publicKey: Uint8Array): string {
  const hex = sha256Hex(publicKey);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join('-');
}

/** The ledger of runs that a rehearsal simulates, for what is looked at days after an approval or happened elsewhere; read for nothing else. */
export const SIMULATED_LEDGER = '.golive/rehearsal/simulated-ledger';

/** The folder of a rehearsal's people: their keys, attestations and approvals. */
export const REHEARSAL_SIGNERS = '.golive/rehearsal/signers';

/** What a rehearsal's key signs of the list of its people's keys. */
export function signersStatement(list: string): { readonly namespace: string; readonly statement: string } {
  return { namespace: 'golive-ledger', statement: `golive rehearsal signers\n${list}` };
}
