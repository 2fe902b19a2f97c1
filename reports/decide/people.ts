/** What people say about items: waivers, attestations and signatures, and which of them count. Pure. */
import type { AppliedWaiver } from '../../checks/contract/decision.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { failedSubjects } from '../../checks/kit/message.ts';
import { expiryProblem, isWrittenBy } from '../../specs/loader/people/words.ts';
import { didYouMean } from '../../specs/loader/suggest.ts';
import type { Attestation, Waiver } from '../../checks/contract/people.ts';
import { asksStatement } from '../../checks/contract/people.ts';
import { isHere, isRelease } from '../../checks/people/speakers.ts';
import { isBlocking } from './order.ts';
import type { JudgedItem } from './item.ts';

const WAIVABLE_OUTCOMES: readonly string[] = ['fail', 'error', 'inconclusive'];

/** Not yet expired at `now`, and not to stand for more than a year. */
export function isValidAt(expires: string, now: Date): boolean {
  return expiryProblem(expires, now) === null;
}

/** What of a plan people's words are held against; one that is not frozen has it too. */
type Looked = Pick<Plan, 'environment' | 'items' | 'release' | 'roles' | 'signing'>;

/** What a waiver is held against. */
export type Waivable = Pick<JudgedItem, 'item' | 'outcome' | 'findings'>;

/** The waiver that covers an item's blocking outcome, or null. Waivers by subject must cover every finding between them. */
export function waiverFor(judged: Waivable, plan: Plan, waivers: readonly Waiver[], now: Date): AppliedWaiver | null {
  const { item } = judged;
  if (!item.waivable || !isBlocking(item.severity) || !WAIVABLE_OUTCOMES.includes(judged.outcome)) return null;
  const valid = waivers.filter(
    (w) =>
      w.item === item.id &&
      isHere(w, { environment: plan.environment.name, release: plan.release }) &&
      isValidAt(w.expires, now) &&
      ownProblem(w, plan) === null,
  );
  const whole = valid.find((waiver) => waiver.subject === undefined);
  if (whole) return applied(whole);
  const failed = failedSubjects(judged.findings);
  const covering = valid.filter((w) => w.subject !== undefined && failed.includes(w.subject));
  const covered = new Set(covering.map((waiver) => waiver.subject));
  if (failed.length === 0 || !failed.every((subject) => covered.has(subject))) return null;
  const [soonest] = [...covering].sort((a, b) => Date.parse(a.expires) - Date.parse(b.expires));
  return soonest ? applied(soonest) : null;
}

/**
 * Approved by whoever wrote it: one person took it upon themselves, and nobody has looked. Where people sign for the release it must be
 * known that it was not so.
 */
function ownProblem({ approver, authors }: Waiver, { signing, environment }: Looked): string | null {
  if (signing?.excludeAuthors === false) return null;
  if (authors === undefined)
    return signing === undefined || environment.rehearsal
      ? null
      : 'does not apply: nobody can tell who wrote it. Commit it, and run in a clone with its history, so that git says that it was not its approver';
  return isWrittenBy(approver, authors)
    ? `was written by its approver ${approver} (git blame): it does not apply until somebody else approves it`
    : null;
}

function applied(waiver: Waiver): AppliedWaiver {
  const { id, approver, reason, ticket, expires } = waiver;
  return { id, approver, reason, ticket, expires };
}

function roleFits(said: { role: string }, item: PlannedItem, plan: Looked): boolean {
  return said.role in plan.roles && said.role === item.role;
}

/** What is wrong with the waivers and attestations of this environment, one line each. */
export function peopleWarnings(
  items: ReadonlyMap<string, JudgedItem & { readonly waived: AppliedWaiver | null }>,
  said: {
    readonly plan: Plan;
    readonly waivers: readonly Waiver[];
    readonly attestations: readonly Attestation[];
    readonly now: Date;
  },
): string[] {
  const { plan, now } = said;
  const waivers = said.waivers.flatMap((waiver) => {
    const problem = waiverProblem(waiver, items.get(waiver.item), plan, now);
    return problem === null ? [] : [`waiver ${waiver.id} (${waiver.place}) ${problem}`];
  });
  const attestations = said.attestations.flatMap((attestation) => {
    const problem = attestationProblem(attestation, items.get(attestation.item)?.item, plan, now);
    return problem === null ? [] : [`attestation of ${attestation.item} (${attestation.place}) ${problem}`];
  });
  return [...waivers, ...attestations];
}

