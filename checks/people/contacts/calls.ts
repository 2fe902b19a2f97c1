/** Calls that somebody made and wrote down: what the file says, and whose signature lies beside it. */
import { dirname, join } from 'node:path/posix';
import type { ProjectFiles } from '../../contract/capabilities.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { PEOPLE_NAMESPACE } from '../../contract/people.ts';
import { errorText } from '../../contract/text.ts';
import { attempt } from '../../kit/kind.ts';
import { parseAllowedSigners, signerOf } from '../../protocols/ssh/allowed-signers.ts';
import { parseRevoked } from '../../protocols/ssh/revoked-signers.ts';
import { verifySignature } from '../../protocols/ssh/signature.ts';
import { yamlDocuments } from '../../protocols/yaml.ts';

export interface Call {
  readonly contact: string;
  readonly by: string;
  readonly at: string;
}
export interface Calls {
  readonly calls: readonly Call[];
  /** Why none of them counts, after "the file". */
  readonly refused?: string;
}

/** `signers`: the file of those who may sign. Throws ObservationError where the file of calls or of signers cannot be read. */
export async function readCalls(files: ProjectFiles, file: string, signers: string, now: Date): Promise<Calls> {
  const text = await files.read(file);
  const calls = listAt(yamlDocuments(text), 0).map((one) => ({
    contact: textAt(one, '', 'contact'),
    by: textAt(one, '', 'by'),
    at: timeAt(one),
  }));
  const allowed = await files.read(signers);
  const beside = await attempt(() => files.read(`${file}.sig`));
  const revoked = await attempt(() => files.read(join(dirname(signers), 'revoked_signers')));
  if (beside.seen === undefined) return { calls, refused: 'has no signature beside it' };
  if (revoked.seen === undefined && revoked.refusal.code !== 'not-found')
    return { calls, refused: `cannot be judged: revoked_signers could not be read (${revoked.refusal.message})` };
  const refused = refusalOf({ text, signature: beside.seen, allowed, revoked: revoked.seen ?? '' }, now);
  return refused === null ? { calls } : { calls, refused };
}

function refusalOf(
  of: { readonly text: string; readonly signature: string; readonly allowed: string; readonly revoked: string },
  now: Date,
): string | null {
  const verified = verifySignature(of.text, of.signature, PEOPLE_NAMESPACE);
  if ('problem' in verified) return `has a signature that does not hold: ${verified.problem}`;
  const { fingerprint } = verified;
  try {
    if (parseRevoked(of.revoked, 'revoked_signers').has(fingerprint))
      return `is signed by the revoked key ${fingerprint}`;
  } catch (error) {
    return `cannot be judged: ${errorText(error)}`;
  }
  const { signers } = parseAllowedSigners(of.allowed);
  const signer = signerOf(signers, { fingerprint, namespace: PEOPLE_NAMESPACE, at: now.getTime() });
  return typeof signer === 'string' ? `is signed by nobody who may: ${signer}` : null;
}

/** YAML reads a time as a date of its own. */
const timeAt = (value: unknown): string => {
  const found = at(value, 'at');
  return found instanceof Date ? found.toISOString() : typeof found === 'string' ? found : '';
};
