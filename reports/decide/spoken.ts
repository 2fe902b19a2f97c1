/**
 * Items that people speak for, by their kinds' own judges, on what is said when the decision is made: what was attested or signed after the
 * run counts, and what has ended or changed since does not. Pure.
 */
import type { Approval, Attestation, Covered } from '../../checks/contract/people.ts';
import { ATTESTED_KINDS } from '../../checks/contract/people.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { messageOf } from '../../checks/kit/message.ts';
import { approval } from '../../checks/people/approval/check.ts';
import { attestation } from '../../checks/people/attestation/check.ts';
import { signature } from '../../checks/people/signature/check.ts';
import type { SignatureQuestion } from '../../checks/people/signatures.ts';
import { spokenOf } from '../../checks/people/speakers.ts';
import type { JudgedItem } from './item.ts';

/** The kinds that ask for signatures on the release. */
const SIGNED_KINDS: ReadonlyMap<string, CheckKind> = new Map(
  [signature, approval].map((kind) => [kind.meta.kind, kind]),
);

export interface Words {
  readonly plan: Plan;
  readonly attestations: readonly Attestation[];
  readonly approvals: readonly Approval[];
  readonly now: Date;
}

/** `coverage`: what a signature for an item must cover; null while readiness is computed, which no signature has a say in. */
export function heard(judged: JudgedItem, words: Words, coverage: ((item: PlannedItem) => Covered) | null): JudgedItem {
  const { item, outcome, reason } = judged;
  if (ATTESTED_KINDS.includes(item.kind)) {
    if (outcome !== 'pass' && !(outcome === 'pending' && reason === 'needs-attestation')) return judged;
    const said = words.attestations.filter((one) => one.item === item.id);
    return rejudged(judged, attestation, spokenOf(words.plan, item, said, []), words.now);
  }
  const kind = SIGNED_KINDS.get(item.kind);
  if (kind === undefined || coverage === null || !wasAsked(judged)) return judged;
  const covers = coverage(item);
  return rejudged(judged, kind, { ...spokenOf(words.plan, item, words.approvals, []), covers }, words.now);
}

/** What a role of a plan has signed, as its items are judged. */
export function questionOf({ plan, approvals }: Words, covers: Covered): SignatureQuestion {
  return { ...spokenOf(plan, {}, approvals, []), covers };
}

/** Signatures do not age with the look at them; what could not be looked at, or was not, stays so. */
function wasAsked({ outcome, reason }: JudgedItem): boolean {
  return ['pass', 'fail', 'pending', 'inconclusive'].includes(outcome) || (outcome === 'not-run' && reason === 'stale');
}

function rejudged(judged: JudgedItem, kind: CheckKind, seen: unknown, now: Date): JudgedItem {
  const verdict = kind.judge(judged.item.params, seen, { now });
  const { outcome, findings, doubts, evidence, subjects, waits } = verdict;
  if (outcome === judged.outcome && outcome === 'pass') return judged;
  const why = outcome === 'pass' ? undefined : (waits?.reason ?? doubts[0]?.reason ?? 'does-not-conform');
  return {
    ...judged,
    outcome,
    reason: why,
    detail: undefined,
    message: waits?.why ?? (messageOf(findings, doubts) || kind.meta.title),
    findings,
    doubts,
    subjects: subjects.length,
    evidence: [...judged.evidence, ...evidence],
  };
}
