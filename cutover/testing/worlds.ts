/** For tests of the engine: worlds that are gone when their file has ended, broken at a point of the ladder. */
import { afterAll } from 'vitest';
import type { RollbackReason } from '../../checks/contract/cutover.ts';
import { World } from './world.ts';

/** Makes worlds; each is removed after the last test of the file. */
export function worlds(): () => World {
  const made: World[] = [];
  afterAll(() => {
    for (const one of made.splice(0)) one.remove();
  });
  return () => {
    const one = new World();
    made.push(one);
    return one;
  };
}

/** Breaks it once the route gives at least this much to the new release. */
export async function at(one: World, weight: number, act: () => void): Promise<void> {
  while (one.weight < weight || one.of('split').length === 0) await one.clock.wait(5);
  act();
}

export const reasonOf = (one: World): RollbackReason | undefined => one.of('rollback-begun')[0]?.reason;
