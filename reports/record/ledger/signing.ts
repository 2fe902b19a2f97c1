/**
 * Who signs a run's record. A runner's key is used through `ssh-keygen`, so that it may lie in an agent or on a hardware key, or be
 * encrypted; that of a rehearsal by this process, as the rehearsal needs no program for it. Either way it is an SSH signature.
 */
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../../checks/contract/plan.ts';
import { REHEARSAL_LEDGER_KEY } from '../../../checks/contract/rehearsal-key.ts';
import { signEd25519 } from '../../../checks/protocols/ssh/signature.ts';
import { RunFileError, fileProblem } from '../io.ts';

/** The purpose that keys of runners are allowed for. */
export const LEDGER_NAMESPACE = 'golive-ledger';
/** Names the key: a path of the private half, or of the public one where an agent holds the other. */
export const LEDGER_KEY = 'GOLIVE_LEDGER_KEY';
/** Longer than an agent or a person at a hardware key takes. */
const SIGN_LIMIT_MS = 30_000;

/** Signs a text. Throws RunFileError. */
export type Sign = (text: string) => string;

/** What signs the records of a plan's runs; null where nothing does. */
export function signerFor(
  root: string,
  { environment }: Pick<Plan, 'environment'>,
  env: NodeJS.ProcessEnv,
): Sign | null {
  if (environment.rehearsal) return rehearsalSigner(join(root, REHEARSAL_LEDGER_KEY));
  const key = env[LEDGER_KEY];
  return key === undefined || key === '' ? null : (text) => signBySsh(text, key, env);
}

/** The key of a rehearsal that has ended stays until the next one starts: a run is recorded after its rehearsal has stopped. */
function rehearsalSigner(path: string): Sign | null {
  if (!existsSync(path)) return null;
  return (text) => {
    try {
      return signEd25519(text, LEDGER_NAMESPACE, createPrivateKey(readFileSync(path)));
    } catch (error) {
      throw fileProblem('sign with', path, error);
    }
  };
}

function signBySsh(text: string, key: string, env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr, error } = spawnSync('ssh-keygen', ['-Y', 'sign', '-f', key, '-n', LEDGER_NAMESPACE], {
    input: text,
    encoding: 'utf8',
    timeout: SIGN_LIMIT_MS,
    // A key with a passphrase is for an agent: nobody may be there to type it.
    env: { ...env, SSH_ASKPASS: '/bin/false', SSH_ASKPASS_REQUIRE: 'force' },
  });
  if (status === 0 && stdout !== '') return stdout;
  const missing = error !== undefined && 'code' in error && error.code === 'ENOENT';
  const why = missing
    ? 'ssh-keygen is not installed (openssh-client)'
    : (error?.message ?? (stderr.trim().split('\n').at(-1) || `ssh-keygen ended with ${String(status)}`));
  throw new RunFileError(`${LEDGER_KEY}=${key} cannot sign: ${why}`);
}
