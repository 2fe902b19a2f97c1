/**
 * RFC 3161 timestamps of signatures, where somebody asked an authority for one: `FILE.sig.tsr` over `FILE.sig`, verified by openssl against the
 * authorities in `tsa_ca.pem` beside the checklist. Optional: a signature without one counts as it does. One that does not hold takes the
 * signature with it, as nobody knows any more when it was made.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Timestamp } from '../../../checks/contract/people.ts';

export const TSA_FILE = 'tsa_ca.pem';
const LIMIT_MS = 10_000;

/** Undefined where nobody asked for one. `signature`: the signature's file. Never throws. */
export function timestampOf(root: string, signature: string, checklist: string): Timestamp | undefined {
  const data = resolve(root, signature);
  const token = `${data}.tsr`;
  if (!existsSync(token)) return undefined;
  const authorities = resolve(root, dirname(checklist), TSA_FILE);
  if (!existsSync(authorities))
    return { refused: `there is no ${TSA_FILE} beside the checklist, which names the authorities that count` };
  const told = openssl(['ts', '-reply', '-in', token, '-text']);
  if (told === null) return { refused: 'openssl does not run here, or cannot read it' };
  const at = Date.parse(/^Time stamp: (.+)$/m.exec(told)?.[1] ?? '');
  if (Number.isNaN(at)) return { refused: 'it names no time' };
  // The authority's certificate had to count when it spoke, not when somebody looks.
  const when = ['-attime', String(Math.floor(at / 1000))];
  const verified = openssl(['ts', '-verify', '-in', token, '-data', data, '-CAfile', authorities, ...when]);
  return verified === null
    ? { refused: 'it is of something else, or of an authority that does not count' }
    : { at: new Date(at).toISOString() };
}

/** What openssl says; null where it refuses, or is not there. */
function openssl(args: readonly string[]): string | null {
  const { status, stdout } = spawnSync('openssl', args, { encoding: 'utf8', timeout: LIMIT_MS });
  return status === 0 ? stdout : null;
}
