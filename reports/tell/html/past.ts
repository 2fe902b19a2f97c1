/** What the page knows of earlier runs: what changed since the last one, what comes and goes, how values went. */
import type { DecidedItem, Decision, DecisionName } from '../../../checks/contract/decision.ts';
import type { Evidence } from '../../../checks/contract/outcome.ts';
import { difference, flapping, type Flapping, type ItemChange } from '../../decide/difference.ts';
import { comparable, readHistory, type History, type PastRun, type RunView } from '../../record/ledger/history.ts';

type Series = Extract<Evidence, { type: 'series' }>;

export interface Past {
  /** The run before this one; null: there is none that counts. */
  readonly before: PastRun | null;
  readonly changes: readonly ItemChange[];
  readonly flapped: readonly Flapping[];
  /** Oldest first, this one last. */
  readonly decisions: readonly { readonly runId: string; readonly at: string; readonly decision: DecisionName }[];
  readonly trends: readonly Series[];
}

/** Runs that are looked into: each costs a file of some hundred kilobytes. */
const RUNS = 12;

/**
 * Of the same checklist in an environment of the same name: a rehearsal is a new cluster each time. Runs whose record nobody vouches for are
 * left out: who wrote such a one could hide what has become worse.
 */
export function pastOf(root: string, decision: Decision): Past {
  const history = readHistory(root);
  const at = history.runs.find(({ runId }) => runId === decision.runId)?.startedAt ?? decision.decidedAt;
  const earlier = history.runs
    .filter((run) => isComparable(run, decision) && run.runId !== decision.runId && run.startedAt <= at)
    .slice(-RUNS);
  const now = viewOf(decision);
  const views = earlier.flatMap((run) => {
    const view = history.view(run.runId);
    return view === null ? [] : [{ run, view }];
  });
  const last = views.at(-1);
  return {
    before: last?.run ?? null,
    changes: last === undefined ? [] : difference(...comparable(last.view, now)),
    flapped: flapping([...views.map(({ view }) => view.own), now.own]),
    decisions: [
      ...earlier.flatMap(({ runId, startedAt, decision: made }) =>
        made === null ? [] : [{ runId, at: startedAt, decision: made }],
      ),
      { runId: decision.runId, at: decision.decidedAt, decision: decision.decision },
    ],
    trends: trendsOf([...views, { run: runOfNow(history, decision), view: now }]),
  };
}

function isComparable({ environment, checklist, decision: made, trust }: PastRun, decision: Decision): boolean {
  const isSame = environment === decision.environment.name && checklist === decision.checklist.file;
  return isSame && made !== null && 'by' in trust;
}

function viewOf(decision: Decision): RunView {
  const items = decision.items.filter(({ from }) => from !== 'none');
  return { items, own: items.filter(({ from }) => from === 'run'), decision };
}

/** While the page is written at the start of a run its record has no end yet. */
function runOfNow({ runs }: History, { runId, decidedAt }: Decision): { startedAt: string; decidedAt: string } {
  const run = runs.find((one) => one.runId === runId);
  return { startedAt: run?.startedAt ?? decidedAt, decidedAt };
}

interface Seen {
  readonly run: { readonly startedAt: string; readonly decidedAt: string | null };
  readonly view: RunView;
}

/** Values of load items by kind, whatever their items are called. */
const TREND_KINDS: readonly string[] = ['load/latency-percentile', 'load/error-rate', 'load/throughput'];
/** A line needs two points. */
const POINTS = 2;

function trendsOf(seen: readonly Seen[]): readonly Series[] {
  const start = Date.parse(seen[0]?.run.startedAt ?? '');
  const lines = new Map<string, { series: Omit<Series, 'points'>; points: [number, number][] }>();
  const add = (series: Omit<Series, 'points'>, run: Seen['run'], value: number): void => {
    const key = `${series.title} ${series.unit}`;
    const line = lines.get(key) ?? { series, points: [] };
    lines.set(key, { series, points: [...line.points, [Date.parse(run.startedAt) - start, value]] });
  };
  for (const { run, view } of seen) {
    const seconds = run.decidedAt === null ? 0 : (Date.parse(run.decidedAt) - Date.parse(run.startedAt)) / 1000;
    if (seconds > 0) add({ type: 'series', title: 'Duration of the run', unit: 's' }, run, seconds);
    for (const item of view.decision?.items ?? []) {
      if (item.from !== 'run' || !TREND_KINDS.includes(item.kind)) continue;
      const value = valueOf(item);
      if (value === null) continue;
      const { title, unit, bound } = value;
      add({ type: 'series', title: `${item.id}: ${title}`, unit, ...(bound ? { bound } : {}) }, run, value.value);
    }
  }
  return [...lines.values()]
    .filter(({ points }) => points.length >= POINTS)
    .map(({ series, points }) => ({ ...series, points }));
}

/** The value that the item was judged by: the first with a bound, or else the first. */
function valueOf({ evidence }: DecidedItem): Extract<Evidence, { type: 'value' }> | null {
  const values = evidence.filter((one) => one.type === 'value');
  return values.find(({ bound }) => bound !== undefined) ?? values[0] ?? null;
}
