/** Which signatures on a release count, for which role, and why others do not. One rule for the kinds that ask for them and for the decision. Pure. */
import { digestOf } from '../contract/canonical.ts';
import type { Approval, Covered, Spoken } from '../contract/people.ts';
import { speakerFor } from './speakers.ts';

/** Clocks of those who sign may differ this much. */
const CLOCK_SKEW_MS = 2 * 60_000;

export interface Signature {
  readonly approval: Approval;
  readonly principal: string;
  readonly fingerprint: string;
}
/** A signature that counts for nothing, and why, after its subject. */
export interface Refused {
  readonly approval: Approval;
  readonly why: string;
}
export interface Signatures {
  readonly counting: readonly Signature[];
  readonly vetoes: readonly Signature[];
  /** They claim more than they may: no matter what they cover. */
  readonly refused: readonly Refused[];
  /** They hold, and are of something else: another release, environment, or what was decided before it changed. */
  readonly elsewhere: readonly Refused[];
}

/** What signatures are held against: what one must cover, or null while nobody knows it yet. */
export type SignatureQuestion = Spoken<Approval> & { readonly covers: Covered | null };

export function signaturesOf(question: SignatureQuestion, now: Date): Signatures {
  const refused: Refused[] = [];
  const elsewhere: Refused[] = [];
  const held: Signature[] = [];
  for (const approval of question.said) {
    const other = elsewhereProblem(approval, question);
    const speaker = speakerOf(approval, question, now);
    if (other !== null) elsewhere.push({ approval, why: other });
    else if (typeof speaker === 'string') refused.push({ approval, why: speaker });
    else held.push({ approval, ...speaker });
  }
  const vetoes = held.filter((one) => one.approval.verdict === 'reject' && !isWithdrawn(one, held));
  const counting: Signature[] = [];
  for (const one of held.filter(({ approval }) => approval.verdict === 'approve').sort(bySigning)) {
    const changed = changeOf(one.approval, question.covers);
    const why = changed === null ? personProblem(one, counting, question) : null;
    if (changed !== null) elsewhere.push({ approval: one.approval, why: changed });
    else if (why !== null) refused.push({ approval: one.approval, why });
    else counting.push(one);
  }
  return { counting, vetoes, refused, elsewhere };
}

/** The people who count for a role. */
export function signersOf(role: string, { counting }: Signatures): readonly Signature[] {
  const own = counting.filter(({ approval }) => approval.role === role);
  return own.filter((one, index) => own.findIndex((other) => isSamePerson(one, other)) === index);
}

/** Roles whose quorum is not met, each with how many signatures it lacks. */
export function missingOf(
  roles: readonly string[],
  { signing }: Pick<SignatureQuestion, 'signing'>,
  signatures: Signatures,
): readonly { readonly role: string; readonly lacks: number }[] {
  return roles
    .map((role) => ({ role, lacks: (signing.roles[role]?.quorum ?? 1) - signersOf(role, signatures).length }))
    .filter(({ lacks }) => lacks > 0);
}

function elsewhereProblem(
  { covers }: Approval,
  { covers: now, environment, release }: SignatureQuestion,
): string | null {
  const { release: signed, environment: where } = covers;
  if (signed.name !== release.name || signed.version !== release.version)
    return `is for release ${signed.name} ${signed.version}, this is ${release.name} ${release.version}`;
  if (where.name !== environment) return `is for environment ${where.name}, this is ${environment}`;
  if (now === null) return null;
  if (signed.commit !== now.release.commit) return `is for commit ${signed.commit}, this is ${now.release.commit}`;
  if (where.uid !== now.environment.uid) return `is for the cluster ${where.uid}, this is ${now.environment.uid}`;
  if (covers.checklist !== now.checklist) return `is for the checklist ${covers.checklist}, this is ${now.checklist}`;
  return null;
}

