/**
 * The decision: a pure function of the frozen plan, what was recorded, what people said and the time. It is computed against
 * the plan's items, never against the tests that happened to run, so that leaving something out can only make it worse.
 */
import type {
  DecidedItem,
  DecidedPhase,
  Decision,
  DecisionName,
  DecisionReason,
} from '../../checks/contract/decision.ts';
import { EXIT } from '../../checks/contract/decision.ts';
import { OUTCOMES } from '../../checks/contract/outcome.ts';
import type { OutcomeName } from '../../checks/contract/outcome.ts';
import type { Covered } from '../../checks/contract/people.ts';
import { POST_DEPLOYMENT, type PhaseId, type Plan, type PlannedItem } from '../../checks/contract/plan.ts';
import { signaturesOf } from '../../checks/people/signatures.ts';
import { expiryProblem } from '../../specs/loader/people/words.ts';
import { overdue } from '../../specs/loader/upkeep.ts';
import { gather, gatePhases, phaseBefore, unmetPreconditions } from './gather.ts';
import type { Gathered, PhaseSource } from './gather.ts';
import type { DecisionInput } from './input.ts';
import { byText, worstDecision } from './order.ts';
import { coveredOf, phasesThrough, throughOf } from './covered.ts';
import { peopleWarnings, waiverFor } from './people.ts';
import { heard, questionOf } from './spoken.ts';
import { decidePhase, decisionOf, plannedReason } from './phase.ts';
import type { PhaseContext, PhaseVerdict, WeighedItem } from './phase.ts';
import { reason, sortReasons } from './reasons.ts';

/** The UID of an environment that no worker reached. */
export const UNKNOWN_UID = 'unknown';

export function decide(input: DecisionInput): Decision {
  const gathered = gather(input);
  const environment = input.identity ?? { name: input.plan.environment.name, uid: UNKNOWN_UID };
  const run = runReasons(input);
  const { items, coverage } = spokenFor(input, gathered, run);
  const whole = wholeOf(input, gathered, items, [...run, ...rejections(input, coverage(lastPhaseOf(input.plan)))]);
  const { release } = input.plan;
  return {
    schema: 'golive/decision/v2',
    decision: whole.decision,
    readiness: whole.readiness,
    decisionWithoutWaivers: whole.decisionWithoutWaivers,
    selected: { phases: input.selectedPhases, decision: selectedDecision(input, whole, run) },
    reasons: readied(whole),
    phases: gathered.phases.map((phase) => decidedPhase(phase, input, gathered, whole.verdicts, items)),
    release,
    environment,
    checklist: { name: input.plan.checklist.name, file: input.plan.checklist.file },
    checklistDigest: input.plan.checklist.digest,
    planDigest: input.plan.digest,
    runId: input.runHeader.runId,
    decidedAt: input.now.toISOString(),
    ...(input.cutover ? { cutover: input.cutover } : {}),
    overrides: input.plan.environment.overrides,
    warnings: warningsOf(input, gathered, items),
    items: items.map(decidedItem),
  };
}

/** Where nothing but signatures is missing, that is said first. */
function readied({ readiness, reasons }: Whole): readonly DecisionReason[] {
  const isReady = readiness === 'GO' && reasons.every(({ code }) => code === 'unsigned');
  return isReady ? reasons.map((one) => ({ ...one, text: `ready; ${one.text}` })) : reasons;
}

/** The exit code of a run: the answer for the phases it was asked for. */
export function exitCodeOf(decision: Decision): number {
  return EXIT[decision.selected.decision];
}

/** Items after what people said of them, and what a signature covers, by the last phase that it covers. */
function spokenFor(
  input: DecisionInput,
  gathered: Gathered,
  run: readonly DecisionReason[],
): { readonly items: WeighedItem[]; readonly coverage: (through: PhaseId) => Covered } {
  const unsigned = weigh(input, gathered, null);
  const known = new Map<PhaseId, Covered>();
  const coverage = (through: PhaseId): Covered => {
    const phases = phasesThrough(through, gathered.phases);
    const covered =
      known.get(through) ??
      coveredOf(input, unsigned, {
        through,
        phases,
        readiness: wholeOf(input, gathered, unsigned, run, phases).readiness,
      });
    known.set(through, covered);
    return covered;
  };
  return { items: weigh(input, gathered, (item) => coverage(throughOf(item, gathered.phases))), coverage };
}

