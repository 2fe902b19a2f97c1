/** DSSE envelopes, signed with raw Ed25519 by the runner's ledger key. A key in an agent or on hardware signs SSH signatures only: not these. */
import { sign, type KeyObject } from 'node:crypto';
import { ed25519Blob } from '../../checks/protocols/ssh/signature.ts';
import { fingerprintOf } from '../../checks/protocols/ssh/public-key.ts';

/** What signs, or why nothing does. */
export type EnvelopeKey = { readonly key: KeyObject } | { readonly unsigned: string };

/** The bytes that are signed: the pre-authentication encoding, its lengths in bytes. */
export function preAuthEncoding(type: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The envelope as JSON. Without a key its list of signatures is empty, so that no verifier accepts it. */
export function envelope(type: string, text: string, signer: EnvelopeKey): string {
  const payload = Buffer.from(text);
  const signatures =
    'key' in signer
      ? [
          {
            keyid: fingerprintOf(ed25519Blob(signer.key)),
            sig: sign(null, preAuthEncoding(type, payload), signer.key).toString('base64'),
          },
        ]
      : [];
  return `${JSON.stringify({ payload: payload.toString('base64'), payloadType: type, signatures }, null, 2)}\n`;
}
