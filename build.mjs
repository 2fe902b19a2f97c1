// Bundles what must be one file before anything runs: the two halves of the gate (a hundred modules through Playwright's loader cost
// each process 0.2 s), and the rehearsal (its Kubernetes is published with imports that Node cannot resolve). The command line alone is
// split: `golive --help` parses none of what its commands need. The Kubernetes client is bundled with undici 7, which runs on Node 20.
import { build } from 'esbuild';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';

const DIST = 'dist';
/** Chunks lie beside what names them: what that looks for beside itself (`params-validators.cjs`) is beside them, too. */
const CHUNK = /^(?:golive|package)-.+-[0-9A-Z]{8}\.js(?:\.map)?$/;
/** Which chunks the build before this one made. */
const CHUNK_LIST = join(DIST, 'golive.chunks.json');
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Bundles that Playwright's workers load, that of the cutover and those of the rehearsal that hold libraries get no reference to their
 * maps: whoever reads an error's stack there (a destroyed socket does) would have the whole map parsed, 0.3 s in which no request starts
 * and none is answered, and a process keeps the map it has found at its start. The maps lie beside them all the same.
 */
const UNMAPPED = /(?:gate-worker|kubernetes|cutover|rehearsal|service-typescript-api|service-learning-system)\.js$/;

