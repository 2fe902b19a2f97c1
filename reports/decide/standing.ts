/**
 * What stands of earlier runs. A phase stands as its latest run decided it; one that judged some of its items only stands on what the runs
 * before it left of the others.
 */
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import type { DecisionInput, LedgerPhase } from './input.ts';
import { byText } from './order.ts';

/** Phases that this run was asked for or has records of, and whether it left items of them out. */
export type AskedPhases = ReadonlyMap<string, 'whole' | 'partial'>;

export interface StandingPhases {
  /** Under this plan, newest first, down to the last run of the whole phase. */
  readonly own: ReadonlyMap<string, readonly LedgerPhase[]>;
  /** Of phases without one, the latest of another plan: worth a warning. */
  readonly foreign: ReadonlyMap<string, LedgerPhase>;
}

/** The items that the command line left in, by phase; null where the run said nothing of it: then all of them. */
export function selectedItems(events: DecisionInput['events']): ReadonlyMap<string, ReadonlySet<string>> | null {
  const selected = new Map<string, Set<string>>();
  for (const event of events) {
    if (event.event !== 'selected') continue;
    selected.set(event.phase, new Set([...(selected.get(event.phase) ?? []), ...event.items]));
  }
  return selected.size === 0 ? null : selected;
}

/** Of `phases`; one of which the command line selected nothing was not asked for. */
export function askedAmong(
  phases: readonly string[],
  { plan, events }: Pick<DecisionInput, 'plan' | 'events'>,
  records: readonly OutcomeRecord[],
): AskedPhases {
  const selected = selectedItems(events);
  const recorded = new Set(records.map(({ phase }) => phase));
  const extent = (phase: string): 'whole' | 'partial' | 'nothing' => {
    const items = selected?.get(phase);
    if (items === undefined) return 'whole';
    if (items.size === 0 && !recorded.has(phase)) return 'nothing';
    return plan.items.every((item) => item.phase !== phase || items.has(item.id)) ? 'whole' : 'partial';
  };
  return new Map(
    [...new Set([...phases, ...recorded])].flatMap((phase) => {
      const asked = extent(phase);
      return asked === 'nothing' ? [] : [[phase, asked] as const];
    }),
  );
}

/** Phases that this run judged as a whole stand on nothing else. */
export function standingPhases(
  { ledger, plan, runHeader, identity }: DecisionInput,
  asked: AskedPhases,
): StandingPhases {
  const own = new Map<string, LedgerPhase[]>();
  const foreign = new Map<string, LedgerPhase>();
  if (identity === null) return { own, foreign };
  const sorted = [...ledger].sort((a, b) => byText(b.decidedAt, a.decidedAt) || byText(b.runId, a.runId));
  for (const entry of sorted) {
    const { phase } = entry;
    if (asked.get(phase) === 'whole') continue;
    if (entry.planDigest !== plan.digest) {
      if (!foreign.has(phase)) foreign.set(phase, entry);
    } else if (entry.runId !== runHeader.runId) {
      const newer = own.get(phase) ?? [];
      if (newer.every(({ items }) => items !== undefined)) own.set(phase, [...newer, entry]);
    }
  }
  for (const phase of own.keys()) foreign.delete(phase);
  return { own, foreign };
}

/** Why nothing stands on this entry, or null. */
export function whyNotBelieved({ runId, decision, refused }: LedgerPhase): string | null {
  if (refused !== undefined) return `run ${runId} had it last, and its record ${refused}`;
  return decision === null ? `run ${runId} started it last and never finished` : null;
}

/** With these nothing of an item was begun: it was looked for only. */
const LOOKED_FOR: readonly unknown[] = ['precondition', 'source-missing', 'needs-arming'];

function isJudged({ outcome, reason }: OutcomeRecord): boolean {
  return !(['not-run', 'pending'].includes(outcome) && LOOKED_FOR.includes(reason));
}

/** What standing items are found by. */
export interface StandingQuestion {
  readonly plan: Plan;
  readonly events: DecisionInput['events'];
  /** What each phase may stand on, newest first. */
  readonly entries: ReadonlyMap<string, readonly LedgerPhase[]>;
  /** This run's own, by item. */
  readonly records: ReadonlyMap<string, readonly OutcomeRecord[]>;
  readonly torn: ReadonlySet<string>;
}

/**
 * The entry that each item stands from which this run did not judge. One that it set out to judge and left no record of stands from none:
 * what became of it is unknown.
 */
export function standingItems({ plan, events, entries, records, torn }: StandingQuestion): Map<string, LedgerPhase> {
  const selected = selectedItems(events);
  const standing = new Map<string, LedgerPhase>();
  for (const { id, phase } of plan.items) {
    const own = records.get(id) ?? [];
    const isLost = torn.has(id) || (own.length === 0 && selected?.get(phase)?.has(id) === true);
    if (isLost || own.some(isJudged)) continue;
    const entry = entries.get(phase)?.find(({ items }) => items?.includes(id) ?? true);
    if (entry) standing.set(id, entry);
  }
  return standing;
}
