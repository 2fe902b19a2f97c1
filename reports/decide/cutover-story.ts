/** What became of a cutover, from its event log. Pure; the page, the console and decision.json tell the same from it. */
import type { CutoverEvent, CutoverEventOf } from '../../checks/contract/cutover.ts';
import type { DecidedCutover } from '../../checks/contract/decision.ts';
import { is, lastCutover } from '../../checks/cutover/log.ts';

export interface CutoverStory extends DecidedCutover {
  readonly begun: CutoverEventOf<'begun'> | undefined;
  /** Highest percent that the route was set, or about to be set, to. */
  readonly highestWeight: number;
  /** Why it is not finished, where it is not. */
  readonly unfinished: string | null;
  /** From the begin of the rollback. */
  readonly msToZero: number | null;
  /** From the begin of the breach; null where there was none or it has not recovered. */
  readonly msFromBreachToRecovery: number | null;
  /** What was looked at after the rollback and is not as it was. */
  readonly unverified: readonly CutoverEventOf<'verified'>[];
  /** How often the rollback was begun. */
  readonly attempts: number;
}

/** Undefined where no cutover was asked for. */
export function cutoverStory(events: readonly CutoverEvent[]): CutoverStory | undefined {
  if (events.length === 0) return undefined;
  const own = lastCutover(events);
  const rollbacks = own.filter(is('rollback-begun'));
  const end = own.findLast(({ event }) => ENDS.includes(event));
  const first = rollbacks[0];
  const last = first ? own.slice(own.findLastIndex(is('rollback-begun'))) : [];
  const over = last.find(is('rolled-back'));
  const refused = own.find(is('refused'));
  const outcome = outcomeOf(end, refused);
  return {
    outcome,
    reason: first?.reason.text ?? refused?.why ?? null,
    weight: weightAfter(own),
    verified: over?.verified ?? null,
    ...zeroTimes(own, rollbacks),
    ...recoveryTimes(over, first, rollbacks.length),
    begun: own.find(is('begun')),
    highestWeight: Math.max(0, ...own.filter(is('shifting')).map(({ to }) => to)),
    unfinished: outcome === 'unfinished' ? (last.find(is('unfinished'))?.why ?? LOG_ENDS) : null,
    unverified: last.filter(is('verified')).filter((one) => one.outcome !== 'pass'),
    attempts: rollbacks.length,
  };
}

/** `rollback-begun` ends whatever was said before it. */
const ENDS: readonly CutoverEvent['event'][] = ['finished', 'rolled-back', 'unfinished', 'rollback-begun'];
const LOG_ENDS = 'its log ends before it does';

function outcomeOf(
  end: CutoverEvent | undefined,
  refused: CutoverEventOf<'refused'> | undefined,
): DecidedCutover['outcome'] {
  if (end?.event === 'finished' || end?.event === 'rolled-back') return end.event;
  return refused && !end ? 'refused' : 'unfinished';
}

/** What the route was last known to give; while it is being changed, the higher of both. */
function weightAfter(events: readonly CutoverEvent[]): number {
  let weight = 0;
  for (const event of events) {
    if (event.event === 'shifting') weight = Math.max(event.from, event.to);
    if (event.event === 'shifted') weight = event.weight;
    if (event.event === 'zero') weight = 0;
  }
  return weight;
}

/** When users were off the new release for the first time after the first rollback began. */
function zeroTimes(
  events: readonly CutoverEvent[],
  rollbacks: readonly CutoverEventOf<'rollback-begun'>[],
): Pick<CutoverStory, 'msToZero' | 'msFromBreachToZero'> {
  const [first, second] = rollbacks;
  const zero = first && events.slice(events.indexOf(first)).find(is('zero'));
  if (!zero) return { msToZero: null, msFromBreachToZero: null };
  // Of another attempt the log has times of its own only: the clock on the wall joins both.
  if (second && events.indexOf(zero) > events.indexOf(second))
    return { msToZero: between(first.at, zero.at), msFromBreachToZero: between(first.reason.breachedAt, zero.at) };
  return {
    msToZero: zero.msSinceBegun,
    msFromBreachToZero: zero.msSinceBreach ?? between(first.reason.breachedAt, zero.at),
  };
}

function recoveryTimes(
  over: CutoverEventOf<'rolled-back'> | undefined,
  first: CutoverEventOf<'rollback-begun'> | undefined,
  attempts: number,
): Pick<CutoverStory, 'msToRecovery' | 'msFromBreachToRecovery'> {
  if (!over || !first) return { msToRecovery: null, msFromBreachToRecovery: null };
  return {
    msToRecovery: attempts === 1 ? over.msToRecovery : between(first.at, over.at),
    msFromBreachToRecovery: between(first.reason.breachedAt, over.at),
  };
}

/** Milliseconds; null where a time is none. */
function between(from: string | undefined, to: string): number | null {
  const ms = Date.parse(to) - Date.parse(from ?? '');
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

/** What decision.json holds of it. */
export function decidedCutover(events: readonly CutoverEvent[]): DecidedCutover | undefined {
  const story = cutoverStory(events);
  if (!story) return undefined;
  const { outcome, reason, weight, verified, msFromBreachToZero, msToRecovery } = story;
  return { outcome, reason, weight, verified, msFromBreachToZero, msToRecovery };
}