/** ajv as it compiles what stands below `not`: without the errors that nobody reads, half of the code. */
const withoutErrors = {
  name: 'without-errors',
  setup({ onLoad }) {
    onLoad({ filter: /ajv[/\\]dist[/\\]compile[/\\]errors\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace(
        'if (createErrors === false)',
        'if (createErrors === false || cxt.it.opts.messages === false)',
      );
      if (contents === text) throw new Error('this ajv makes its errors elsewhere');
      return { contents };
    });
  },
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

const options = {
  outdir: DIST,
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  keepNames: true,
  sourcemap: 'linked',
  logLevel: 'warning',
  // Bundled CommonJS packages call `require`; an ES module has none unless it makes one.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
  external: ['@playwright/test', 'playwright', 'playwright-core', 'esbuild', 'fsevents', 'pg-native'],
};

const { golive, ...whole } = JSON.parse(readFileSync('bundles.json', 'utf8'));
/** The processes of the rehearsal: there are many of them, and each is as small as it can be. */
const isRehearsal = ([, file]) => file.startsWith('rehearsal/');
const entries = Object.entries(whole);
/** What an installed package hands to Playwright and to teams' specs: they share their modules, `test` above all. */
const isPackage = ([name]) => name.startsWith('package-');
const isWhole = (entry) => !isRehearsal(entry) && !isPackage(entry);
const [bundles, rehearsal, commandLine, packaged, forK6] = await Promise.all([
  build({ ...options, entryPoints: Object.fromEntries(entries.filter(isWhole)) }),
  build({ ...options, entryPoints: Object.fromEntries(entries.filter(isRehearsal)), plugins: [fewRedisCommands] }),
  build({ ...options, splitting: true, minify: true, entryPoints: { golive }, chunkNames: 'golive-[name]-[hash]' }),
  build({
    ...options,
    splitting: true,
    entryPoints: Object.fromEntries(entries.filter(isPackage)),
    chunkNames: 'package-[name]-[hash]',
  }),
  // Runs in k6, which has modules of its own and nothing of Node.
  build({
    ...options,
    platform: 'neutral',
    banner: {},
    sourcemap: false,
    external: ['k6', 'k6/*'],
    entryPoints: { 'k6-profile': 'checks/load/k6/profile.k6.ts' },
  }),
]).catch(() => {
  // esbuild has said what is wrong, with its place; a stack adds nothing.
  process.exit(1);
});

mkdirSync(DIST, { recursive: true });
await buildValidators();
const inChunks = [...commandLine.outputFiles, ...packaged.outputFiles];
const chunks = inChunks.filter(({ path }) => CHUNK.test(basename(path)));
// What names chunks after these.
for (const file of [...chunks, ...inChunks.filter((one) => !chunks.includes(one))]) put(file);
forgetChunks(chunks.map(({ path }) => basename(path)));
// What tells how old the build is comes last.
for (const file of [...rehearsal.outputFiles, ...forK6.outputFiles, ...bundles.outputFiles]) put(file);

/**
 * Compiles the schemas of all kinds' parameters and of the project's own files once, here, instead of in every process that compiles a
 * plan (0.5 s each). Each validator is kept under the digest of its schema: another schema is compiled where it is needed.
 */
async function buildValidators() {
  const contents = `
    import { kinds } from './checks/index.ts';
    import { checklistSchema, itemSchema, phaseSchema } from './specs/loader/schemas.ts';
    import { environmentSchema } from './specs/loader/environment-schema.ts';
    import { attestationsSchema, waiversSchema } from './specs/loader/people/schemas.ts';
    const files = [checklistSchema, phaseSchema, itemSchema, environmentSchema, waiversSchema, attestationsSchema];
    export const schemas = [...files, ...[...kinds.values()].map(({ meta }) => meta.params)];
    export { BUILT_VALIDATORS, CODE_CACHE, codeCacheOf, compileBuilt, createAjv, schemaDigest } from './checks/kit/params.ts';
    export { default as standalone } from 'ajv/dist/standalone/index.js';`;
  const { bundle, platform, format, target, banner, external, logLevel } = options;
  const common = { bundle, platform, target, logLevel };
  const stdin = { contents, resolveDir: import.meta.dirname, loader: 'ts' };
  const bundled = join(DIST, `validators.${process.pid}.mjs`);
  await build({ ...common, format, banner, external, stdin, outfile: bundled, plugins: [withoutErrors] });
  try {
    const source = await import(new URL(bundled, import.meta.url).href);
    const ajv = source.createAjv({ useDefaults: true, forBuild: true });
    const digests = source.schemas.map((schema) => [source.schemaDigest(schema), schema]);
    for (const [digest, schema] of new Map(digests)) ajv.addSchema(schema, digest);
    const code = source.standalone.default(ajv, Object.fromEntries(digests.map(([digest]) => [digest, digest])));
    // Small: what is parsed is paid for in each process.
    const small = { ...common, write: false, minify: true, format: 'cjs' };
    const { outputFiles } = await build({ ...small, stdin: { contents: code, resolveDir: import.meta.dirname } });
    const file = join(DIST, source.BUILT_VALIDATORS);
    writeWhole(file, outputFiles[0].contents);
    const { script, validators } = source.compileBuilt(resolve(file));
    // V8 compiles a function when it is called first.
    for (const validate of Object.values(validators)) validate({});
    writeWhole(`${file}${source.CODE_CACHE}`, source.codeCacheOf(file, script));
  } finally {
    rmSync(bundled, { force: true });
  }
}

function put({ path, contents, text }) {
  // `npx golive` executes the command itself.
  const mode = basename(path) === 'golive.js' ? 0o755 : 0o644;
  writeWhole(path, UNMAPPED.test(path) ? text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n') : contents, mode);
}

/** Whole files or none: another process may be reading them. */
function writeWhole(path, contents, mode = 0o644) {
  writeFileSync(`${path}.${process.pid}.tmp`, contents, { mode });
  renameSync(`${path}.${process.pid}.tmp`, path);
}

/** Removes chunks of earlier builds; for a day commands that were started before this build may still load theirs. */
function forgetChunks(made) {
  const before = existsSync(CHUNK_LIST) ? JSON.parse(readFileSync(CHUNK_LIST, 'utf8')) : [];
  writeWhole(CHUNK_LIST, JSON.stringify(made));
  const now = new Date();
  for (const name of readdirSync(DIST).filter((file) => CHUNK.test(file) && !made.includes(file))) {
    const path = join(DIST, name);
    if (before.includes(name)) utimesSync(path, now, now);
    else if (now.getTime() - statSync(path).mtimeMs > DAY_MS) rmSync(path, { force: true });
  }
}
