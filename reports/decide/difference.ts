/** What changed from one run to another, by item, finding and subject: wordings may change, and nothing has. Pure. */
import { subjectText, type Finding, type OutcomeName } from '../../checks/contract/outcome.ts';
import { byText } from './order.ts';

/** What of an item is compared. */
export interface ComparedItem {
  readonly id: string;
  readonly outcome: OutcomeName;
  readonly findings: readonly Pick<Finding, 'id' | 'subject' | 'says'>[];
}
export interface FindingRef {
  readonly id: string;
  /** As people name it. */
  readonly subject: string;
  readonly says: string;
}
/**
 * `regressed`: was good and is not. `fixed`: the other way. `new`: was not there, and is not good. `gone`: is not there any more. `changed`:
 * not good before and after, in another way.
 */
export const CHANGES = ['regressed', 'new', 'changed', 'fixed', 'gone'] as const;
export type Change = (typeof CHANGES)[number];
export interface ItemChange {
  readonly item: string;
  readonly change: Change;
  /** Null: the item was not there. */
  readonly was: OutcomeName | null;
  readonly now: OutcomeName | null;
  readonly appeared: readonly FindingRef[];
  /** Judged again, and not found any more. */
  readonly vanished: readonly FindingRef[];
  /** Found before; nobody could look now, so that nothing says they are gone. */
  readonly unseen: readonly FindingRef[];
}

/** Items that nobody has built say nothing. */
const SILENT: readonly OutcomeName[] = ['planned'];
const GOOD: readonly OutcomeName[] = ['pass', 'not-applicable'];
/** With these the item was looked at, to its end. */
const JUDGED: readonly OutcomeName[] = ['pass', 'fail'];

export const isGood = (outcome: OutcomeName): boolean => GOOD.includes(outcome);

/** Every change, worst first, then by item. */
export function difference(before: readonly ComparedItem[], after: readonly ComparedItem[]): readonly ItemChange[] {
  const was = byId(before);
  const now = byId(after);
  const ids = [...new Set([...was.keys(), ...now.keys()])].sort(byText);
  const changes = ids.flatMap((id) => changeOf(id, was.get(id) ?? null, now.get(id) ?? null));
  return changes.sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change));
}

function byId(items: readonly ComparedItem[]): ReadonlyMap<string, ComparedItem> {
  return new Map(items.filter(({ outcome }) => !SILENT.includes(outcome)).map((item) => [item.id, item]));
}

function changeOf(item: string, was: ComparedItem | null, now: ComparedItem | null): readonly ItemChange[] {
  const [earlier, later] = [findingsOf(was), findingsOf(now)];
  const appeared = without(later, earlier);
  const lost = without(earlier, later);
  const isJudged = now !== null && JUDGED.includes(now.outcome);
  const change = kindOf(was?.outcome ?? null, now?.outcome ?? null, appeared.length + lost.length > 0);
  if (change === null) return [];
  const [vanished, unseen] = isJudged ? [lost, []] : [[], lost];
  return [{ item, change, was: was?.outcome ?? null, now: now?.outcome ?? null, appeared, vanished, unseen }];
}

function kindOf(was: OutcomeName | null, now: OutcomeName | null, moved: boolean): Change | null {
  if (now === null) return 'gone';
  if (was === null) return isGood(now) ? null : 'new';
  if (isGood(was)) return isGood(now) ? null : 'regressed';
  if (isGood(now)) return 'fixed';
  return was !== now || moved ? 'changed' : null;
}

/** By id and subject: of several about the same subject the first. */
function findingsOf(item: ComparedItem | null): ReadonlyMap<string, FindingRef> {
  const refs = new Map<string, FindingRef>();
  for (const { id, subject, says } of item?.findings ?? []) {
    const container = subject.container === undefined ? '' : ` container ${subject.container}`;
    const ref = { id, subject: `${subjectText(subject)}${container}`, says };
    const key = `${id}\n${ref.subject}`;
    if (!refs.has(key)) refs.set(key, ref);
  }
  return refs;
}

function without(refs: ReadonlyMap<string, FindingRef>, others: ReadonlyMap<string, FindingRef>): FindingRef[] {
  return [...refs].filter(([key]) => !others.has(key)).map(([, ref]) => ref);
}

export interface Flapping {
  readonly item: string;
  /** How often it turned from good to not good or back. */
  readonly turns: number;
  /** Outcomes, oldest first. */
  readonly outcomes: readonly OutcomeName[];
}

/** With the others nobody looked. */
const LOOKED: readonly OutcomeName[] = ['pass', 'not-applicable', 'fail', 'error', 'inconclusive'];
/** A fault that comes and goes has come back: two turns. */
const TURNS = 2;

/** Items that turned more than once, by runs in their order, oldest first. A run says nothing of an item that it left out. */
export function flapping(runs: readonly (readonly ComparedItem[])[]): readonly Flapping[] {
  const outcomes = new Map<string, OutcomeName[]>();
  for (const items of runs) {
    for (const { id, outcome } of items) {
      if (LOOKED.includes(outcome)) outcomes.set(id, [...(outcomes.get(id) ?? []), outcome]);
    }
  }
  return [...outcomes]
    .map(([item, all]) => ({ item, turns: turnsOf(all), outcomes: all }))
    .filter(({ turns }) => turns >= TURNS)
    .sort((a, b) => b.turns - a.turns || byText(a.item, b.item));
}

function turnsOf(outcomes: readonly OutcomeName[]): number {
  return outcomes.filter((outcome, index) => {
    const before = outcomes[index - 1];
    return before !== undefined && isGood(before) !== isGood(outcome);
  }).length;
}
