import { expect, it } from 'vitest';
import { answersToShow, fewestFor } from './shown.ts';

it.each([
  ['error-rate', 0.01, 299],
  ['error-rate', 0.05, 59],
  ['error-rate', 0, 2995],
  ['error-rate', 1, 1],
  ['p95', 5000, 59],
  ['critical-service', 0, 0],
  ['business', 0, 0],
] as const)('%s at %d needs %d answers', (metric, threshold, needed) =>
  expect(answersToShow({ metric, threshold })).toBe(needed),
);

it('names the trigger that needs the most, where there are too few', () => {
  const [strict, slow] = [
    { item: 'A', metric: 'error-rate', threshold: 0.01 },
    { item: 'B', metric: 'p95', threshold: 500 },
  ] as const;
  expect(fewestFor([slow, strict], 40)).toEqual({ rule: strict, needed: 299 });
  expect(fewestFor([slow, strict], 298)).toEqual({ rule: strict, needed: 299 });
  expect(fewestFor([slow, strict], 299)).toBeNull();
  expect(fewestFor([], 0)).toBeNull();
});
