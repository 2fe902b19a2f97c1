// Bundles what must be one file before anything runs: the command line, and the rehearsal (its Kubernetes is published
// with imports that Node cannot resolve). The Kubernetes client is bundled with undici 7, which runs on Node 20.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';

/** Bundled CommonJS packages call `require`; an ES module has none unless it makes one. */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
};

const entries = {
  golive: 'golive.ts',
  kubernetes: 'fixtures/cluster/client-node.ts',
  rehearsal: 'fixtures/rehearsal/main.ts',
  'rehearsal-watchdog': 'fixtures/rehearsal/watchdog-thread.ts',
  'service-typescript-api': 'fixtures/rehearsal/services/typescript-api.ts',
  'service-gateway': 'fixtures/rehearsal/services/gateway.ts',
  bench: 'commands/bench.ts',
};

await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: 'dist',
  bundle: true,
  splitting: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  keepNames: true,
  sourcemap: 'linked',
  logLevel: 'warning',
  banner,
  external: ['@playwright/test', 'playwright', 'playwright-core', 'esbuild', 'fsevents', 'pg-native'],
});
