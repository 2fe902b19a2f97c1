/** Sorts a decision's input by phase and item: what this run recorded, what stands from earlier runs, what is missing. */
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { POST_DEPLOYMENT } from '../../checks/contract/plan.ts';
import type { DecisionInput, LedgerPhase } from './input.ts';
import type { JudgeContext, JudgedItem, Missing } from './item.ts';
import { fromLedger, fromRun, judgeItem } from './item.ts';
import { SeenImages } from './freshness.ts';
import { byText } from './order.ts';
import {
  askedAmong,
  selectedItems,
  standingItems,
  standingPhases,
  whyNotBelieved,
  type AskedPhases,
} from './standing.ts';

/** Where a phase's outcomes come from. */
export type PhaseSource =
  /** `entries`: what stands for the items that this run left out, newest first; empty where it set out to judge them all. */
  | { readonly from: 'run'; readonly entries: readonly LedgerPhase[] }
  | { readonly from: 'ledger'; readonly entries: readonly [LedgerPhase, ...LedgerPhase[]] }
  /** `why`: what became of the run that had it last. */
  | { readonly from: 'none'; readonly why?: string };

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
  const sources = new Map(phases.map((phase) => [phase, sourceOf(phase, asked, standing.own.get(phase) ?? [])]));
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
  return [...[...own.values()].flat(), ...[...foreign.values()].map((entry) => ({ ...entry, outcomes: [] }))];
}

/** Earlier runs have no say in what this one set out to judge. */
function askedPhases(input: DecisionInput, records: readonly OutcomeRecord[]): AskedPhases {
  const { plan, selectedPhases } = input;
  const phases = selectedPhases ?? phasesOf(plan).filter((phase) => phase !== POST_DEPLOYMENT);
  return askedAmong(phases, input, records);
}

function phasesOf({ phases, items }: Plan): string[] {
  return [...new Set([...phases.map(({ id }) => id), ...items.map(({ phase }) => phase)])];
}

function sourceOf(phase: string, asked: AskedPhases, entries: readonly LedgerPhase[]): PhaseSource {
  const why = entries.map(whyNotBelieved).find((text) => text !== null) ?? null;
  if (asked.has(phase)) return { from: 'run', entries: why === null ? entries : [] };
  if (why !== null) return { from: 'none', why };
  const [newest, ...older] = entries;
  return newest ? { from: 'ledger', entries: [newest, ...older] } : { from: 'none' };
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
  const torn = new Set(input.torn ?? []);
  const entries = entriesOf(sources);
  const standing = standingItems({ plan: input.plan, events: input.events, entries, records: of, torn });
  for (const item of input.plan.items) {
    if (!standing.has(item.id)) judge(item, (of.get(item.id) ?? []).map(fromRun), { images: new SeenImages(), torn });
  }
  for (const record of records) images.add(record.images);
  for (const entry of [...entries.values()].flat().sort(newerFirst)) {
    const own = input.plan.items.filter(({ id }) => standing.get(id) === entry);
    const ids = new Set(own.map(({ id }) => id));
    const left = entry.outcomes.filter(({ item, planDigest }) => planDigest === input.plan.digest && ids.has(item));
    const ofEntry = byItem(left);
    const missing = (): Missing => ({ reason: 'unrecorded', message: `run ${entry.runId} left no outcome of it` });
    for (const item of own) judge(item, (ofEntry.get(item.id) ?? []).map(fromLedger), { missing });
    for (const { images: seen } of left) images.add(seen);
  }
  return input.plan.items.flatMap((item) => {
    const one = judged.get(item.id);
    return one ? [{ ...one, ...namedRun(one, standing.get(item.id), sources) }] : [];
  });
}

/** The earlier run that an item stands from, where the decision does not name it for the phase as a whole. */
function namedRun(
  { from }: JudgedItem,
  entry: LedgerPhase | undefined,
  sources: ReadonlyMap<string, PhaseSource>,
): Pick<JudgedItem, 'fromRun'> {
  if (from !== 'ledger' || entry === undefined) return {};
  const source = sources.get(entry.phase);
  return source?.from === 'ledger' && source.entries[0] === entry ? {} : { fromRun: entry.runId };
}

function byItem<R extends { readonly item: string }>(records: readonly R[]): Map<string, R[]> {
  const map = new Map<string, R[]>();
  for (const record of records) map.set(record.item, [...(map.get(record.item) ?? []), record]);
  return map;
}

/** The earlier runs that each phase stands on, wholly or in part. */
function entriesOf(sources: ReadonlyMap<string, PhaseSource>): Map<string, readonly LedgerPhase[]> {
  return new Map(
    Array.from(sources, ([phase, source]) => [phase, source.from === 'none' ? [] : source.entries] as const),
  );
}

function newerFirst(a: LedgerPhase, b: LedgerPhase): number {
  return byText(b.decidedAt, a.decidedAt) || byText(b.runId, a.runId);
}

/** Why an item has no record in this run, in the words of the run's own events. */
function missingFrom(
  { plan, events, endedBy }: DecisionInput,
  sources: ReadonlyMap<string, PhaseSource>,
): JudgeContext['missing'] {
  const blocked = unmetPreconditions(events);
  const selected = selectedItems(events);
  return (item) => {
    const why = blocked.get(item.phase);
    const from = sources.get(item.phase)?.from;
    if (from === 'ledger') return { reason: 'not-selected', message: 'no run that stands has judged it' };
    if (from !== 'run') return { reason: 'not-selected', message: `${item.phase} was not asked for in this run` };
    if (why !== undefined) return { reason: 'precondition', message: why };
    if (selected?.get(item.phase)?.has(item.id) === false) {
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