/** What a signature that covers the phases up to `through` says: `golive sign` shows it and signs it. */
export function coverageOf(input: DecisionInput, through: PhaseId): Covered {
  return spokenFor(input, gather(input), runReasons(input)).coverage(through);
}

/** A veto of a role whose signature no item asks for. */
function rejections(input: DecisionInput, covers: Covered): DecisionReason[] {
  const asked = new Set(input.plan.items.filter(({ signOff }) => signOff).map(({ role }) => role));
  return signaturesOf(questionOf(input, covers), input.now).vetoes.flatMap(({ approval, principal }) =>
    asked.has(approval.role)
      ? []
      : [reason('rejected', `${principal} (${approval.role}) rejects this release: ${approval.reason ?? ''}`)],
  );
}

/** The last phase that decides: what a signature on all of it covers. */
export function lastPhaseOf({ phases }: Pick<Plan, 'phases'>): PhaseId {
  return (gatePhases(phases.map(({ id }) => id)).at(-1) ?? 'final') as PhaseId;
}

function weigh(
  input: DecisionInput,
  gathered: Gathered,
  coverage: ((item: PlannedItem) => Covered) | null,
): WeighedItem[] {
  return gathered.items.map((judged) => {
    const spoken = heard(judged, input, coverage);
    return { ...spoken, waived: waiverFor(spoken, input.plan, input.waivers, input.now) };
  });
}

/** What holds the whole run back, whatever its items say. */
function runReasons(input: DecisionInput): DecisionReason[] {
  const reasons: DecisionReason[] = [];
  const interrupt = input.events.find((event) => event.event === 'interrupted');
  if (input.endedBy !== 'finished' || interrupt) {
    const how = interrupt ? `interrupted by ${interrupt.signal}` : input.endedBy;
    reasons.push(reason('run-incomplete', `the run did not finish (${how}): run it again`));
  }
  reasons.push(...cutoverReasons(input));
  for (const damage of input.damage ?? []) reasons.push(reason('run-damaged', damage));
  for (const event of input.events) if (event.event === 'refused') reasons.push(reason('refused', event.why));
  if (input.runHeader.planDigest !== input.plan.digest) {
    reasons.push(reason('run-damaged', 'the run was started under another plan than the one it is decided by'));
  }
  if (input.identity === null) {
    const text = `no worker reached the cluster of environment "${input.plan.environment.name}", so its identity is unknown`;
    reasons.push(reason('environment-unknown', text));
  } else if (input.identity.name !== input.plan.environment.name) {
    const text = `the run reached environment "${input.identity.name}", the plan is for "${input.plan.environment.name}"`;
    reasons.push(reason('environment-unknown', text));
  }
  return [...reasons, ...overrideReasons(input)];
}

/** An override that no longer stands, or stands longer than a year: what was judged with it was judged by nobody's leave. */
function overrideReasons({ plan, now }: DecisionInput): DecisionReason[] {
  return plan.environment.overrides.flatMap(({ item, param, approver = 'nobody', expires }) => {
    const problem = expires === undefined ? null : expiryProblem(expires, now);
    if (problem === null) return [];
    const text = `the override of ${item} ${param} (${approver}) ${problem}; renew or remove it, and run again`;
    return [reason('override-ended', text)];
  });
}

/** As the main process recorded it; by the log of the cutover where it could not. */
function cutoverReasons({ events, cutover }: DecisionInput): DecisionReason[] {
  const ended = events.filter((event) => event.event === 'cutover-ended');
  const unfinished = (why: string): DecisionReason =>
    reason('rollback-unfinished', `the rollback is not finished: ${why}; run golive rollback`);
  if (ended.length > 0)
    return ended.map(({ complete, why }) => (complete ? reason('rolled-back', why) : unfinished(why)));
  if (cutover?.outcome === 'unfinished') return [unfinished(cutover.reason ?? 'the log of the cutover has no end')];
  if (cutover?.outcome !== 'rolled-back') return [];
  return [reason('rolled-back', `traffic was taken back: ${cutover.reason ?? 'no reason was recorded'}`)];
}

interface Whole {
  readonly decision: DecisionName;
  readonly decisionWithoutWaivers: DecisionName;
  readonly readiness: DecisionName;
  readonly reasons: readonly DecisionReason[];
  readonly verdicts: ReadonlyMap<string, PhaseVerdict | null>;
}

