/**
 * The drill: breaks one kept rehearsal in every declared way, one after the other, and compares what the checklist says then with
 * what the fault declares. It proves that each item can turn red, for the right reason, and that nothing else moves.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { errorText } from '../../checks/contract/text.ts';
import type { RehearsalValues } from '../../checks/contract/environment.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { connectControl, type RehearsalControl } from '../../fixtures/rehearsal-client/control-client.ts';
import type { Act } from '../../fixtures/rehearsal-client/control-protocol.ts';
import { settleOf, type BoundFault } from './bound.ts';
import { BUSY, isGood, isGreen, isLate, seenChange, type FaultResult, type Seen } from './compare.ts';
import { measureLoad } from './machine-load.ts';
import { isHeavy, isQuick, itemsOf, LOAD, SERVICE_LEVELS } from './items.ts';
import { isDerived, look, type Looked } from './look.ts';
import { apart, groupsOf, merged } from './together.ts';

/** How long the world may need to recover from a fault. */
const RECOVERY_MS = 30_000;
const AGAIN_MS = 250;
const HEALTHY_TRIES = 3;
/** Released last: what a fault left in Prometheus' records must not be the next one's. */
const REWIND: Act = { lever: 'prometheus.rewind' };

export interface DrillOptions {
  readonly plan: Plan;
  readonly faults: readonly BoundFault[];
  /** `.golive/rehearsal`. */
  readonly rehearsalDir: string;
  /** For the looks' run folders. */
  readonly folder: string;
  readonly values: RehearsalValues;
  readonly signal: AbortSignal;
  /**
   * In CI the machine may be busy with something else: items that it keeps from being good before any fault are left out, and a fault
   * that did not do what it declares is tried once more.
   */
  readonly patient?: boolean;
  /** Milliseconds after which no further fault is tried; what was not is not proven. */
  readonly withinMs?: number;
  /** Whether faults that do not touch each other's items are injected at the same time. What is not as declared then is tried alone. */
  readonly together?: boolean;
  /** Told as it goes. */
  readonly baseline: (records: readonly OutcomeRecord[]) => void;
  readonly result: (result: FaultResult) => void;
}
export interface DrillResult {
  /** Items that were not good before any fault: then no fault is tried. */
  readonly unhealthy: readonly Seen[];
  /** Those of them that the machine explains, where the drill is patient: the rest is tried without them. */
  readonly leftOut: readonly Seen[];
  readonly results: readonly FaultResult[];
  /** Load, chaos and cutover items that were not good again after the last fault. */
  readonly notRecovered: readonly Seen[];
  /** Share of the machine's CPU time that was in use while these were looked at. */
  readonly busyAtEnd: number;
  readonly durationMs: number;
}

/** Walks the faults. Throws ObservationError when the rehearsal is gone. */
export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const started = performance.now();
  // Every item looked at listens to it.
  setMaxListeners(0, options.signal);
  const wanted = itemsOf(options.plan.items, options.faults);
  const load = measureLoad();
  const first = await healthy(wanted, options);
  const records = [...first.values()];
  options.baseline(records);
  const red = redOf(first);
  const busy = load() >= BUSY;
  const excused = options.patient === true ? red.filter((record) => busy || isLate(record)) : [];
  const unhealthy = red.filter((record) => !excused.includes(record));
  const none = { unhealthy, leftOut: excused, results: [], notRecovered: [], busyAtEnd: 0 };
  if (unhealthy.length > 0) return { ...none, durationMs: performance.now() - started };
  const left = new Set(excused.map(({ item }) => item));
  const built = wanted.filter(({ id }) => !left.has(id));
  const results: FaultResult[] = [];
  const control = await connectControl(options.rehearsalDir);
  try {
    const trial = { ...options, built, first, latest: new Map(first), control };
    // Nothing can be said of what was not good before.
    const tried = options.faults.filter(({ changes }) => !changes.some(({ item }) => left.has(item)));
    const isOver = (): boolean => performance.now() - started > (options.withinMs ?? Infinity);
    for (const group of options.together === true ? groupsOf(tried, isLight(built)) : tried.map((fault) => [fault])) {
      if (isOver()) break;
      for await (const result of tryGroup(group, trial)) {
        results.push(result);
        options.result(result);
      }
    }
    const atEnd = measureLoad();
    const notRecovered = options.signal.aborted ? [] : redOf(await heavyAgain(built, results, options));
    return { ...none, results, notRecovered, busyAtEnd: atEnd(), durationMs: performance.now() - started };
  } finally {
    control.close();
  }
}

