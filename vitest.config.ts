import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They judge load: what runs beside them would be judged, too. */
const ALONE = ['gate/platform/whole-run.test.ts'];
/** Little but functions: their modules are loaded once a worker, not once a file. */
const PURE = ['checks/**/*.test.ts', 'k8s/**/*.test.ts', 'reports/**/*.test.ts', 'specs/**/*.test.ts'];
/** Whole runs of the gate, which keep the processor busy. */
const RUNS = ['gate/**/*.test.ts'];
/** One that takes minutes and began last would keep a single core busy when everything else is done. */
const FIRST = [/\/gate\/(platform|traps)/, /\/(gate|fixtures|commands)\//];
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = FIRST.findIndex((one) => one.test(moduleId));
      return found === -1 ? FIRST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
/** Groups run one after the other. At least so many workers, on few cores, too. */
const inGroup = (groupOrder: number, workers: number) => ({
  sequence: { groupOrder },
  maxWorkers: workers === 1 ? 1 : Math.max(workers, availableParallelism()),
});
const NOT_OURS = ['**/node_modules/**', 'dist/**', '.golive/**'];

/** Unit and conformance tests, beside the code they test. The gate itself (`*.spec.ts`) runs in Playwright. */
export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // Real servers and whole runs of Playwright, on machines that are slow at times. No test waits by the clock.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    server: {
      // Published with imports that Node cannot resolve.
      // What is bundled already needs no second transformation.
      deps: { inline: [/webernetes/], external: [/\/dist\//] },
    },
    projects: [
      {
        extends: true,
        // They compute and wait by turns: one worker more than two cores keeps these busy.
        test: { name: 'runs', include: RUNS, exclude: [...NOT_OURS, ...ALONE], ...inGroup(0, 3) },
      },
      {
        extends: true,
        test: { name: 'pure', include: PURE, exclude: NOT_OURS, isolate: false, ...inGroup(1, 4) },
      },
      {
        extends: true,
        // They start real servers and wait for them most of the time.
        test: {
          name: 'servers',
          include: ['**/*.test.ts'],
          exclude: [...NOT_OURS, ...RUNS, ...PURE],
          ...inGroup(1, 4),
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, exclude: NOT_OURS, ...inGroup(2, 1) },
      },
    ],
  },
});
