/** Sorts a decision's input by phase and item: what this run recorded, what stands from earlier runs, what is missing. */
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { POST_DEPLOYMENT } from '../../checks/contract/plan.ts';
import type { DecisionInput, LedgerPhase } from './input.ts';
import type { JudgeContext, JudgedItem, Missing } from './item.ts';
import { fromLedger, fromRun, judgeItem } from './item.ts';
import { SeenImages } from './freshness.ts';
import { byText } from './order.ts';

/** Where a phase's outcomes come from. */
export type PhaseSource =
  | { readonly from: 'run' }
  | { readonly from: 'ledger'; readonly entry: LedgerPhase }
  /** `unfinished`: the run that started it last and never said how it ended. */
  | { readonly from: 'none'; readonly unfinished?: string };

export interface Gathered {
  /** All phases of the plan in order, with those that only an item names. */
  readonly phases: readonly string[];
  readonly sources: ReadonlyMap<string, PhaseSource>;
  readonly items: readonly JudgedItem[];
  readonly warnings: readonly string[];
}

export function gather(input: DecisionInput): Gathered {
  const phases = phasesOf(input.plan);
  const { records, warnings } = ownRecords(input);
  const asked = askedPhases(input, records);
  const standing = standingPhases(input, asked);
  const sources = new Map(phases.map((phase) => [phase, sourceOf(phase, asked, standing.own)]));
  for (const [phase, { runId }] of standing.foreign)
    warnings.push(`${phase} was decided by run ${runId} under another plan: that does not stand, run it again`);
  return { phases, sources, items: judgeAll(input, records, sources), warnings };
}

/**
 * The entries of the ledger that this decision rests on, however many runs came before: from these the same is decided as from all. Of one
 * that does not stand only the run is named, so its outcomes are left out.
 */
export function ledgerUsed(input: DecisionInput): LedgerPhase[] {
  const { own, foreign } = standingPhases(input, askedPhases(input, ownRecords(input).records));
  return [...own.values(), ...[...foreign.values()].map((entry) => ({ ...entry, outcomes: [] }))];
}

function phasesOf({ phases, items }: Plan): string[] {
  return [...new Set([...phases.map(({ id }) => id), ...items.map(({ phase }) => phase)])];
}

/** Phases that this run was asked for or has records of: earlier runs have no say in them. */
function askedPhases({ plan, selectedPhases }: DecisionInput, records: readonly OutcomeRecord[]): ReadonlySet<string> {
  const asked = selectedPhases ?? phasesOf(plan).filter((phase) => phase !== POST_DEPLOYMENT);
  return new Set([...asked, ...records.map(({ phase }) => phase)]);
}

function sourceOf(phase: string, asked: ReadonlySet<string>, standing: ReadonlyMap<string, LedgerPhase>): PhaseSource {
  if (asked.has(phase)) return { from: 'run' };
  const entry = standing.get(phase);
  if (!entry) return { from: 'none' };
  return entry.decision === null ? { from: 'none', unfinished: entry.runId } : { from: 'ledger', entry };
}

/** The run's records that belong to this plan; the others are counted in a warning and have no say. */
function ownRecords({ plan, outcomes }: DecisionInput): { records: OutcomeRecord[]; warnings: string[] } {
  const items = new Map(plan.items.map((item) => [item.id, item]));
  const records: OutcomeRecord[] = [];
  const foreign: string[] = [];
  const unknown: string[] = [];
  for (const record of outcomes) {
    const item = items.get(record.item);
    if (record.planDigest !== plan.digest) foreign.push(record.item);
    else if (item?.phase !== record.phase || item.kind !== record.kind) unknown.push(record.item);
    else records.push(record);
  }
  const names = (ids: string[]): string => [...new Set(ids)].sort(byText).join(', ');
  const warnings: string[] = [];
  if (foreign.length > 0) warnings.push(`ignored ${foreign.length} outcomes of another plan: ${names(foreign)}`);
  if (unknown.length > 0) {
    warnings.push(
      `ignored ${unknown.length} outcomes that match no item, phase and kind of the plan: ${names(unknown)}`,
    );
  }
  return { records, warnings };
}

interface StandingPhases {
  /** The latest entry of each phase under this plan. */
  readonly own: ReadonlyMap<string, LedgerPhase>;
  /** Of phases without one, the latest of another plan: worth a warning. */
  readonly foreign: ReadonlyMap<string, LedgerPhase>;
}

