/** Which items a drill looks at, and when: by what looking at them costs and disturbs. Pure. */
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { PlannedItem } from '../../checks/contract/plan.ts';
import type { BoundFault } from './bound.ts';
import { isDerived, readsCutover, sourceOf } from './look.ts';

/** An item that took longer than this while all was well is looked at only for the faults that name it. */
const QUICK_MS = 1500;

export const SERVICE_LEVELS = 'observability/slo-window';
export const LOAD = 'load/arrival-rate-run';
/** Alerts, dashboards, logs and service levels tell of whatever goes wrong for long enough: they may move with any fault. */
const TELLTALES: readonly string[] = [
  'observability/dashboard-queries',
  'observability/firing-alerts',
  'observability/incidents',
  'observability/log-patterns',
  SERVICE_LEVELS,
];

/** What the drill looks at before any fault: what the faults name and what those judge, and all that is cheap. */
export function itemsOf(items: readonly PlannedItem[], faults: readonly BoundFault[]): readonly PlannedItem[] {
  const all = items.filter(({ kind }) => kind !== 'planned');
  const names = new Set(faults.flatMap(({ changes }) => changes.map(({ item }) => item)));
  const wanted = all.filter(({ id }) => names.has(id));
  const judged = new Set(wanted.filter(isDerived).flatMap((item) => judgedBy(item, all)));
  return all.filter((item) => names.has(item.id) || judged.has(item) || isCheap(item));
}

/** The items whose outcomes another one judges: named, by owner, or all. */
function judgedBy({ params }: PlannedItem, all: readonly PlannedItem[]): readonly PlannedItem[] {
  const { items, owners } = params;
  if (Array.isArray(items)) return all.filter(({ id }) => items.includes(id));
  if (Array.isArray(owners)) return all.filter(({ owner }) => owners.includes(owner));
  return all;
}

function isTelltale({ kind }: PlannedItem): boolean {
  return TELLTALES.includes(kind);
}

/** Whether an item may be looked at for every fault: it changes nothing but what it puts back, and judges itself alone. */
function isCheap(item: PlannedItem): boolean {
  return !isHeavy(item) && !isDerived(item) && !isTelltale(item);
}

/** Load and chaos take their time and strain the platform. */
export function isHeavy(item: PlannedItem): boolean {
  return (
    (item.effect === 'mutating' && item.mutation !== 'apply') || sourceOf(item) !== undefined || readsCutover(item)
  );
}

/** Whether it may be looked at for a fault that does not name it; `first` is what the items were before any fault. */
export function isQuick(item: PlannedItem, first: ReadonlyMap<string, OutcomeRecord>): boolean {
  return isCheap(item) && (first.get(item.id)?.durationMs ?? Infinity) <= QUICK_MS;
}
