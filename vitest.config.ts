import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Two tiers, told apart by a file's name: `npm test` runs every `*.test.ts` but those of the matrix; `npm run test:matrix` runs
 * `*.matrix.test.ts` side by side and `*.matrix-alone.test.ts` with nothing beside them: what judges load would judge that, too.
 */
const MATRIX = ['**/*.matrix.test.ts'];
const MATRIX_ALONE = ['**/*.matrix-alone.test.ts'];
/** Little but functions: their modules are loaded once a worker, not once a file. */
const PURE = ['checks/**/*.test.ts', 'k8s/**/*.test.ts', 'reports/**/*.test.ts', 'specs/**/*.test.ts'];
/** Real servers of the test's own, and nothing that outlives it: files may share a process. */
const SERVERS = [
  'fixtures/*.test.ts',
  'fixtures/capabilities/**/*.test.ts',
  'cutover/{journal,kinds,lease,revisions}.test.ts',
  'cutover/traffic/**/*.test.ts',
];
/** Whole runs take long: one that began last would keep a single core busy when everything else is done. */
const FIRST = [/\/(tests\/system|rehearsal\/drill|cutover|gate)\//, /\/(rehearsal|commands)\//];
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
const NOT_QUICK = [...NOT_OURS, ...MATRIX, ...MATRIX_ALONE];

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
      { extends: true, test: { name: 'pure', include: PURE, exclude: NOT_QUICK, isolate: false } },
      {
        extends: true,
        test: { name: 'servers', include: SERVERS, exclude: NOT_QUICK, isolate: false },
      },
      {
        extends: true,
        test: { name: 'programs', include: ['**/*.test.ts'], exclude: [...NOT_QUICK, ...PURE, ...SERVERS] },
      },
      { extends: true, test: { name: 'matrix', include: MATRIX, exclude: NOT_OURS, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: 'matrix-alone',
          include: MATRIX_ALONE,
          exclude: NOT_OURS,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