/** What can be said of waivers and attestations before anything is measured, each with the place it stands at. */
export function peopleStanding(
  plan: Looked,
  said: { readonly waivers: readonly Waiver[]; readonly attestations: readonly Attestation[] },
  now: Date,
): { readonly place: string; readonly text: string }[] {
  const items = new Map(plan.items.map((item) => [item.id, item]));
  const waivers = said.waivers.map((waiver) => {
    const item = items.get(waiver.item);
    const text = waiverStanding(waiver, item, plan, now) ?? (item?.kind === 'planned' ? noEffect('planned') : null);
    return { place: waiver.place, name: `waiver ${waiver.id}`, text };
  });
  const attestations = said.attestations.map((attestation) => {
    const text = attestationProblem(attestation, items.get(attestation.item), plan, now);
    return { place: attestation.place, name: `attestation of ${attestation.item}`, text };
  });
  return [...waivers, ...attestations].flatMap(({ place, name, text }) =>
    text === null ? [] : [{ place, text: `${name} ${text}` }],
  );
}

function waiverStanding(waiver: Waiver, item: PlannedItem | undefined, plan: Looked, now: Date): string | null {
  if (!item) return unmatched(waiver.item, plan);
  if (waiver.environment !== plan.environment.name) return null;
  if (!isRelease(waiver.release, plan.release)) {
    return `is for release ${waiver.release}, this is ${plan.release.version}: it does not apply`;
  }
  const expired = expiryProblem(waiver.expires, now);
  if (expired !== null) return expired;
  if (!item.waivable) return 'is for an item that cannot be waived: it does not apply';
  const own = ownProblem(waiver, plan);
  if (own !== null) return own;
  return isBlocking(item.severity) ? null : 'is not needed: a minor item blocks nothing';
}

function waiverProblem(waiver: Waiver, judged: JudgedItem | undefined, plan: Plan, now: Date): string | null {
  const standing = waiverStanding(waiver, judged?.item, plan, now);
  if (standing !== null || !judged || waiver.environment !== plan.environment.name) return standing;
  if (judged.outcome === 'pass' || judged.outcome === 'not-applicable') {
    return `is no longer needed: the item is ${judged.outcome}; remove it`;
  }
  if (!WAIVABLE_OUTCOMES.includes(judged.outcome)) return noEffect(judged.outcome);
  if (waiver.subject !== undefined && !failedSubjects(judged.findings).includes(waiver.subject)) {
    return `names the subject "${waiver.subject}", about which the item found nothing: it covers nothing`;
  }
  return notice(waiver, now);
}

/** How long before its end an exception or a statement is told of. */
export const NOTICE_MS = 3 * 86_400_000;

/** Of a waiver that applies: whether it ends soon. */
function notice({ expires }: Waiver, now: Date): string | null {
  return endsSoon(expires, now)[0] ?? null;
}

function endsSoon(expires: string, now: Date): readonly string[] {
  return Date.parse(expires) - now.getTime() <= NOTICE_MS
    ? [`ends at ${expires}: repair what it covers, or renew it before`]
    : [];
}

function noEffect(outcome: JudgedItem['outcome']): string {
  return `has no effect: nothing waives an item that is ${outcome}`;
}

function unmatched(id: string, plan: Looked): string {
  const meant = didYouMean(
    id,
    plan.items.map((item) => item.id),
  );
  return `matches no item of the plan${meant === undefined ? '' : ` (did you mean ${meant}?)`}: correct the id or remove it`;
}

function attestationProblem(said: Attestation, item: PlannedItem | undefined, plan: Looked, now: Date): string | null {
  if (!item) return unmatched(said.item, plan);
  if (!asksStatement(item)) return `is refused: ${item.kind} is measured, not attested`;
  if (said.environment !== plan.environment.name) return null;
  if (!isRelease(said.release, plan.release)) {
    return `is for release ${said.release}, this is ${plan.release.version}: it does not apply`;
  }
  const expired = expiryProblem(said.expires, now);
  if (expired !== null) return expired;
  if (!roleFits(said, item, plan)) return `is by the role ${said.role}, expected ${item.role ?? 'a declared role'}`;
  return endsSoon(said.expires, now)[0] ?? null;
}
