/** The decision of one phase, three times: with waivers, without them, and without sign-off items (readiness). */
import type { AppliedWaiver, DecisionName, DecisionReason } from '../../checks/contract/decision.ts';
import type { JudgedItem } from './item.ts';
import { badness, isBlocking, worstDecision } from './order.ts';
import { itemReason, reason, unsignedReason } from './reasons.ts';

export type WeighedItem = JudgedItem & { readonly waived: AppliedWaiver | null };

export interface PhaseVerdict {
  readonly decision: DecisionName;
  readonly decisionWithoutWaivers: DecisionName;
  /** `null`: the phase holds sign-off items only, so readiness has nothing to ask of it. */
  readonly readiness: DecisionName | null;
  readonly reasons: readonly DecisionReason[];
}

/** What surrounds a phase. */
export interface PhaseContext {
  /** All phases of the plan, in order. */
  readonly phases: readonly string[];
  /** Do planned items hold it? Where a phase starts on the GO of the one before, a GO may leave nothing open that blocks. */
  readonly plannedHold: boolean;
  /** Reasons it is held for besides its items. */
  readonly also?: readonly DecisionReason[];
}

/** Decides a phase from all items of the plan: its own, and those of other phases that wait for a person until this one. */
export function decidePhase(
  phase: string,
  all: readonly WeighedItem[],
  { phases, plannedHold, also = [] }: PhaseContext,
): PhaseVerdict {
  const relevant = all.filter(({ item }) => item.phase === phase || blockedPhase(item, phases) === phase);
  const own = relevant.filter(({ item }) => item.phase === phase);
  const measured = relevant.filter(({ item }) => !item.signOff);
  const onlySignOff = own.length > 0 && own.every(({ item }) => item.signOff);
  const ask = (items: readonly WeighedItem[], withWaivers: boolean): DecisionReason[] => [
    ...reasonsOf(phase, phases, items, withWaivers),
    ...(plannedHold ? plannedReason(phase, items) : []),
    ...also,
  ];
  const reasons = ask(relevant, true);
  return {
    decision: decisionOf(reasons),
    decisionWithoutWaivers: decisionOf(ask(relevant, false)),
    readiness: onlySignOff ? null : decisionOf(ask(measured, true)),
    reasons,
  };
}

/** The items of a phase that block and are not built yet, as one reason. */
export function plannedReason(phase: string, items: readonly WeighedItem[]): DecisionReason[] {
  const open = items.filter(
    ({ item, outcome }) => item.phase === phase && outcome === 'planned' && isBlocking(item.severity),
  );
  return itemReason('planned', phase, open);
}

/** A rollback is a verdict, too: the release was live and did not hold. */
const NO_GO: ReadonlySet<string> = new Set(['fail', 'rejected', 'rolled-back']);

/** NO-GO for a fail or a rollback, HOLD for any other reason, GO for none. */
export function decisionOf(reasons: readonly DecisionReason[]): DecisionName {
  return worstDecision(['GO', ...reasons.map(({ code }) => (NO_GO.has(code) ? 'NO-GO' : 'HOLD') as DecisionName)]);
}

function reasonsOf(
  phase: string,
  phases: readonly string[],
  items: readonly WeighedItem[],
  withWaivers: boolean,
): DecisionReason[] {
  const own = items.filter(({ item }) => item.phase === phase);
  const open = items.filter(({ item, waived }) => isBlocking(item.severity) && !(withWaivers && waived));
  const of = (outcome: JudgedItem['outcome']) =>
    open.filter((judged) => judged.outcome === outcome && judged.item.phase === phase);
  const due = open.filter(({ outcome, item }) => outcome === 'pending' && blockedPhase(item, phases) === phase);
  const reasons = [
    ...itemReason('fail', phase, of('fail')),
    ...itemReason('error', phase, of('error')),
    ...itemReason('inconclusive', phase, of('inconclusive')),
    ...itemReason('not-run', phase, of('not-run')),
    ...itemReason(
      'pending',
      phase,
      due.filter((judged) => !waitsForSignature(judged)),
    ),
    ...unsignedReason(phase, due.filter(waitsForSignature)),
  ];
  return reasons.length > 0 ? reasons : nothingJudged(phase, own, withWaivers);
}

function waitsForSignature({ reason: why }: JudgedItem): boolean {
  return why === 'needs-signature';
}

/** A phase is GO for something that was seen to be good in it, never for want of anything that blocks. */
function nothingJudged(phase: string, own: readonly WeighedItem[], withWaivers: boolean): DecisionReason[] {
  if (own.some(({ outcome, waived }) => outcome === 'pass' || (withWaivers && waived !== null))) return [];
  const outcomes = [...new Set(own.map(({ outcome }) => outcome))].sort((a, b) => badness(a) - badness(b));
  const why = own.length === 0 ? 'it has no items' : `its items are ${outcomes.join(', ')}`;
  return [reason('nothing-judged', `nothing was judged good in ${phase}: ${why}`, phase)];
}

/** The phase a pending item holds: the one it is due by, but never one before its own or outside the plan. */
function blockedPhase(item: JudgedItem['item'], phases: readonly string[]): string {
  return phases.indexOf(item.dueBy) > phases.indexOf(item.phase) ? item.dueBy : item.phase;
}
