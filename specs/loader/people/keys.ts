/**
 * The keys that people sign with: `allowed_signers` and `revoked_signers` beside the checklist. Those of a rehearsal are made at its start, and
 * its cluster's own key vouches for them: whoever writes its folder cannot add one.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { KeyHolder, Signed } from '../../../checks/contract/people.ts';
import { PEOPLE_NAMESPACE } from '../../../checks/contract/people.ts';
import { clusterUidOf, REHEARSAL_SIGNERS, signersStatement } from '../../../checks/contract/rehearsal-key.ts';
import { errorText } from '../../../checks/contract/text.ts';
import { parseAllowedSigners, type AllowedSigner } from '../../../checks/protocols/ssh/allowed-signers.ts';
import { parseRevoked } from '../../../checks/protocols/ssh/revoked-signers.ts';
import { verifySignature } from '../../../checks/protocols/ssh/signature.ts';

export const ALLOWED_SIGNERS = 'allowed_signers';
export const REVOKED_SIGNERS = 'revoked_signers';

/** Whose keys count, or why none does. */
export interface PeopleKeys {
  /** The file that allows them, relative to the project. */
  readonly file: string;
  readonly signers: readonly AllowedSigner[];
  /** Fingerprints. */
  readonly revoked: ReadonlySet<string>;
  /** Lines that allow nobody. */
  readonly notes: readonly string[];
  /** Why no key of it counts, whatever it says. */
  readonly problem?: string;
  /** Of a rehearsal: the cluster that vouches for its keys. */
  readonly cluster?: string;
}

/** Where keys are looked for. */
export interface KeyPlace {
  readonly checklist: { readonly file: string };
  readonly environment?: { readonly rehearsal: boolean };
}

/** The folders that people's words are read from, relative to the project. */
export function peopleFolders({ checklist, environment }: KeyPlace): readonly string[] {
  return [dirname(checklist.file), ...(environment?.rehearsal ? [REHEARSAL_SIGNERS] : [])];
}

/** Never throws. */
export function peopleKeys(root: string, place: KeyPlace): PeopleKeys {
  const folder = place.environment?.rehearsal ? REHEARSAL_SIGNERS : dirname(place.checklist.file);
  const file = join(folder, ALLOWED_SIGNERS);
  const nothing = { file, signers: [], revoked: new Set<string>(), notes: [] };
  try {
    const path = resolve(root, file);
    if (!existsSync(path)) return { ...nothing, problem: `there is no ${file}: nobody's key is allowed` };
    const text = readFileSync(path, 'utf8');
    const { signers, problems } = parseAllowedSigners(text);
    const revoked = revokedIn(resolve(root, folder, REVOKED_SIGNERS));
    const notes = problems.map((problem) => `${file}: ${problem}`);
    const keys = { file, signers, revoked, notes };
    return place.environment?.rehearsal ? { ...keys, ...vouchedFor(path, text) } : keys;
  } catch (error) {
    return { ...nothing, problem: `${file}: ${errorText(error)}` };
  }
}

/** The cluster whose key signed a rehearsal's list. */
function vouchedFor(path: string, text: string): Pick<PeopleKeys, 'cluster' | 'problem'> {
  const signature = `${path}.sig`;
  if (!existsSync(signature)) return { problem: 'its rehearsal does not vouch for it' };
  const { namespace, statement } = signersStatement(text);
  const verified = verifySignature(statement, readFileSync(signature, 'utf8'), namespace);
  return 'problem' in verified
    ? { problem: `its rehearsal does not vouch for it: ${verified.problem}` }
    : { cluster: clusterUidOf(verified.key) };
}

function revokedIn(path: string): ReadonlySet<string> {
  return existsSync(path) ? parseRevoked(readFileSync(path, 'utf8'), REVOKED_SIGNERS) : new Set();
}

/** Whose signature stands beside a text. */
export function signedBy(text: string, signature: string | undefined, keys: PeopleKeys): Signed {
  if (signature === undefined) return { refused: 'unsigned', why: 'there is no signature beside it' };
  const verified = verifySignature(text, signature, PEOPLE_NAMESPACE);
  if ('problem' in verified) return { refused: 'forged', why: `its signature does not hold: ${verified.problem}` };
  const { fingerprint } = verified;
  if (keys.problem !== undefined) return { refused: 'unknown-key', why: keys.problem };
  if (keys.revoked.has(fingerprint)) return { refused: 'revoked', why: `the key ${fingerprint} was revoked` };
  const holders = holdersOf(fingerprint, keys);
  return holders.length === 0
    ? {
        refused: 'unknown-key',
        why: `no line of ${keys.file} allows the key ${fingerprint} by a name without wildcards, for namespaces="${PEOPLE_NAMESPACE}"`,
      }
    : { fingerprint, holders };
}

/** Each name a key is allowed under. A pattern names nobody: with it any name would pass. */
export function holdersOf(fingerprint: string, { signers }: Pick<PeopleKeys, 'signers'>): readonly KeyHolder[] {
  return signers
    .filter((one) => one.fingerprint === fingerprint && one.namespaces.includes(PEOPLE_NAMESPACE))
    .flatMap(({ principals, after, before }) =>
      principals
        .split(',')
        .filter((principal) => !/[*?!]/.test(principal))
        .map((principal) => ({ principal, ...timeOf('after', after), ...timeOf('before', before) })),
    );
}

function timeOf<const N extends 'after' | 'before'>(name: N, ms: number): { readonly [K in N]?: string } {
  return Number.isFinite(ms) ? ({ [name]: new Date(ms).toISOString() } as { readonly [K in N]?: string }) : {};
}
