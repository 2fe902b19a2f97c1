/** `golive ledger key`: makes a key that signs the records of a runner, and says what allows it. 0 done, 64 wrong use, 70 it could not be made. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { EXIT } from '../checks/contract/decision.ts';
import { LEDGER_KEY, LEDGER_NAMESPACE } from '../reports/record/ledger/signing.ts';
import { ALLOWED_SIGNERS } from '../reports/record/ledger/trust.ts';
import { findChecklist } from '../specs/loader/find-checklist.ts';
import { writeError, writeOut } from './write.ts';

export interface LedgerKeyOptions {
  readonly root: string;
  /** Where the private half goes; the public one beside it. */
  readonly file: string;
  /** Who it is, in allowed_signers; default: this machine. */
  readonly name?: string;
}

export function ledgerKey({ root, file, name = `runner@${hostname()}` }: LedgerKeyOptions): number {
  const path = resolve(file);
  const [first] = relative(root, path).split(sep);
  if (first === '.golive' || first === 'reports') {
    writeError(`golive ledger: ${file} is in a folder that runs write to: keep the key outside the project\n`);
    return EXIT.usage;
  }
  if (/[\s",]/.test(name)) {
    writeError(
      `golive ledger: ${JSON.stringify(name)} is no name for a signer: write one word, such as ci@example.com\n`,
    );
    return EXIT.usage;
  }
  if (existsSync(path)) {
    writeError(`golive ledger: ${file} is there already: name another file, or use that key\n`);
    return EXIT.usage;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path], { encoding: 'utf8' });
  if (made.status !== 0) {
    const why = made.error ? 'ssh-keygen is needed: install openssh-client' : made.stderr.trim();
    writeError(`golive ledger: no key was made: ${why}\n`);
    return EXIT.broken;
  }
  const [type = '', key = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ');
  writeOut(
    [
      `Made ${file} and ${file}.pub.`,
      `1. Add this line to ${allowedSigners(root)} and have it reviewed as the checklist is:`,
      `   ${name} namespaces="${LEDGER_NAMESPACE}" ${type} ${key}`,
      `2. On the runner: export ${LEDGER_KEY}=${path}`,
      'Who may read the key may sign records: keep it as a secret of the runner, never in the repository.',
      '',
    ].join('\n'),
  );
  return EXIT.GO;
}

function allowedSigners(root: string): string {
  const found = findChecklist(root, process.env['GOLIVE_CHECKLIST']);
  return 'file' in found ? join(dirname(found.file), ALLOWED_SIGNERS) : `specs/<checklist>/${ALLOWED_SIGNERS}`;
}
