/** What signs for a person: their SSH key through `ssh-keygen`, in a file, an agent or on hardware, or a key that the rehearsal made for the role. */
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PEOPLE_NAMESPACE } from '../../checks/contract/people.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { REHEARSAL_SIGNERS } from '../../checks/contract/rehearsal-key.ts';
import { fingerprintOf } from '../../checks/protocols/ssh/public-key.ts';
import { signEd25519 } from '../../checks/protocols/ssh/signature.ts';
import { RunFileError } from '../../reports/record/io.ts';
import { holdersOf, peopleKeys } from '../../specs/loader/people/keys.ts';
import { rehearsalSigner } from '../../specs/loader/people/signing.ts';

/** Names the key, where no option does. */
export const SIGN_KEY = 'GOLIVE_SIGN_KEY';

/** Who signs, and how. */
export interface PersonKey {
  readonly principal: string;
  /** Throws RunFileError. */
  readonly sign: (text: string) => string;
}

/** The key that the rehearsal made for a role. Throws RunFileError. */
export function rehearsalKey(root: string, role: string): PersonKey {
  const path = join(root, REHEARSAL_SIGNERS, 'keys', `${role}.pem`);
  if (!existsSync(path))
    throw new RunFileError(
      `the rehearsal has no signer for ${role}: run the gate on the rehearsal first (npx playwright test)`,
    );
  return {
    principal: rehearsalSigner(role),
    sign: (text) => signEd25519(text, PEOPLE_NAMESPACE, createPrivateKey(readFileSync(path))),
  };
}

/** A person's own key: the one that is named, else what git signs with. Throws RunFileError. */
export function ownKey(
  root: string,
  plan: Plan,
  role: string,
  {
    key = process.env[SIGN_KEY] || gitKey(root),
    as,
  }: { readonly key?: string | undefined; readonly as?: string | undefined },
): PersonKey {
  if (!key) throw new RunFileError(`no key signs: name it by --key FILE, ${SIGN_KEY} or git's user.signingkey`);
  const principal = as ?? principalOf(root, plan, role, key);
  return { principal, sign: (text) => signBySsh(text, key) };
}

/** Whose the key is, among those who may sign for the role. */
function principalOf(root: string, plan: Plan, role: string, key: string): string {
  const signers = plan.signing?.roles[role]?.signers ?? [];
  const file = existsSync(`${key}.pub`) ? `${key}.pub` : key;
  const [, base64 = ''] = existsSync(file) ? readFileSync(file, 'utf8').split(/\s+/) : [];
  const keys = peopleKeys(root, plan);
  if (keys.problem !== undefined) throw new RunFileError(keys.problem);
  const fingerprint = fingerprintOf(Buffer.from(base64, 'base64'));
  const names = holdersOf(fingerprint, keys).map(({ principal }) => principal);
  const [own, ...others] = [...new Set(names)].filter((name) => signers.includes(name));
  if (own !== undefined && others.length === 0) return own;
  const who =
    names.length === 0
      ? `no line of ${keys.file} allows ${fingerprint} for ${PEOPLE_NAMESPACE}`
      : `${key} is the key of ${names.join(', ')}`;
  throw new RunFileError(
    `${who}; ${role} is signed for by ${signers.join(', ') || 'nobody'}: name another key, or say who you are by --as NAME`,
  );
}

/** The person may have to type a passphrase or touch the key: `ssh-keygen` asks by itself. */
function signBySsh(text: string, key: string): string {
  const { status, stdout, error } = spawnSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', key, '-n', PEOPLE_NAMESPACE], {
    input: text,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (status === 0 && stdout !== '') return stdout;
  throw new RunFileError(error ? 'ssh-keygen is needed: install openssh-client' : `${key} did not sign`);
}

function gitKey(root: string): string | undefined {
  const { status, stdout } = spawnSync('git', ['config', '--get', 'user.signingkey'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
