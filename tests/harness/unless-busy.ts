/** For tests that judge load: their verdict must not depend on what else this machine has to do. */
import { test, type TestContext } from 'vitest';
import { BUSY } from '../../rehearsal/drill/compare.ts';
import { measureLoad } from '../../rehearsal/drill/machine-load.ts';

/**
 * A test that is tried again where it failed while the machine had no CPU time left, and that is skipped as not proven where it failed
 * so each time. On a machine that has time left it fails at once. One try for a test that leaves something behind where it fails.
 */
export function unlessBusy(
  act: (context: TestContext) => Promise<void>,
  { tries = 3 } = {},
): (context: TestContext) => Promise<void> {
  return async (context) => {
    for (let left = tries - 1; ; left -= 1) {
      const load = measureLoad();
      try {
        return await act(context);
      } catch (error) {
        const busy = load();
        if (busy < BUSY) throw error;
        if (left === 0) context.skip(`not proven: ${Math.round(busy * 100)} % of the machine's CPU time was in use`);
      }
    }
  };
}

/** `test`, unless the machine is busy. */
export function loadTest(name: string, act: (context: TestContext) => Promise<void>): void {
  test(name, unlessBusy(act));
}
