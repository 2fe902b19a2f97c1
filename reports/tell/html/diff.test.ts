import { expect, it } from 'vitest';
import { thin } from './charts.ts';
import { compareLines, diffLines } from './diff.ts';

it('marks what is missing and what is there besides', () => {
  const lines = compareLines(['a', 'b', 'c'], ['a', 'c', 'd']);
  expect(lines.map(({ side, text }) => side + text)).toEqual([' a', '-b', ' c', '+d']);
});

it('compares nothing with something', () => {
  expect(compareLines([], ['x'])).toEqual([{ side: '+', text: 'x' }]);
  expect(compareLines(['x'], [])).toEqual([{ side: '-', text: 'x' }]);
});

it('says when it cut', () => {
  expect(diffLines('x\n'.repeat(1000), 'y').toString()).toContain('Long texts are cut here');
});

it('thins a line without losing its peaks', () => {
  const points = Array.from({ length: 10_000 }, (_, x) => [x, x === 7_777 ? 99 : x === 3 ? -5 : 1] as const);
  const kept = thin(points, 600);
  expect(kept.length).toBeLessThanOrEqual(600);
  expect(kept).toContainEqual([7_777, 99]);
  expect(kept).toContainEqual([3, -5]);
  expect(kept.every(([x], index) => index === 0 || x >= (kept[index - 1]?.[0] ?? 0))).toBe(true);
});
