import { expect, it } from 'vitest';
import { growth } from './growth.ts';

let sum = 0;
const linear = (size: number): void => {
  for (let at = 0; at < size; at += 1) sum += Math.sqrt(at);
};
const quadratic = (size: number): void => {
  for (let at = 0; at < size; at += 1) linear(size / 100);
};

it('tells what grows in proportion from what grows with the square', () => {
  expect(growth(linear, 300_000, 8)).toBeLessThan(24);
  expect(growth(quadratic, 10_000, 8)).toBeGreaterThan(24);
  expect(sum).toBeGreaterThan(0);
});
