import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They judge load: what runs beside them would be judged, too. */
const ALONE = ['gate/platform/whole-run.test.ts'];
/** Little but functions: their modules are loaded once a worker, not once a file. */
const PURE = ['checks/**/*.test.ts', 'k8s/**/*.test.ts', 'reports/**/*.test.ts', 'specs/**/*.test.ts'];
/** Whole runs take minutes: one that began last would keep a single core busy when everything else is done. */
const FIRST = [/\/gate\/(platform|traps)/, /\/gate\//, /\/(fixtures|commands)\//];
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = FIRST.findIndex((one) => one.test(moduleId));
      return found === -1 ? FIRST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
const NOT_OURS = ['**/node_modules/**', 'dist/**', '.golive/**'];

/** Unit and conformance tests, beside the code they test. The gate itself (`*.spec.ts`) runs in Playwright. */
export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // Tests start real programs and wait for much of their time: one worker more than two cores keeps these busy.
    maxWorkers: Math.max(3, availableParallelism()),
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
        test: { name: 'pure', include: PURE, exclude: NOT_OURS, isolate: false, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'beside',
          include: ['**/*.test.ts'],
          exclude: [...NOT_OURS, ...ALONE, ...PURE],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, exclude: NOT_OURS, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
