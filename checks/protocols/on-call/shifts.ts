/** Who is on call when, from whatever keeps the schedule: shifts as instants, and what they leave uncovered. */

/** Milliseconds since the epoch; whoever is on call for ever begins at -Infinity or ends at Infinity. */
export interface Shift {
  readonly from: number;
  readonly to: number;
  readonly who: string;
}
export interface Span {
  readonly from: number;
  readonly to: number;
}
/** A schedule, or a level of a policy, and its shifts within a window. */
export interface Rota {
  readonly name: string;
  readonly shifts: readonly Shift[];
  /** Asked at single instants only: each shift stands for the time around one of them. */
  readonly sampled?: true;
}

/** The stretches of a window in which nobody is on call. Shifts may overlap and come in any order. */
export function gapsOf(shifts: readonly Shift[], { from, to }: Span): readonly Span[] {
  const gaps: Span[] = [];
  let covered = from;
  for (const shift of [...shifts].sort((a, b) => a.from - b.from)) {
    if (shift.to <= covered) continue;
    if (shift.from >= to) break;
    if (shift.from > covered) gaps.push({ from: covered, to: shift.from });
    covered = shift.to;
  }
  if (covered < to) gaps.push({ from: covered, to });
  return gaps;
}
