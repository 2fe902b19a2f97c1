/**
 * Whether something held, in three answers: it held, it got worse, or there is too little to tell. A change that matters is declared, never
 * guessed; one that is sure and too small to matter is none.
 */
import type { Change } from './compare.ts';

export const DIRECTIONS = ['up', 'down', 'steady'] as const;
/** Which way is good; `steady`: neither. */
export type Direction = (typeof DIRECTIONS)[number];

export interface Tolerance {
  readonly good: Direction;
  /** The least change that matters: 0.2 is a fifth of a level, or 20 percentage points of a share. */
  readonly effect: number;
}
export type Held = 'held' | 'worse' | 'too-few';

/** Confidence of the intervals by which something is called worse, shared out among so many that are looked at together (Bonferroni). */
export function confidenceOf(chance: number, family: number): number {
  return 1 - chance / Math.max(1, family);
}
/** A change too small to matter has to be shown only once, one-sided at 95 %. */
export const HELD_CONFIDENCE = 0.9;

/**
 * `sure` is the interval by which blame is laid, `likely` the narrower one by which it is ruled out. Worse: surely changed, and by as much as
 * matters. Held: a change that matters is unlikely. Neither: too few.
 */
export function heldBy(sure: Change, likely: Change, { good, effect }: Tolerance): Held {
  const none = sure.kind === 'ratio' ? 1 : 0;
  const sides = good === 'steady' ? (['up', 'down'] as const) : [good === 'up' ? ('down' as const) : ('up' as const)];
  const verdicts = sides.map((bad): Held => {
    const limit = limitOf(sure.kind, bad, effect);
    const isSure = bad === 'down' ? sure.high < none : sure.low > none;
    const matters = bad === 'down' ? sure.effect <= limit : sure.effect >= limit;
    if (isSure && matters) return 'worse';
    return (bad === 'down' ? likely.low > limit : likely.high < limit) ? 'held' : 'too-few';
  });
  return verdicts.find((one) => one === 'worse') ?? verdicts.find((one) => one === 'too-few') ?? 'held';
}

/** The change on that side that matters. A fall by a fifth and a rise by a quarter are the same ratio turned around. */
export function limitOf(kind: Change['kind'], side: 'up' | 'down', effect: number): number {
  if (kind === 'difference') return side === 'up' ? effect : -effect;
  return side === 'down' ? 1 - effect : 1 / (1 - effect);
}