/** Whose it is; or why it counts for nothing. Its key must count now, and have counted when it signed. */
function speakerOf(
  approval: Approval,
  { signing }: SignatureQuestion,
  now: Date,
): { readonly principal: string; readonly fingerprint: string } | string {
  const signedAt = new Date(approval.signedAt);
  const { timestamp } = approval;
  if (timestamp?.refused !== undefined) return `has a timestamp that does not hold: ${timestamp.refused}`;
  if (timestamp && signedAt.getTime() > Date.parse(timestamp.at) + CLOCK_SKEW_MS)
    return `is dated ${approval.signedAt}, after its timestamp of ${timestamp.at}`;
  if (!(signedAt.getTime() <= now.getTime() + CLOCK_SKEW_MS)) return `is dated ${approval.signedAt}, in the future`;
  for (const at of [signedAt, now]) {
    const speaker = speakerFor(approval.signed, approval.role, signing, at);
    if (speaker.refused !== undefined) return speaker.why;
    if (speaker.principal !== approval.signer)
      return `says that ${approval.signer} signed it, and ${speaker.principal} did`;
    if (at === now) return speaker;
  }
  return 'cannot be judged';
}

/** Somebody who approves later has changed their mind. */
function isWithdrawn(veto: Signature, held: readonly Signature[]): boolean {
  return held.some(
    (one) =>
      one.approval.verdict === 'approve' &&
      one.approval.role === veto.approval.role &&
      isSamePerson(one, veto) &&
      Date.parse(one.approval.signedAt) > Date.parse(veto.approval.signedAt),
  );
}

function personProblem(one: Signature, counting: readonly Signature[], { signing }: SignatureQuestion): string | null {
  if (signing.excludeAuthors && signing.authors?.includes(one.principal))
    return `is by ${one.principal}, who wrote the release`;
  const other = counting.find((before) => isSamePerson(before, one) && before.approval.role !== one.approval.role);
  if (!signing.twoPerson || other === undefined) return null;
  return `is by ${one.principal} (${one.fingerprint}), who signs for ${other.approval.role} already`;
}

/** By name or by key: two names with one key are one person. */
function isSamePerson(a: Signature, b: Signature): boolean {
  return a.principal === b.principal || a.fingerprint === b.fingerprint;
}

function bySigning(a: Signature, b: Signature): number {
  const key = ({ approval }: Signature): string => `${approval.signedAt} ${approval.role} ${approval.place}`;
  return key(a) < key(b) ? -1 : 1;
}

/** Why a signature does not cover what there is now; null where it does, or where nobody knows yet. */
function changeOf({ covers }: Approval, now: Covered | null): string | null {
  if (now === null) return null;
  if (covers.readiness !== 'GO') return `was given while readiness was ${covers.readiness}`;
  if (digestOf(covers) === digestOf(now)) return null;
  const changes = changesBetween(covers, now);
  return `covers what was decided before: ${changes.slice(0, SHOWN).join('; ')}${changes.length > SHOWN ? `; and ${changes.length - SHOWN} more` : ''}`;
}
const SHOWN = 3;

/** What changed between two coverages, a line each. */
export function changesBetween(before: Covered, now: Covered): readonly string[] {
  const changes: string[] = [];
  if (before.through !== now.through) changes.push(`it covers up to ${before.through}, expected ${now.through}`);
  const added = now.images.filter((image) => !before.images.includes(image));
  const gone = before.images.filter((image) => !now.images.includes(image));
  for (const image of added) changes.push(`image ${image} is new`);
  for (const image of gone) changes.push(`image ${image} is gone`);
  for (const id of [...new Set([...Object.keys(before.items), ...Object.keys(now.items)])].sort()) {
    const [was, is] = [before.items[id] ?? 'not there', now.items[id] ?? 'not there'];
    if (was !== is) changes.push(`${id} was ${was}, is ${is}`);
  }
  if (before.plan !== now.plan) changes.push('the plan changed: items, parameters, overrides or roles');
  if (before.readiness !== now.readiness) changes.push(`readiness was ${before.readiness}, is ${now.readiness}`);
  return changes;
}
