import { defineConfig } from 'vitest/config';

/** Unit and conformance tests, beside the code they test. The gate itself (`*.spec.ts`) runs in Playwright. */
export default defineConfig({
  test: {
    pool: 'forks',
    // Real servers and whole runs of Playwright, on machines that are slow at times. No test waits by the clock.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', '.golive/**'],
    server: {
      // Published with imports that Node cannot resolve.
      // What is bundled already needs no second transformation.
      deps: { inline: [/webernetes/], external: [/\/dist\//] },
    },
  },
});
