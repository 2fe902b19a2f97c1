/**
 * `allowed_signers` files of OpenSSH (ssh-keygen(1)): who may sign what, and when. Where OpenSSH would allow more than was said, this allows
 * less: a line counts only for the purposes that it names, and one that says anything unknown counts for nothing.
 */
import { fingerprintOf, verifierOf } from './public-key.ts';

export interface AllowedSigner {
  /** Who it is, as the file names them. */
  readonly principals: string;
  readonly fingerprint: string;
  readonly namespaces: readonly string[];
  /** Milliseconds since 1970; without a bound, infinite. */
  readonly after: number;
  readonly before: number;
}
export interface AllowedSigners {
  readonly signers: readonly AllowedSigner[];
  /** Lines that allow nobody, each with its number and why. */
  readonly problems: readonly string[];
}

/** Never throws. */
export function parseAllowedSigners(text: string): AllowedSigners {
  const signers: AllowedSigner[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const read = readLine(line.trim());
    if (typeof read === 'string') problems.push(`line ${index + 1}: ${read}`);
    else signers.push(read);
  }
  return { signers, problems };
}

/** Who a key belongs to, for this purpose at this time; or why nobody. */
export function signerOf(
  signers: readonly AllowedSigner[],
  { fingerprint, namespace, at }: { readonly fingerprint: string; readonly namespace: string; readonly at: number },
): AllowedSigner | string {
  const own = signers.filter((one) => one.fingerprint === fingerprint);
  if (own.length === 0) return `the key ${fingerprint} is in no line of it`;
  const fit = own.filter(({ namespaces }) => namespaces.includes(namespace));
  if (fit.length === 0) return `the key ${fingerprint} has no line with namespaces="${namespace}"`;
  return fit.find(({ after, before }) => after <= at && at < before) ?? `the key ${fingerprint} did not count then`;
}

/** A word, or words with quoted parts: `namespaces="a b",valid-after="2027"`. */
const WORD = /^((?:[^\s"]|"[^"]*")+)(?:\s+|$)/;
const KEY_TYPE = /^(ssh-|ecdsa-|sk-)/;

function readLine(line: string): AllowedSigner | string {
  const [principals = '', ...rest] = words(line);
  const options = KEY_TYPE.test(rest[0] ?? '') ? '' : (rest.shift() ?? '');
  const [type, base64] = rest;
  if (type === undefined || base64 === undefined) return 'expected: NAME namespaces="PURPOSE" KEY-TYPE KEY';
  const blob = Buffer.from(base64, 'base64');
  try {
    verifierOf(blob);
  } catch {
    return 'its key cannot be read';
  }
  const said = readOptions(options);
  return typeof said === 'string' ? said : { principals, fingerprint: fingerprintOf(blob), ...said };
}

function words(line: string): string[] {
  const found: string[] = [];
  for (let rest = line; rest !== '';) {
    const [whole, word] = WORD.exec(rest) ?? [rest, rest];
    found.push(word);
    rest = rest.slice(whole.length);
  }
  return found;
}

function readOptions(text: string): Pick<AllowedSigner, 'namespaces' | 'after' | 'before'> | string {
  const options = new Map(
    Array.from(text.matchAll(/([\w-]+)(?:="([^"]*)")?(?:,|$)/g), ([, name = '', value]) => [name.toLowerCase(), value]),
  );
  const unknown = [...options.keys()].filter((name) => !['namespaces', 'valid-after', 'valid-before'].includes(name));
  if (unknown.length > 0) return `the option ${unknown.join(', ')} is not understood`;
  const namespaces = options.get('namespaces')?.split(',') ?? [];
  const after = timeOf(options.get('valid-after'), -Infinity);
  const before = timeOf(options.get('valid-before'), Infinity);
  if (Number.isNaN(after) || Number.isNaN(before)) return 'valid-after and valid-before are YYYYMMDD[HHMM[SS]][Z]';
  return namespaces.length === 0
    ? 'it names no purpose: add namespaces="golive-ledger"'
    : { namespaces, after, before };
}

/** `YYYYMMDD[HHMM[SS]]`, in UTC with a `Z`, else in this machine's zone. NaN for what is no time. */
function timeOf(text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/.exec(text);
  if (!match) return NaN;
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone = ''] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
}