/**
 * What the items are while nothing is broken. What is not good is looked at again: a generator that was late on a busy machine says
 * nothing, and a rehearsal that was just started may still be settling.
 */
async function healthy(built: readonly PlannedItem[], options: DrillOptions): Promise<Looked> {
  const looked = new Map<string, OutcomeRecord>();
  // A service level is judged by what was sent; how well that was carried is not the question then.
  const levels = built.some(({ kind }) => kind === SERVICE_LEVELS);
  const sent = levels ? options.plan.items.filter((item) => item.kind === LOAD && !built.includes(item)) : [];
  let items = [...built, ...sent];
  for (let tries = 0; tries < HEALTHY_TRIES && items.length > 0 && !options.signal.aborted; tries += 1) {
    const records = await look({ ...options, items, standing: [...looked.values()], settle: true });
    for (const [id, record] of records) looked.set(id, record);
    items = built.filter(({ id }) => !isGood(looked.get(id) ?? { outcome: 'not-run', doubts: [] }));
  }
  for (const { id } of sent) looked.delete(id);
  return looked;
}

/** Items that take long to look at, and that a fault has turned red, come back as well: they are looked at once, after the last one. */
async function heavyAgain(
  built: readonly PlannedItem[],
  results: readonly FaultResult[],
  options: DrillOptions,
): Promise<Looked> {
  const tried = results.filter(({ failure }) => failure === null);
  const touched = new Set(tried.flatMap(({ changes }) => changes.map(({ item }) => item)));
  return await healthy(
    built.filter((item) => touched.has(item.id) && isHeavy(item)),
    options,
  );
}

interface Trial extends DrillOptions {
  readonly built: readonly PlannedItem[];
  /** What the items were before any fault. */
  readonly first: Looked;
  /** What each item was when it was last looked at: what items that judge others go by. */
  readonly latest: Map<string, OutcomeRecord>;
  readonly control: RehearsalControl;
}

/** The results of faults injected together; one by one where that is not as declared: then it cannot be told whose work it is. */
async function* tryGroup(group: readonly BoundFault[], trial: Trial): AsyncGenerator<FaultResult> {
  const [first, ...others] = group;
  if (first && others.length > 0 && !trial.signal.aborted) {
    const result = await tryFault(merged([first, ...others]), trial);
    if (isGreen(result)) return yield* apart(result, group);
  }
  for (const fault of group) {
    if (trial.signal.aborted) return;
    yield await tryPatiently(fault, trial);
  }
}

/** Where the drill is patient a fault that did not do what it declares gets a second try, which counts. */
async function tryPatiently(fault: BoundFault, trial: Trial): Promise<FaultResult> {
  const result = await tryFault(fault, trial);
  if (trial.patient !== true || isGreen(result) || trial.signal.aborted) return result;
  return await tryFault(fault, trial);
}

async function tryFault(fault: BoundFault, trial: Trial): Promise<FaultResult> {
  const started = performance.now();
  const load = measureLoad();
  const named = new Set(fault.changes.map(({ item }) => item));
  const result = (over: Partial<FaultResult>): FaultResult => ({
    fault: fault.name,
    title: fault.title,
    changes: [],
    moved: [],
    unmoved: 0,
    notRecovered: [],
    failure: null,
    busy: load(),
    durationMs: performance.now() - started,
    ...over,
  });
  // What an earlier fault left behind (an alert that has to resolve) must not be taken for this one's work.
  const stillRed = await untilRecovered(lightOf(named, trial), trial);
  if (stillRed.length > 0) return result({ notRecovered: stillRed, failure: 'not tried: these were red before it' });
  try {
    await trial.control.inject({ name: fault.name, inject: [REWIND, ...fault.inject] });
  } catch (cause) {
    return result({ failure: errorText(cause) });
  }
  try {
    const changes = await untilChanged(fault, trial);
    const { moved, unmoved } = await othersMoved(fault, trial);
    await trial.control.release();
    const touched = new Set([...named, ...Object.keys(fault.mayChange), ...moved.map(({ item }) => item)]);
    const notRecovered = await untilRecovered(lightOf(touched, trial), trial);
    forget(named, trial);
    return result({ changes, moved, unmoved, notRecovered });
  } catch (cause) {
    await trial.control.release().catch(() => undefined);
    return result({ failure: errorText(cause) });
  }
}

