import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** They judge load: what runs beside them would be judged, too. */
const ALONE = ['gate/platform/whole-run.test.ts'];
const NOT_OURS = ['**/node_modules/**', 'dist/**', '.golive/**'];

/** Unit and conformance tests, beside the code they test. The gate itself (`*.spec.ts`) runs in Playwright. */
export default defineConfig({
  test: {
    pool: 'forks',
    // Much of the time a test waits for a process of its own.
    maxWorkers: Math.max(2, availableParallelism() + 1),
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
        test: {
          name: 'beside',
          include: ['**/*.test.ts'],
          exclude: [...NOT_OURS, ...ALONE],
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
