import { defineConfig } from 'vitest/config';

/** Unit and conformance tests, beside the code they test. The gate itself (`*.spec.ts`) runs in Playwright. */
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', '.golive/**'],
    server: {
      // Published with imports that Node cannot resolve.
      deps: { inline: [/webernetes/] },
    },
  },
});
