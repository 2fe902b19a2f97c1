/** Params of a kind: its schema compiled once, defaults filled in. The checklist loader and the case runner share it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { CheckKind } from './define-check.ts';

export type ParamsResult =
  | { readonly ok: true; readonly params: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly errors: readonly ErrorObject[] };

/** What the build compiled: for each kind its validator, and the digest of the schema it was made from. */
export interface BuiltValidators {
  readonly digests: Readonly<Record<string, string>>;
  readonly validators: Readonly<Record<string, ValidateFunction>>;
}
/** Beside the bundles; made by build.mjs. */
export const BUILT_VALIDATORS = 'params-validators.cjs';

/** Tells whether a schema is the one a validator was built from. */
export function schemaDigest(schema: unknown): string {
  return createHash('sha256').update(JSON.stringify(schema)).digest('hex');
}

/**
 * The one ajv of the project: strict, so that a misspelt keyword in a schema throws when it is compiled; all errors at once; the
 * offending schema and value come with each error, because our own texts name them. Schemas are compiled for few values each: so they are
 * not optimised, nor held against the meta-schema, which a test does. `source` keeps the code, for the build.
 */
export function createAjv(options: {
  readonly useDefaults: boolean;
  readonly validateSchema?: boolean;
  readonly source?: boolean;
}): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    allErrors: true,
    verbose: true,
    useDefaults: options.useDefaults,
    validateSchema: options.validateSchema ?? false,
    code: { optimize: false, source: options.source ?? false },
  });
  addFormats.default(ajv);
  return ajv;
}

let shared: Ajv2020 | undefined;
const compiled = new WeakMap<CheckKind, ValidateFunction>();

/** The validator of a kind's params. Throws when the schema itself is wrong. */
export function paramsValidator(kind: CheckKind): ValidateFunction {
  let validate = compiled.get(kind);
  if (!validate) {
    validate =
      builtValidator(kind) ?? (shared ??= createAjv({ useDefaults: true })).compile(kind.meta.params as object);
    compiled.set(kind, validate);
  }
  return validate;
}

let built: BuiltValidators | null | undefined;

/**
 * The validator the build made: compiling all kinds takes half a second, in every process that compiles a plan. Only where the schema is
 * still the same; from source, and where nothing was built, there is none.
 */
function builtValidator({ meta }: CheckKind): ValidateFunction | undefined {
  built ??= loadBuilt();
  if (built?.digests[meta.kind] !== schemaDigest(meta.params)) return undefined;
  return built.validators[meta.kind];
}

/** Compiled here and not by `require`: where Playwright hooks that, Babel would read these two megabytes for twenty seconds. */
function loadBuilt(): BuiltValidators | null {
  const filename = fileURLToPath(new URL(BUILT_VALIDATORS, import.meta.url));
  if (!existsSync(filename)) return null;
  const module: { exports: unknown } = { exports: {} };
  const run = compileFunction(readFileSync(filename, 'utf8'), ['module', 'exports', 'require'], { filename });
  Reflect.apply(run, undefined, [module, module.exports, createRequire(filename)]);
  return module.exports as BuiltValidators;
}

/** Validates a copy of `params` against the kind's schema; `params` of the result holds the defaults too. */
export function validateParams(kind: CheckKind, params: unknown): ParamsResult {
  const validate = paramsValidator(kind);
  const copy: unknown = structuredClone(params);
  if (validate(copy)) return { ok: true, params: copy as Readonly<Record<string, unknown>> };
  return { ok: false, errors: validate.errors ?? [] };
}
