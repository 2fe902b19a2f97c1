/** The steps of a cutover: each gives more of the traffic than the one before, and the last gives all of it. */
import type { Problem } from '../problems.ts';
import type { Stated } from './stated.ts';

export function ladderProblems(steps: readonly Stated[]): readonly Problem[] {
  const known = steps.flatMap((step) => {
    const { weight } = step.params;
    return typeof weight === 'number' ? [{ step, weight }] : [];
  });
  const falling = known.flatMap(({ step, weight }, index) => {
    const before = known[index - 1];
    if (!before || weight > before.weight) return [];
    return [
      step.paramProblem('/weight', {
        message: `must be above the ${before.weight} % of ${before.step.id}, the step before it (${weight})`,
        fix: 'Let the weights rise from step to step',
      }),
    ];
  });
  const last = known.at(-1);
  // A step whose weight cannot be read, or one out of order, may be the one that gives all of it.
  const isShort = last && known.length === steps.length && !known.some(({ weight }) => weight === 100);
  if (!isShort) return falling;
  return [
    ...falling,
    last.step.paramProblem('/weight', {
      message: `must be 100 at the last step: a cutover that ends before it leaves users on both releases (${last.weight})`,
      fix: 'Add a step with weight: 100 behind it',
    }),
  ];
}