function wholeOf(
  input: DecisionInput,
  gathered: Gathered,
  items: readonly WeighedItem[],
  run: readonly DecisionReason[],
  gate: readonly string[] = gatePhases(gathered.phases),
): Whole {
  const verdicts = verdictsOf(input, gathered, items);
  const missing = gate.flatMap((phase) => missingPhase(phase, gathered.sources.get(phase)));
  if (gate.length === 0) missing.push(reason('nothing-judged', 'the checklist has no phase that decides'));
  const common = [...run, ...missing, ...tooManyWaived(input, items, gate)];
  const decided = gate.flatMap((phase) => verdicts.get(phase) ?? []);
  const planned = (of: readonly WeighedItem[]): DecisionReason[] => gate.flatMap((phase) => plannedReason(phase, of));
  const worst = (reasons: DecisionReason[], of: (verdict: PhaseVerdict) => DecisionName | null): DecisionName =>
    worstDecision([decisionOf(reasons), ...decided.flatMap((verdict) => of(verdict) ?? [])]);
  const all = [...common, ...planned(items)];
  const measured = [...common, ...planned(items.filter(({ item }) => !item.signOff))];
  // What holds a phase for its planned items holds the whole, too: told once.
  const ofPhases = decided.flatMap(({ reasons }) => reasons.filter(({ code }) => code !== 'planned'));
  return {
    decision: worst(all, ({ decision }) => decision),
    decisionWithoutWaivers: worst(all, ({ decisionWithoutWaivers }) => decisionWithoutWaivers),
    readiness: worst(measured, ({ readiness }) => readiness),
    reasons: sortReasons([...all, ...ofPhases], gathered.phases),
    verdicts,
  };
}

/** Each waiver may be right, and all of them together a release that nobody has checked. */
function tooManyWaived(
  { plan: { signing } }: DecisionInput,
  items: readonly WeighedItem[],
  gate: readonly string[],
): DecisionReason[] {
  const waived = items.filter((one) => one.waived !== null && gate.includes(one.item.phase)).map(({ item }) => item.id);
  const most = signing?.maxWaived ?? Infinity;
  if (waived.length <= most) return [];
  const text = `${waived.length} items are waived, and the checklist allows ${most} (signing.maxWaived): ${waived.join(', ')}`;
  return [reason('too-many-waived', text, undefined, waived)];
}

function missingPhase(phase: string, source: PhaseSource | undefined): DecisionReason[] {
  if (source?.from !== 'none') return [];
  const why = source.why ?? 'no run has decided it for this release and environment';
  return [reason('phase-missing', `${phase} has no decision: ${why}; run --project=${phase}`, phase)];
}

/** Verdicts in phase order, since each phase of this run also asks whether the one before it was GO. */
function verdictsOf(
  input: DecisionInput,
  { phases, sources }: Gathered,
  items: readonly WeighedItem[],
): Map<string, PhaseVerdict | null> {
  const verdicts = new Map<string, PhaseVerdict | null>();
  const enforced = input.plan.environment.preconditions === 'enforce';
  for (const phase of phases) {
    const context: PhaseContext = { phases, plannedHold: enforced && phase !== POST_DEPLOYMENT };
    const source = sources.get(phase);
    if (source?.from === 'run') {
      const before = phaseBefore(phase, input.plan);
      const also = preconditionReasons(phase, input, before, before === null ? null : (verdicts.get(before) ?? null));
      verdicts.set(phase, decidePhase(phase, items, { ...context, also }));
    } else if (source?.from === 'ledger') {
      verdicts.set(phase, noBetterThanRecorded(decidePhase(phase, items, context), phase, source));
    } else verdicts.set(phase, null);
  }
  return verdicts;
}

/** Where preconditions are enforced, a phase that ran without the GO before it is held, whoever let it run. */
function preconditionReasons(
  phase: string,
  { events, plan }: DecisionInput,
  before: string | null,
  verdict: PhaseVerdict | null,
): DecisionReason[] {
  const unmet = unmetPreconditions(events).get(phase);
  if (unmet !== undefined) return [reason('precondition', `${phase} was not started: ${unmet}`, phase)];
  if (plan.environment.preconditions !== 'enforce' || before === null || verdict?.decision === 'GO') return [];
  if (events.some((event) => event.event === 'precondition' && event.phase === phase && event.met)) return [];
  const state = verdict === null ? 'has no decision' : `is ${verdict.decision}`;
  return [reason('precondition', `${phase} presupposes GO of ${before}, which ${state}`, phase)];
}

