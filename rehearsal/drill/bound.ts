/** Faults of the rehearsal with what the checklist says of them. */
import type { Drill } from '../../specs/loader/drills/types.ts';
import type { Fault } from '../faults/fault.ts';

export interface BoundFault extends Fault, Pick<Drill, 'changes' | 'mayChange'> {}

const SETTLE_MS = 10_000;

/** How long the world may need to notice the fault. */
export function settleOf({ settleMs = SETTLE_MS }: Pick<Fault, 'settleMs'>): number {
  return settleMs;
}

/** In the order of the faults; one that the checklist has no drill for is left out. */
export function bound(faults: readonly Fault[], drills: readonly Drill[]): readonly BoundFault[] {
  const byName = new Map(drills.map((drill) => [drill.fault, drill]));
  return faults.flatMap((fault) => {
    const drill = byName.get(fault.name);
    return drill ? [{ ...fault, changes: drill.changes, mayChange: drill.mayChange }] : [];
  });
}
