/** Values held against schemas, defaults filled in: params of kinds, and the project's own files. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { sha256Hex } from '../contract/canonical.ts';
import type { CheckKind } from './kind.ts';

export type ParamsResult =
  | { readonly ok: true; readonly params: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly errors: readonly ErrorObject[] };

/** What the build compiled: for the digest of a schema, whether a value fits it. Fills in defaults. */
export type BuiltValidators = Readonly<Record<string, (value: unknown) => boolean>>;
/** Beside the bundles; made by build.mjs. */
export const BUILT_VALIDATORS = 'params-validators.cjs';
/** Beside them: what V8 made of them. */
export const CODE_CACHE = '.v8';

/** Tells whether a schema is the one a validator was built from. */
export function schemaDigest(schema: unknown): string {
  return sha256Hex(JSON.stringify(schema));
}

/**
 * The one ajv of the project: strict, so that a misspelt keyword in a schema throws when it is compiled; all errors at once; the
 * offending schema and value come with each error, because our own texts name them. Schemas are compiled for few values each: so they are
 * not optimised, nor held against the meta-schema, which a test does. For the build it makes code that says yes or no and not why: a
 * quarter of it.
 */
export function createAjv(options: {
  readonly useDefaults: boolean;
  readonly validateSchema?: boolean;
  readonly forBuild?: boolean;
}): Ajv2020 {
  const { useDefaults, validateSchema = false, forBuild = false } = options;
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    allErrors: !forBuild,
    verbose: !forBuild,
    messages: !forBuild,
    useDefaults,
    validateSchema,
    code: { optimize: forBuild, source: forBuild },
  });
  addFormats.default(ajv);
  return ajv;
}

let shared: Ajv2020 | undefined;
let built: BuiltValidators | undefined;
const deciding = new WeakMap<object, BuiltValidators[string] | null>();
const telling = new WeakMap<object, ValidateFunction>();

/**
 * What is wrong with a value; its defaults are filled in. Whether anything is, the validator of the build knows: to compile those of all
 * kinds takes half a second in every process that compiles a plan. What it is, or whether where the build knows no such schema, one that is
 * compiled now does; then it throws when the schema itself is wrong.
 */
export function schemaErrors(schema: object, value: unknown): readonly ErrorObject[] {
  let fits = deciding.get(schema);
  if (fits === undefined) {
    built ??= loadBuilt();
    fits = built[schemaDigest(schema)] ?? null;
    deciding.set(schema, fits);
  }
  if (fits?.(value)) return [];
  let validate = telling.get(schema);
  if (!validate) {
    validate = (shared ??= createAjv({ useDefaults: true })).compile(schema);
    telling.set(schema, validate);
  }
  return validate(value) ? [] : (validate.errors ?? []);
}

function loadBuilt(): BuiltValidators {
  const filename = fileURLToPath(new URL(BUILT_VALIDATORS, import.meta.url));
  return existsSync(filename) ? compileBuilt(filename).validators : {};
}

/**
 * The build's validators, from what V8 made of them at the build where it is the same V8: to parse them is a tenth of a short command.
 * Compiled here and not by `require`: where Playwright hooks that, Babel would read for seconds.
 */
export function compileBuilt(filename: string): { readonly script: Script; readonly validators: BuiltValidators } {
  const source = sourceOf(filename);
  const cachedData = cachedCode(`${filename}${CODE_CACHE}`, source);
  const script = new Script(source, { filename, ...(cachedData ? { cachedData } : {}) });
  const module: { exports: unknown } = { exports: {} };
  const run = script.runInThisContext() as (...names: unknown[]) => void;
  run(module, module.exports, createRequire(filename));
  return { script, validators: module.exports as BuiltValidators };
}

function sourceOf(filename: string): string {
  return `(function (module, exports, require) {${readFileSync(filename, 'utf8')}\n})`;
}

/** V8 itself holds only the length of a source against its cache: the digest before it says which source it is of. */
function cachedCode(file: string, source: string): Buffer | undefined {
  if (!existsSync(file)) return undefined;
  const [digest, cached] = [sha256Hex(source), readFileSync(file)];
  return cached.subarray(0, digest.length).toString() === digest ? cached.subarray(digest.length) : undefined;
}

/** For the build: what V8 made of the validators by now, as `compileBuilt` reads it. */
export function codeCacheOf(filename: string, script: Script): Buffer {
  const source = sourceOf(filename);
  return Buffer.concat([Buffer.from(sha256Hex(source)), script.createCachedData()]);
}

/** Validates a copy of `params` against the kind's schema; `params` of the result holds the defaults too. */
export function validateParams({ meta }: CheckKind, params: unknown): ParamsResult {
  const copy: unknown = structuredClone(params);
  const errors = schemaErrors(meta.params as object, copy);
  return errors.length === 0 ? { ok: true, params: copy as Readonly<Record<string, unknown>> } : { ok: false, errors };
}