/** An earlier run's phase is judged again by today's time and waivers, but never improved: for that it has to run. */
function noBetterThanRecorded(
  verdict: PhaseVerdict,
  phase: string,
  { entries: [entry] }: Extract<PhaseSource, { from: 'ledger' }>,
): PhaseVerdict {
  const decision = worstDecision([verdict.decision, entry.decision ?? 'HOLD']);
  const text = `${phase} was ${entry.decision ?? 'HOLD'} in run ${entry.runId}: run it again`;
  return {
    decision,
    decisionWithoutWaivers: worstDecision([verdict.decisionWithoutWaivers, entry.decisionWithoutWaivers ?? 'HOLD']),
    readiness: verdict.readiness === null ? null : worstDecision([verdict.readiness, entry.readiness ?? 'HOLD']),
    reasons: decision === verdict.decision ? verdict.reasons : [reason('recorded', text, phase), ...verdict.reasons],
  };
}

function selectedDecision(input: DecisionInput, whole: Whole, run: readonly DecisionReason[]): DecisionName {
  if (input.selectedPhases === null) return whole.decision;
  const phases = input.selectedPhases.map((phase) => whole.verdicts.get(phase)?.decision ?? 'HOLD');
  return worstDecision([worstDecision(phases), decisionOf(run)]);
}

function decidedPhase(
  phase: string,
  { plan }: DecisionInput,
  { sources, phases }: Gathered,
  verdicts: Whole['verdicts'],
  items: readonly WeighedItem[],
): DecidedPhase {
  const source = sources.get(phase) ?? { from: 'none' as const };
  const verdict = verdicts.get(phase) ?? null;
  const own = items.filter(({ item }) => item.phase === phase);
  const count = (outcome: OutcomeName): number => own.filter((judged) => judged.outcome === outcome).length;
  return {
    id: phase,
    title: plan.phases.find(({ id }) => id === phase)?.title ?? phase,
    decision: verdict?.decision ?? null,
    decisionWithoutWaivers: verdict?.decisionWithoutWaivers ?? null,
    readiness: verdict?.readiness ?? null,
    from: source.from,
    ...(source.from === 'ledger' ? { fromRun: source.entries[0].runId } : {}),
    reasons: verdict ? sortReasons(verdict.reasons, phases) : missingPhase(phase, source),
    counts: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count(outcome)])) as Record<OutcomeName, number>,
  };
}

function decidedItem(judged: WeighedItem): DecidedItem {
  const { item } = judged;
  return {
    id: item.id,
    phase: item.phase,
    title: item.title,
    kind: item.kind,
    outcome: judged.outcome,
    ...(judged.reason === undefined ? {} : { reason: judged.reason }),
    ...(judged.detail === undefined ? {} : { detail: judged.detail }),
    severity: item.severity,
    owner: item.owner,
    source: item.source,
    place: `${item.place.file}:${item.place.line}`,
    subjects: judged.subjects,
    message: judged.message,
    findings: judged.findings,
    doubts: judged.doubts,
    durationMs: judged.durationMs,
    waived: judged.waived,
    evidence: judged.evidence,
    from: judged.from,
    ...(judged.fromRun === undefined ? {} : { fromRun: judged.fromRun }),
  };
}

function warningsOf(input: DecisionInput, gathered: Gathered, items: readonly WeighedItem[]): string[] {
  const people = peopleWarnings(new Map(items.map((judged) => [judged.item.id, judged])), input);
  const refused = input.events.flatMap((event) =>
    event.event === 'precondition' && !event.met && !event.enforced
      ? [
          `${event.phase}: its precondition is not met; where preconditions are enforced it would not start: ${event.why}`,
        ]
      : [],
  );
  const late = overdue(input.plan.checklist.upkeep ?? {}, input.now);
  const own = [...gathered.warnings, ...people, ...refused, ...(late === null ? [] : [late])];
  return [...new Set([...(input.notes ?? []), ...own])].sort(byText);
}
