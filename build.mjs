// Bundles what must be one file before anything runs: the command line, the two halves of the gate (a hundred modules through
// Playwright's loader cost each process 0.2 s), and the rehearsal (its Kubernetes is published with imports that Node cannot
// resolve). The Kubernetes client is bundled with undici 7, which runs on Node 20.
import { build } from 'esbuild';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bundled CommonJS packages call `require`; an ES module has none unless it makes one. */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
};

const entries = {
  golive: 'golive.ts',
  'gate-main': 'gate/main-process.ts',
  'gate-worker': 'fixtures/phase-session.ts',
  kubernetes: 'fixtures/cluster/client-node.ts',
  rehearsal: 'fixtures/rehearsal/main.ts',
  'rehearsal-watchdog': 'fixtures/rehearsal/watchdog-thread.ts',
  'service-typescript-api': 'fixtures/rehearsal/services/typescript-api.ts',
  'service-learning-system': 'fixtures/rehearsal/services/learning-system.ts',
  'service-rust-server': 'fixtures/rehearsal/services/rust-server.ts',
  gateway: 'fixtures/rehearsal/services/gateway/main.ts',
  doors: 'fixtures/rehearsal/services/doors.ts',
  'stand-in-registry-token': 'fixtures/rehearsal/stand-ins/registry-token.ts',
  'stand-in-loki': 'fixtures/rehearsal/stand-ins/loki.ts',
  'stand-in-grafana': 'fixtures/rehearsal/stand-ins/grafana.ts',
  bench: 'commands/bench.ts',
};

const { outputFiles } = await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir: 'dist',
  bundle: true,
  write: false,
  splitting: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  keepNames: true,
  sourcemap: 'linked',
  logLevel: 'warning',
  banner,
  external: ['@playwright/test', 'playwright', 'playwright-core', 'esbuild', 'fsevents', 'pg-native'],
}).catch(() => {
  // esbuild has said what is wrong, with its place; a stack adds nothing.
  process.exit(1);
});

/**
 * Bundles that Playwright's workers load get no reference to their maps: whoever reads an error's stack there (a destroyed socket does)
 * would have the whole map parsed, 0.3 s in which no request starts and none is answered. The maps lie beside them all the same.
 */
const UNMAPPED = /(?:gate-worker|kubernetes)\.js$/;
const REFERENCE = /\n\/\/# sourceMappingURL=\S+\s*$/;

// Whole files or none: another process may be reading them.
for (const { path, contents: whole, text } of outputFiles) {
  const contents = UNMAPPED.test(path) ? text.replace(REFERENCE, '\n') : whole;
  mkdirSync(dirname(path), { recursive: true });
  // `npx golive` executes the command itself.
  writeFileSync(`${path}.${process.pid}.tmp`, contents, { mode: path.endsWith('golive.js') ? 0o755 : 0o644 });
  renameSync(`${path}.${process.pid}.tmp`, path);
}