/** Looks at the items the fault names until all are as declared, or its time is up. */
async function untilChanged(fault: BoundFault, trial: Trial) {
  const until = performance.now() + settleOf(fault);
  const seen = new Map<string, ReturnType<typeof seenChange>>();
  for (;;) {
    const open = fault.changes.filter(({ item }) => seen.get(item)?.wrong !== null);
    const looked = await lookAt(
      open.map(({ item }) => item),
      trial,
    );
    for (const change of open) {
      const record = looked.get(change.item);
      if (record) seen.set(change.item, seenChange(change, record));
    }
    const settled = [...seen.values()].every(({ wrong }) => wrong === null) && seen.size === fault.changes.length;
    if (settled || performance.now() > until || trial.signal.aborted) return [...seen.values()];
    await setTimeout(AGAIN_MS);
  }
}

/** Everything quick that the fault does not name, looked at once; what is red is looked at once more. */
async function othersMoved(fault: BoundFault, trial: Trial): Promise<{ moved: readonly Seen[]; unmoved: number }> {
  const named = new Set([...fault.changes.map(({ item }) => item), ...Object.keys(fault.mayChange)]);
  const others = trial.built.filter((item) => !named.has(item.id) && isQuick(item, trial.first)).map(({ id }) => id);
  const red = redOf(await lookAt(others, trial));
  const moved =
    red.length === 0
      ? []
      : redOf(
          await lookAt(
            red.map(({ item }) => item),
            trial,
          ),
        );
  return { moved, unmoved: others.length - moved.length };
}

async function untilRecovered(items: ReadonlySet<string>, trial: Trial): Promise<readonly Seen[]> {
  const until = performance.now() + RECOVERY_MS;
  const derived = new Set(trial.built.filter(isDerived).map(({ id }) => id));
  let left = [...items].filter((item) => !derived.has(item));
  for (;;) {
    const red = redOf(await lookAt(left, trial));
    left = red.map(({ item }) => item);
    if (left.length === 0 || performance.now() > until || trial.signal.aborted) return red;
    await setTimeout(AGAIN_MS);
  }
}

/** Heavy items are looked at again only after the last fault: until then they count as they did before any. */
function forget(named: ReadonlySet<string>, { built, first, latest }: Trial): void {
  for (const item of built.filter((one) => named.has(one.id) && isHeavy(one))) {
    const record = first.get(item.id);
    if (record) latest.set(item.id, record);
  }
}

async function lookAt(ids: readonly string[], trial: Trial): Promise<Looked> {
  const wanted = new Set(ids);
  const items = trial.built.filter(({ id }) => wanted.has(id));
  const looked = await look({ ...trial, items, standing: [...trial.latest.values()], settle: false });
  for (const [id, record] of looked) trial.latest.set(id, record);
  return new Map([...looked].filter(([id]) => wanted.has(id)));
}

function redOf(looked: Looked): Seen[] {
  return [...looked.values()].filter((record) => !isGood(record));
}

/** Those of the items that are not heavy. A heavy one is looked at only for a fault that names it. */
function lightOf(items: ReadonlySet<string>, { built }: Trial): ReadonlySet<string> {
  return new Set(built.filter((item) => items.has(item.id) && !isHeavy(item)).map(({ id }) => id));
}

/** Whether a fault is told by items that are looked at in a moment. */
function isLight(built: readonly PlannedItem[]): (fault: BoundFault) => boolean {
  const heavy = new Set(built.filter(isHeavy).map(({ id }) => id));
  return ({ changes }) => !changes.some(({ item }) => heavy.has(item));
}
