/** Writes a signature on a release into the folder that a pull request shows. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { dump } from 'js-yaml';
import type { Approval, Covered } from '../../checks/contract/people.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { RunFileError } from '../../reports/record/io.ts';
import { APPROVALS_FOLDER, readApproval } from '../../specs/loader/people/approvals.ts';
import { peopleFolders, peopleKeys } from '../../specs/loader/people/keys.ts';
import { speakerFor } from '../../checks/people/speakers.ts';
import type { PersonKey } from './keys.ts';

export interface Said {
  readonly role: string;
  readonly verdict: Approval['verdict'];
  readonly reason?: string;
  readonly covers: Covered;
  readonly now: Date;
}

/** Answers the file. One that would count for nothing is not left behind: throws RunFileError. */
export function writeApproval(root: string, plan: Plan, key: PersonKey, said: Said): string {
  const { role, verdict, reason, covers, now } = said;
  const folder = peopleFolders(plan).at(-1) ?? '';
  const name = `${role}.${covers.through}.${key.principal.replace(/[^\w.@+-]/g, '_')}.yaml`;
  const file = join(folder, APPROVALS_FOLDER, plan.environment.name, name);
  const approval = {
    role,
    signer: key.principal,
    verdict,
    ...(reason === undefined ? {} : { reason }),
    signedAt: now.toISOString(),
    covers,
  };
  const head = `# A signature on a release. Verify it: ssh-keygen -Y verify -f allowed_signers -I ${key.principal} -n golive-signoff -s FILE.sig < FILE\n`;
  const text = `${head}${dump({ apiVersion: 'golive/v1', approval }, { lineWidth: -1, noRefs: true })}`;
  writeSigned(root, file, text, key);
  const keys = peopleKeys(root, plan);
  const read = readApproval(root, file, keys);
  const signing = plan.signing;
  const speaker = 'approval' in read && signing ? speakerFor(read.approval.signed, role, signing, now) : undefined;
  if (speaker?.refused === undefined && speaker?.principal === key.principal) return file;
  removeSigned(root, file);
  throw new RunFileError(
    `the signature would count for nothing: ${speaker?.refused === undefined ? `it is not of ${key.principal}` : speaker.why}`,
  );
}

/** A file and its signature beside it. Throws RunFileError. */
export function writeSigned(root: string, file: string, text: string, key: PersonKey): void {
  const path = resolve(root, file);
  const signature = key.sign(text);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  writeFileSync(`${path}.sig`, signature);
}

export function removeSigned(root: string, file: string): void {
  for (const path of [resolve(root, file), `${resolve(root, file)}.sig`]) if (existsSync(path)) rmSync(path);
}
