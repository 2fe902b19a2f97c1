/** Parts of a gate that run by themselves in the cluster, each with no more rights than its items need. */
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import type { Schedule } from './schedules/read.ts';

export const GATE_PARTS = ['verification', 'cutover-watch'] as const;
export type GatePart = (typeof GATE_PARTS)[number];

/** The kind of the item that declares the route and what verifies a rollback. */
const WEIGHTS = 'cutover/weights';

/** The plan with the items of one part alone: what its schedules judge, or what it takes to move traffic back and to verify that. */
export function planOfPart(plan: Plan, part: GatePart, schedules: readonly Schedule[]): Plan {
  const items = plan.items.filter(part === 'verification' ? scheduled(schedules) : takingBack(plan));
  return { ...plan, items };
}

function scheduled(schedules: readonly Schedule[]): (item: PlannedItem) => boolean {
  return ({ id, phase }) =>
    schedules.some(
      (one) => one.phase === phase && (one.items.length === 0 || one.items.some((prefix) => id.startsWith(prefix))),
    );
}

function takingBack({ items }: Plan): (item: PlannedItem) => boolean {
  const moving = items.filter(({ kind }) => kind === WEIGHTS);
  const verified = moving.flatMap(({ params }) =>
    Array.isArray(params['verify']) ? (params['verify'] as unknown[]) : [],
  );
  return (item) => moving.includes(item) || verified.includes(item.id);
}
