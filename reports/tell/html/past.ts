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

interface Point {
  readonly series: Omit<Series, 'points'>;
  readonly value: number;
}

function trendsOf(seen: readonly Seen[]): readonly Series[] {
  const start = Date.parse(seen[0]?.run.startedAt ?? '');
  const lines = new Map<string, { series: Point['series']; points: [number, number][] }>();
  for (const one of seen) {
    const at = Date.parse(one.run.startedAt) - start;
    for (const { series, value } of [...durationOf(one), ...measuredBy(one)]) {
      const key = `${series.title} ${series.unit}`;
      lines.set(key, { series, points: [...(lines.get(key)?.points ?? []), [at, value]] });
    }
  }
  return [...lines.values()]
    .filter(({ points }) => points.length >= POINTS)
    .map(({ series, points }) => ({ ...series, points }));
}

/** Of a partial run, too; of one that never ended there is none. */
function durationOf({ run: { startedAt, decidedAt } }: Seen): readonly Point[] {
  const value = decidedAt === null ? 0 : (Date.parse(decidedAt) - Date.parse(startedAt)) / 1000;
  return value > 0 ? [{ series: { type: 'series', title: 'Duration of the run', unit: 's' }, value }] : [];
}

function measuredBy({ view }: Seen): readonly Point[] {
  const items = view.decision?.items.filter(({ from, kind }) => from === 'run' && TREND_KINDS.includes(kind)) ?? [];
  return items.flatMap((item): readonly Point[] => {
    const found = valueOf(item);
    if (found === null) return [];
    const { title, unit, bound, value } = found;
    return [{ series: { type: 'series', title: `${item.id}: ${title}`, unit, ...(bound ? { bound } : {}) }, value }];
  });
}

/** The value that the item was judged by: the first with a bound, or else the first. */
function valueOf({ evidence }: DecidedItem): Extract<Evidence, { type: 'value' }> | null {
  const values = evidence.filter((one) => one.type === 'value');
  return values.find(({ bound }) => bound !== undefined) ?? values[0] ?? null;
}
