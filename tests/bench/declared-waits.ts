/**
 * What a run had to wait for, whatever the machine: windows, warm-ups and pauses that its items declare, divided where the environment divides
 * them; what the figures of the platform bind them to (an autoscaler's windows, scrapes); proofs that take longer than their window. Pure.
 */
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { durationMs } from '../../checks/contract/units.ts';
import { halfWidthFor, LEAST_ANSWERS, proveSplit } from '../../checks/cutover/split.ts';
import type { CutoverSettings } from '../../cutover/settings.ts';

/** As its kind, chaos/pod-deletion, has it. */
const AROUND_DELETION_MS = 1000;

export interface Wait {
  readonly item: string;
  readonly what: string;
  readonly ms: number;
}
/** What no item declares and the run cannot change. */
export interface Bound {
  /** Stabilization windows of the autoscaler, and over how long the use of CPU is measured that it goes by. */
  readonly scaleUpMs: number;
  readonly scaleDownMs: number;
  readonly usageWindowMs: number;
}
export interface Declared {
  readonly plan: Pick<Plan, 'items' | 'phases'>;
  readonly cutover: Pick<
    CutoverSettings,
    'steps' | 'triggers' | 'probeRate' | 'maxHalfWidthAt5' | 'maxHalfWidth'
  > | null;
  readonly bound: Bound;
  readonly outcomes: readonly Pick<OutcomeRecord, 'item' | 'durationMs'>[];
}

/** In the plan's order. Items of a parallel phase wait beside each other: the longest of it stands for all. */
export function declaredWaits(declared: Declared): readonly Wait[] {
  const { plan } = declared;
  return plan.phases.flatMap(({ id, order }) => {
    const waits = plan.items.filter(({ phase }) => phase === id).map((item) => waitsOf(item, declared));
    if (order === 'sequential') return waits.flat();
    return waits.reduce((longest, one) => (sumMs(one) > sumMs(longest) ? one : longest), []);
  });
}

export function sumMs(waits: readonly Wait[]): number {
  return waits.reduce((sum, { ms }) => sum + ms, 0);
}

function waitsOf(item: PlannedItem, declared: Declared): readonly Wait[] {
  const wait = (what: string, ms: number): readonly Wait[] => (ms > 0 ? [{ item: item.id, what, ms }] : []);
  const param = (name: string): number => {
    const value = item.params[name];
    return typeof value === 'string' ? durationMs(value) : typeof value === 'number' ? value : 0;
  };
  const { bound } = declared;
  switch (item.kind) {
    case 'load/arrival-rate-run':
    case 'load/closed-model-run':
      return [...wait('warm-up', param('warmup')), ...wait('load', param('duration'))];
    case 'chaos/pod-deletion':
      return [
        ...wait('warm-up', param('warmup')),
        ...wait('steady before and after', 2 * param('steadyFor')),
        ...wait('load around the deletion', 2 * AROUND_DELETION_MS),
      ];
    case 'workloads/autoscaling':
      return [
        ...wait('use of CPU rises, and stays up', bound.usageWindowMs + bound.scaleUpMs),
        ...wait('use of CPU falls, and stays down', bound.usageWindowMs + bound.scaleDownMs),
      ];
    case 'cutover/unready-backends':
      return wait('requests spread', param('over'));
    case 'cutover/rollback-rehearsal':
      return wait('triggers learn from Prometheus', learningMs(declared));
    case 'cutover/step':
      return stepWaits(item, declared, wait);
    case 'data/redis-round-trip':
      return wait('a key expires', param('expiry'));
    default:
      return wait('looked again until it was so', settlingMs(item, declared));
  }
}

/** What waits until something is so has waited when it took longer than the time between two looks. */
function settlingMs({ id, waitFor }: PlannedItem, { outcomes }: Declared): number {
  const took = outcomes.findLast(({ item }) => item === id)?.durationMs ?? 0;
  return waitFor && took > waitFor.intervalMs ? took : 0;
}

/** A window that Prometheus is asked for is full one scrape after its length. */
function learningMs({ cutover }: Declared): number {
  const asked = cutover?.triggers.flatMap(({ prometheus }) => prometheus ?? []) ?? [];
  return Math.max(0, ...asked.map(({ windowMs, scrapeIntervalMs }) => windowMs + scrapeIntervalMs));
}

function stepWaits(
  { id }: PlannedItem,
  declared: Declared,
  wait: (what: string, ms: number) => readonly Wait[],
): readonly Wait[] {
  const { cutover } = declared;
  const step = cutover?.steps.find(({ item }) => item === id);
  if (!cutover || !step) return [];
  const share = step.weight / 100;
  const proofMs = (answersFor(share, halfWidthFor(share, cutover)) / cutover.probeRate) * 1000;
  return [
    ...(cutover.steps[0] === step ? wait('triggers learn from Prometheus', learningMs(declared)) : []),
    ...wait('window', step.watchMs),
    ...wait('proof beyond its window', proofMs - step.watchMs),
  ];
}

/** Answers that prove a split which is exactly as it shall be. */
function answersFor(share: number, halfWidth: number): number {
  let total = LEAST_ANSWERS;
  while (proveSplit(share, Math.round(share * total), total, halfWidth).verdict !== 'proven') total += 1;
  return total;
}
