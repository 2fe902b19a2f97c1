import { expect, it } from 'vitest';
import { measureLoad } from './machine-load.ts';

const measured = (idle: readonly [number, number], elapsed: number): number => {
  const idles = [...idle];
  const times = [1000, 1000 + elapsed];
  return measureLoad(
    () => ({ ms: idles.shift() ?? 0, cores: 2 }),
    () => times.shift() ?? 0,
  )();
};

it.each([
  ['an idle machine', [500, 2500], 1000, 0],
  ['one of two cores in use', [500, 1500], 1000, 0.5],
  ['nothing left', [500, 500], 1000, 1],
  ['a clock that is coarser than the time', [500, 2600], 1000, 0],
  ['no time at all', [500, 500], 0, 0],
] as const)('%s', (_, idle, elapsed, load) => expect(measured(idle, elapsed)).toBe(load));

it('reads this machine', () => {
  const load = measureLoad();
  for (let spun = 0; spun < 1e6; spun += 1) Math.sqrt(spun);
  expect(load()).toBeGreaterThanOrEqual(0);
  expect(load()).toBeLessThanOrEqual(1);
});
