/** A release that five people sign with keys of their own, on recorded runs: no platform, milliseconds a run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Decision } from '../../checks/contract/decision.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import type { SignOptions } from '../../commands/sign.ts';
import { itemOf, planOf } from '../../reports/decide/testing/inputs.ts';
import { decisionFile } from '../../reports/record/paths.ts';
import { RecordedLedgers, type RunOptions } from './recorded-ledger.ts';

export const ROLES = ['technical-lead', 'security-team', 'operations-team', 'product-owner', 'deployment-lead'];
export const IMAGE = 'shop/api@sha256:aa';
export const person = (role: string): string => `${role}@shop.example`;
const signatureItem = (role: string, index: number) =>
  itemOf(`F-SIG-00${index}`, {
    phase: 'final',
    kind: 'people/signature',
    role,
    signOff: true,
    dueBy: 'final',
    params: { statement: `${role} accepts the release` },
  });
export const SIGNED_ITEMS = [itemOf('A'), ...ROLES.map(signatureItem)];
export const SIGNING = {
  roles: Object.fromEntries(ROLES.map((role) => [role, { signers: [person(role), 'two@shop.example'], quorum: 1 }])),
  twoPerson: true,
  excludeAuthors: true,
  authors: ['dev@shop.example'],
};
const TITLES = Object.fromEntries(ROLES.map((role) => [role, role]));
/** The plan that they sign, and others that differ from it. */
export const signedPlan = (over: Partial<Plan> = {}, items = SIGNED_ITEMS): Plan =>
  planOf(items, { roles: TITLES, signing: SIGNING, ...over });

type Sign = (options: SignOptions) => Promise<number>;

/** The projects of one test file; `sign` is the command. */
export class SignedReleases {
  readonly ledgers = new RecordedLedgers();
  readonly #sign: Sign;
  #clusters = 0;
  root = '';
  /** A cluster of its own for each test: the machine remembers verdicts by cluster. */
  uid = '';

  constructor(sign: Sign) {
    this.#sign = sign;
    for (const name of [...ROLES, 'two', 'stranger']) this.ledgers.makeKey(name);
  }

  /** A new project, where everybody may sign. */
  begin(): void {
    this.uid = `cluster-${(this.#clusters += 1)}`;
    this.root = this.ledgers.machine();
    this.allow();
  }

  signersText(options = 'namespaces="golive-signoff"'): string {
    const lines = [...ROLES, 'two'].map((name) =>
      this.ledgers.allowing(name, options).replace(new RegExp(`^${name}`), `${name}@shop.example`),
    );
    return [this.ledgers.allowing(), ...lines].join('');
  }
  allow(options?: string): void {
    this.ledgers.allow(this.root, this.signersText(options));
  }

  run(minute: number, images: readonly string[] = [IMAGE], plan = signedPlan(), over: RunOptions = {}): void {
    this.ledgers.run(this.root, 'phase1', minute, { plan, uid: this.uid, ...over, over: { images, ...over.over } });
    this.ledgers.run(this.root, 'final', minute + 1, { plan, uid: over.uid ?? this.uid });
  }
  by(role: string, minute: number, over: Partial<SignOptions> = {}): Promise<number> {
    const { root, ledgers } = this;
    return this.#sign({ root, role, yes: true, key: ledgers.key(role), now: at(minute), ...over });
  }
  status(minute: number): Promise<number> {
    return this.#sign({ root: this.root, status: true, now: at(minute) });
  }
  async allSign(minute: number): Promise<number> {
    let code = 70;
    for (const role of ROLES) code = await this.by(role, minute);
    return code;
  }
  decision(): Decision {
    return JSON.parse(readFileSync(decisionFile(this.root), 'utf8')) as Decision;
  }
  approvalFile(role: string): string {
    return join(this.root, 'specs/sample/approvals/staging', `${role}.final.${person(role)}.yaml`);
  }
}

/** The minute of the day that the runs are of. */
export const at = (minute: number): Date => new Date(Date.UTC(2027, 2, 1, 12, minute, 30));
