/** What a drill expects of a fault, held against what was seen. Pure. */
import type { OutcomeName, OutcomeRecord, ReasonCode } from '../../checks/contract/outcome.ts';
import type { ExpectedChange } from '../../specs/loader/drills/types.ts';
import type { BoundFault } from './bound.ts';
import { expectedText, isForReason, seenText } from './matches.ts';

/** The part of a record that a drill judges. */
export type Seen = Pick<OutcomeRecord, 'item' | 'outcome' | 'message' | 'reason' | 'detail' | 'findings' | 'doubts'>;

export interface SeenChange {
  readonly item: string;
  readonly expected: OutcomeName;
  readonly outcome: OutcomeName;
  readonly message: string;
  readonly reason?: ReasonCode;
  readonly detail?: string;
  /** Ids of what was found. */
  readonly findings: readonly string[];
  /** What is wrong with it; null when it is as declared. */
  readonly wrong: string | null;
}
export interface FaultResult {
  readonly fault: string;
  readonly title: string;
  readonly changes: readonly SeenChange[];
  /** Items that turned red although the fault does not say so. */
  readonly moved: readonly Seen[];
  /** How many items stayed as they were. */
  readonly unmoved: number;
  /** Items that had not come back when the fault was gone. */
  readonly notRecovered: readonly Seen[];
  /** Why the fault could not be tried at all. */
  readonly failure: string | null;
  /** Share of the machine's CPU time that was in use meanwhile, 0 to 1. */
  readonly busy: number;
  readonly durationMs: number;
}

/** One declared change against what the item ended with. */
export function seenChange(expected: ExpectedChange, seen: Seen): SeenChange {
  const { item, outcome } = expected;
  const base = {
    item,
    expected: outcome,
    outcome: seen.outcome,
    message: seen.message,
    ...(seen.reason === undefined ? {} : { reason: seen.reason }),
    ...(seen.detail === undefined ? {} : { detail: seen.detail }),
    findings: [...new Set(seen.findings.map(({ id }) => id))],
  };
  if (seen.outcome !== outcome) return { ...base, wrong: `is ${seen.outcome}, expected ${outcome}` };
  if (isForReason(expected, seen)) return { ...base, wrong: null };
  return { ...base, wrong: `is ${outcome}, expected ${expectedText(expected)}, seen ${seenText(seen)}` };
}

/** Is everything about the fault as it declares? */
export function isGreen(result: FaultResult): boolean {
  return (
    result.failure === null &&
    result.changes.every(({ wrong }) => wrong === null) &&
    result.moved.length === 0 &&
    result.notRecovered.length === 0
  );
}

/** From this share on too little CPU time was left to tell the platform's slowness from the machine's. */
export const BUSY = 0.9;
export type Verdict = 'as declared' | 'wrong' | 'not proven';

/**
 * What a fault's result is worth. What is not as declared is wrong, unless the machine explains it: no CPU time was left, or nothing
 * but a generator that was late stands in the way. Then it says nothing: neither that the item turns red nor that it does not.
 */
export function verdictOf(result: FaultResult): Verdict {
  if (isGreen(result)) return 'as declared';
  const deviations = [...result.changes.filter(({ wrong }) => wrong !== null), ...result.moved, ...result.notRecovered];
  const late = deviations.length > 0 && deviations.every(isLate);
  return result.busy >= BUSY || late ? 'not proven' : 'wrong';
}

/** Whether all that an item says is that the load generator could not keep up. */
export function isLate({ outcome, reason }: Pick<Seen, 'outcome' | 'reason'>): boolean {
  return outcome === 'inconclusive' && reason === 'generator-saturated';
}

/** Outcomes that count as good: as in the decision, where nothing is missing but items that are not implemented, or but signatures: a drill is not signed. */
export function isGood({ outcome, reason, doubts }: Pick<Seen, 'outcome' | 'reason' | 'doubts'>): boolean {
  if (outcome === 'pending') return reason === 'needs-signature';
  if (outcome === 'inconclusive') return doubts.length > 0 && doubts.every(({ detail }) => detail === 'planned');
  return outcome === 'pass' || outcome === 'not-applicable';
}

export interface Coverage {
  readonly item: string;
  /** Faults that turned it red as declared. */
  readonly faults: readonly string[];
}

/** Which faults turn each built item red. */
export function coverageOf(items: readonly string[], results: readonly FaultResult[]): readonly Coverage[] {
  return items.map((item) => ({
    item,
    faults: results
      .filter(({ changes }) => changes.some((change) => change.item === item && change.wrong === null))
      .map(({ fault }) => fault),
  }));
}

/**
 * A small set of faults that between them name every item the whole list names, in the list's order: again and again the one that
 * names most of what is left.
 */
export function coveringFaults(faults: readonly BoundFault[]): readonly BoundFault[] {
  const left = new Set(faults.flatMap(({ changes }) => changes.map(({ item }) => item)));
  const newIn = (fault: BoundFault): number =>
    new Set(fault.changes.map(({ item }) => item).filter((id) => left.has(id))).size;
  const taken = new Set<BoundFault>();
  while (left.size > 0) {
    const best = faults.reduce((most, one) => (newIn(one) > newIn(most) ? one : most));
    taken.add(best);
    for (const { item } of best.changes) left.delete(item);
  }
  return faults.filter((fault) => taken.has(fault));
}
