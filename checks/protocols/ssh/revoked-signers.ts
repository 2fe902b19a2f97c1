/** Keys that count no more: a text of public keys and fingerprints, a line each, as `ssh-keygen -Y verify -r` takes it. */
import { fingerprintOf } from './public-key.ts';

const KEY_LINE = /(?:^|\s)((?:ssh-|ecdsa-|sk-)\S+)\s+([A-Za-z0-9+/=]+)/;

/** Fingerprints. A list that cannot be understood must not revoke less than was meant: throws, naming `file` and line. */
export function parseRevoked(text: string, file: string): ReadonlySet<string> {
  return new Set(
    text.split('\n').flatMap((line, index) => {
      if (/^\s*(#|$)/.test(line)) return [];
      const [fingerprint] = /SHA256:[A-Za-z0-9+/]{43}/.exec(line) ?? [];
      if (fingerprint !== undefined) return [fingerprint];
      const [, , key] = KEY_LINE.exec(line) ?? [];
      if (key !== undefined) return [fingerprintOf(Buffer.from(key, 'base64'))];
      throw new Error(
        `${file}:${index + 1} is no public key and no fingerprint: no signature counts until it is corrected`,
      );
    }),
  );
}
