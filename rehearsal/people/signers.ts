/**
 * The rehearsal's people: a signer for each role of the checklist, with a key that counts in this rehearsal only, and what they attest. The
 * cluster's own key signs the list of their keys, so that none can be added by whoever may write the folder.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { PEOPLE_NAMESPACE } from '../../checks/contract/people.ts';
import { REHEARSAL_LEDGER_KEY, REHEARSAL_SIGNERS, signersStatement } from '../../checks/contract/rehearsal-key.ts';
import { ed25519Blob, signEd25519 } from '../../checks/protocols/ssh/signature.ts';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import type { Levers, Release } from '../levers.ts';
import { peopleWords, type Statement, type Words } from './words.ts';

/** How long what they attest stands: longer than any rehearsal. */
const ATTESTED_MS = 30 * 86_400_000;

interface Signer {
  readonly role: string;
  readonly key: KeyObject;
}

/** Makes keys and signs what its people say; adds the levers by which faults change that. `dir` is the rehearsal's folder, `uid` its cluster's. */
export function addPeople(dir: string, uid: string, levers: Levers): void {
  const words = peopleWords(resolve(dir, '..', '..'));
  const folder = join(dir, basename(REHEARSAL_SIGNERS));
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['keys', 'attestations', join('approvals', 'rehearsal')])
    mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  const roles = [...new Set(words.flatMap((one) => one.roles))];
  const signers = roles.map((role): Signer => ({ role, key: generateKeyPairSync('ed25519').privateKey }));
  for (const { role, key } of signers)
    writeAtomically(join(folder, 'keys', `${role}.pem`), String(key.export({ type: 'pkcs8', format: 'pem' })));
  allow(folder, signers, createPrivateKey(readFileSync(join(dir, basename(REHEARSAL_LEDGER_KEY)))));
  const people = new People(folder, words, signers, uid);
  people.attestAll();
  levers.add('people.revoke-keys', () => people.revokeAll());
  levers.add('people.reject', (args) => people.reject(String(args['role'])));
  levers.add('people.change-attestation', (args) => people.change(String(args['item'])));
}

function allow(folder: string, signers: readonly Signer[], cluster: KeyObject): void {
  const list = signers
    .map(({ role, key }) => `${role}@rehearsal namespaces="${PEOPLE_NAMESPACE}" ssh-ed25519 ${publicKey(key)}\n`)
    .join('');
  const { namespace, statement } = signersStatement(list);
  writeAtomically(join(folder, 'allowed_signers'), list);
  writeAtomically(join(folder, 'allowed_signers.sig'), signEd25519(statement, namespace, cluster));
}

const publicKey = (key: KeyObject): string => ed25519Blob(key).toString('base64');

class People {
  readonly #folder: string;
  readonly #words: readonly Words[];
  readonly #signers: readonly Signer[];
  readonly #uid: string;

  constructor(folder: string, words: readonly Words[], signers: readonly Signer[], uid: string) {
    this.#folder = folder;
    this.#words = words;
    this.#signers = signers;
    this.#uid = uid;
  }

  attestAll(): void {
    for (const { attestations, release } of this.#words)
      for (const said of attestations) {
        const signer = this.#signers.find(({ role }) => role === said.role);
        if (signer)
          this.#write(join('attestations', `${said.item}.yaml`), attestationText(said, release.version), signer.key);
      }
  }

  revokeAll(): Promise<Release> {
    const path = join(this.#folder, 'revoked_signers');
    writeAtomically(path, this.#signers.map(({ key }) => `ssh-ed25519 ${publicKey(key)}\n`).join(''));
    return Promise.resolve(() => Promise.resolve(rmSync(path, { force: true })));
  }

  /** Somebody changes what was signed. */
  change(item: string): Promise<Release> {
    const path = join(this.#folder, 'attestations', `${item}.yaml`);
    const text = readFileSync(path, 'utf8');
    writeAtomically(path, text.replace(/statement: "/, 'statement: "Not quite: '));
    return Promise.resolve(() => Promise.resolve(writeAtomically(path, text)));
  }

  /** A role vetoes every release that the checklists name. */
  reject(role: string): Promise<Release> {
    const signer = this.#signers.find((one) => one.role === role);
    if (!signer) throw new Error(`nobody signs for the role ${role}`);
    const files = this.#words.map((words) => {
      const file = join('approvals', 'rehearsal', `${words.checklist}.${role}.reject.yaml`);
      this.#write(file, rejectionText(words, role, this.#uid), signer.key);
      return file;
    });
    const remove = (): void => {
      for (const file of files.flatMap((one) => [one, `${one}.sig`])) rmSync(join(this.#folder, file), { force: true });
    };
    return Promise.resolve(() => Promise.resolve(remove()));
  }

  #write(file: string, text: string, key: KeyObject): void {
    writeAtomically(join(this.#folder, file), text);
    writeAtomically(join(this.#folder, `${file}.sig`), signEd25519(text, PEOPLE_NAMESPACE, key));
  }
}

/** As `golive sign --reject` writes it. JSON is YAML. */
function rejectionText({ checklist, release }: Words, role: string, uid: string): string {
  const environment = { name: 'rehearsal', uid };
  const covers = {
    plan: 'none',
    checklist,
    release,
    environment,
    through: 'final',
    readiness: 'HOLD',
    images: [],
    items: {},
  };
  const said = { role, signer: `${role}@rehearsal`, verdict: 'reject', reason: 'A drill: this release is not wanted' };
  return JSON.stringify({ apiVersion: 'golive/v1', approval: { ...said, signedAt: new Date().toISOString(), covers } });
}

/** As `golive attest` writes it. JSON texts are YAML texts. */
function attestationText({ item, role, statement, evidence }: Statement, release: string): string {
  const expires = new Date(Date.now() + ATTESTED_MS).toISOString();
  const said = {
    item,
    environment: 'rehearsal',
    release,
    role,
    approver: `${role} of the rehearsal`,
    statement,
    expires,
  };
  const members = Object.entries({ ...said, ...(evidence === undefined ? {} : { evidence }) });
  const lines = members.map(
    ([name, value], index) => `${index === 0 ? '  - ' : '    '}${name}: ${JSON.stringify(value)}`,
  );
  return ['apiVersion: golive/v1', 'attestations:', ...lines, ''].join('\n');
}
