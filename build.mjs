// Bundles what must be one file before anything runs: the command line, the two halves of the gate (a hundred modules through
// Playwright's loader cost each process 0.2 s), and the rehearsal (its Kubernetes is published with imports that Node cannot
// resolve). The Kubernetes client is bundled with undici 7, which runs on Node 20.
import { build } from 'esbuild';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Bundled CommonJS packages call `require`; an ES module has none unless it makes one. */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
};

/** What belongs to the gate and the command line. */
const gateEntries = {
  golive: 'golive.ts',
  'gate-main': 'gate/main-process.ts',
  'gate-worker': 'fixtures/phase-session.ts',
  kubernetes: 'fixtures/cluster/client-node.ts',
  cutover: 'cutover/main.ts',
  bench: 'tests/bench/main.ts',
};
/** The processes of the rehearsal: there are many of them, and each is as small as it can be. */
const rehearsalEntries = {
  rehearsal: 'rehearsal/main.ts',
  'rehearsal-watchdog': 'rehearsal/watchdog-thread.ts',
  'service-typescript-api': 'rehearsal/services/typescript-api.ts',
  'service-learning-system': 'rehearsal/services/learning-system.ts',
  'service-rust-server': 'rehearsal/services/rust-server.ts',
  gateway: 'rehearsal/services/gateway/main.ts',
  doors: 'rehearsal/services/doors.ts',
  'stand-in-registry-token': 'rehearsal/stand-ins/registry-token.ts',
  'stand-in-loki': 'rehearsal/stand-ins/loki.ts',
  'stand-in-grafana': 'rehearsal/stand-ins/grafana.ts',
};

/** The Redis client without its cluster and its sentinels, and with the commands that the rehearsal sends in place of its whole table. */
const fewRedisCommands = {
  name: 'few-redis-commands',
  setup({ onLoad, onResolve }) {
    const namespace = 'few-redis-commands';
    const contents = {
      client: "exports.createClient = require('@redis/client/dist/lib/client/index.js').default.create;",
      commands: "export { default } from './rehearsal/redis-commands.ts';",
    };
    onResolve({ filter: /^@redis\/client$/ }, () => ({ path: 'client', namespace }));
    onResolve({ filter: /^\.\.\/commands$/ }, ({ importer }) =>
      importer.includes('@redis/client/dist/lib/client/') ? { path: 'commands', namespace } : undefined,
    );
    onLoad({ filter: /^/, namespace }, ({ path }) => ({ contents: contents[path], resolveDir: import.meta.dirname }));
  },
};

/** Written further down, once everything has been built. */
const options = {
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
};
const existing = (entries) => Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));
const outputFiles = await Promise.all([
  build({ ...options, entryPoints: existing(gateEntries) }),
  build({ ...options, entryPoints: existing(rehearsalEntries), plugins: [fewRedisCommands] }),
]).then(
  (built) => built.flatMap((one) => one.outputFiles),
  // esbuild has said what is wrong, with its place; a stack adds nothing.
  () => process.exit(1),
);

await buildValidators();

/**
 * Compiles the schemas of all kinds' parameters once, here, instead of in every process that compiles a plan (0.5 s each). Which schema
 * a validator was made from is written beside it: another one is compiled where it is needed.
 */
async function buildValidators() {
  const contents = `
    export { kinds } from './checks/index.ts';
    export { BUILT_VALIDATORS, createAjv, schemaDigest } from './checks/kit/params.ts';
    export { default as standalone } from 'ajv/dist/standalone/index.js';`;
  const stdin = { contents, resolveDir: import.meta.dirname, loader: 'ts' };
  const options = { stdin, bundle: true, platform: 'node', format: 'esm', target: 'node20', banner };
  const bundled = `dist/validators.${process.pid}.mjs`;
  await build({ ...options, outfile: bundled, external: ['@playwright/test'], logLevel: 'warning' });
  try {
    const source = await import(new URL(bundled, import.meta.url).href);
    const ajv = source.createAjv({ useDefaults: true, source: true });
    const all = [...source.kinds.values()];
    for (const { meta } of all) ajv.addSchema(meta.params, meta.kind);
    const names = Object.fromEntries(all.map(({ meta }) => [meta.kind, meta.kind]));
    const code = source.standalone.default(ajv, names);
    const digests = Object.fromEntries(all.map(({ meta }) => [meta.kind, source.schemaDigest(meta.params)]));
    const text = `${code}\nmodule.exports = { digests: ${JSON.stringify(digests)}, validators: { ...exports } };\n`;
    const path = `dist/${source.BUILT_VALIDATORS}`;
    writeFileSync(`${path}.${process.pid}.tmp`, text);
    renameSync(`${path}.${process.pid}.tmp`, path);
  } finally {
    rmSync(bundled, { force: true });
  }
}

/**
 * Bundles that Playwright's workers load, that of the cutover and those of the rehearsal that hold libraries get no reference to their
 * maps: whoever reads an error's stack there (a destroyed socket does) would have the whole map parsed, 0.3 s in which no request starts
 * and none is answered, and a process keeps the map it has found at its start. The maps lie beside them all the same.
 */
const UNMAPPED = /(?:gate-worker|kubernetes|cutover|rehearsal|service-typescript-api|service-learning-system)\.js$/;
const REFERENCE = /\n\/\/# sourceMappingURL=\S+\s*$/;

// Whole files or none: another process may be reading them.
for (const { path, contents: whole, text } of outputFiles) {
  const contents = UNMAPPED.test(path) ? text.replace(REFERENCE, '\n') : whole;
  mkdirSync(dirname(path), { recursive: true });
  // `npx golive` executes the command itself.
  writeFileSync(`${path}.${process.pid}.tmp`, contents, { mode: path.endsWith('golive.js') ? 0o755 : 0o644 });
  renameSync(`${path}.${process.pid}.tmp`, path);
}