function standingPhases(
  { ledger, plan, runHeader, identity }: DecisionInput,
  asked: ReadonlySet<string>,
): StandingPhases {
  const own = new Map<string, LedgerPhase>();
  const foreign = new Map<string, LedgerPhase>();
  if (identity === null) return { own, foreign };
  const sorted = [...ledger].sort((a, b) => byText(a.decidedAt, b.decidedAt) || byText(a.runId, b.runId));
  for (const entry of sorted) {
    if (asked.has(entry.phase)) continue;
    if (entry.planDigest !== plan.digest) foreign.set(entry.phase, entry);
    else if (entry.runId !== runHeader.runId) own.set(entry.phase, entry);
  }
  for (const phase of own.keys()) foreign.delete(phase);
  return { own, foreign };
}

function judgeAll(
  input: DecisionInput,
  records: readonly OutcomeRecord[],
  sources: ReadonlyMap<string, PhaseSource>,
): JudgedItem[] {
  const judged = new Map<string, JudgedItem>();
  const images = new SeenImages();
  const judge = (item: PlannedItem, candidates: Parameters<typeof judgeItem>[1], over: Partial<JudgeContext>): void => {
    const context = { now: input.now, images, torn: new Set<string>(), missing: missingFrom(input, sources), ...over };
    judged.set(item.id, judgeItem(item, candidates, context));
  };
  const of = byItem(records);
  for (const item of input.plan.items) {
    if (sources.get(item.phase)?.from === 'ledger') continue;
    const own = { images: new SeenImages(), torn: new Set(input.torn ?? []) };
    judge(item, (of.get(item.id) ?? []).map(fromRun), own);
  }
  for (const record of records) images.add(record.images);
  for (const entry of newestFirst(sources)) {
    const ofEntry = byItem(entry.outcomes.filter((outcome) => outcome.planDigest === input.plan.digest));
    for (const item of input.plan.items.filter(({ phase }) => phase === entry.phase)) {
      const missing = (): Missing => ({ reason: 'unrecorded', message: `run ${entry.runId} left no outcome of it` });
      judge(item, (ofEntry.get(item.id) ?? []).map(fromLedger), { missing });
    }
    for (const outcome of entry.outcomes) images.add(outcome.images);
  }
  return input.plan.items.flatMap((item) => judged.get(item.id) ?? []);
}

function byItem<R extends { readonly item: string }>(records: readonly R[]): Map<string, R[]> {
  const map = new Map<string, R[]>();
  for (const record of records) map.set(record.item, [...(map.get(record.item) ?? []), record]);
  return map;
}

function newestFirst(sources: ReadonlyMap<string, PhaseSource>): LedgerPhase[] {
  const entries = [...sources.values()].flatMap((source) => (source.from === 'ledger' ? [source.entry] : []));
  return entries.sort((a, b) => byText(b.decidedAt, a.decidedAt) || byText(b.runId, a.runId));
}

/** Why an item has no record in this run, in the words of the run's own events. */
function missingFrom(
  { plan, events, endedBy }: DecisionInput,
  sources: ReadonlyMap<string, PhaseSource>,
): JudgeContext['missing'] {
  const blocked = unmetPreconditions(events);
  const selected = new Map<string, Set<string>>();
  for (const event of events) {
    if (event.event !== 'selected') continue;
    selected.set(event.phase, new Set([...(selected.get(event.phase) ?? []), ...event.items]));
  }
  return (item) => {
    const why = blocked.get(item.phase);
    if (sources.get(item.phase)?.from !== 'run') {
      return { reason: 'not-selected', message: `${item.phase} was not asked for in this run` };
    }
    if (why !== undefined) return { reason: 'precondition', message: why };
    if (selected.get(item.phase)?.has(item.id) === false) {
      return { reason: 'not-selected', message: 'left out by the selection on the command line' };
    }
    if (endedBy !== 'finished') return { reason: 'interrupted', message: 'the run ended before its turn' };
    return { reason: 'unrecorded', message: `${plan.checklist.name} expects it, but the run recorded nothing of it` };
  };
}

/** Phases that the run refused to start, and why. */
export function unmetPreconditions(events: DecisionInput['events']): Map<string, string> {
  const unmet = new Map<string, string>();
  for (const event of events) {
    if (event.event === 'precondition' && !event.met && event.enforced) unmet.set(event.phase, event.why);
  }
  return unmet;
}

/** The phases of a plan that the decision to go live rests on. */
export function gatePhases(phases: readonly string[]): string[] {
  return phases.filter((phase) => phase !== POST_DEPLOYMENT);
}

/** The phase before this one, whose GO it presupposes; null for the first and for the scheduled verification. */
export function phaseBefore(phase: string, plan: Pick<Plan, 'phases'>): string | null {
  const phases = gatePhases(plan.phases.map(({ id }) => id));
  const place = phases.indexOf(phase);
  return place > 0 ? (phases[place - 1] ?? null) : null;
}
