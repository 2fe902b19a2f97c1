/** Params of a kind: its schema compiled once, defaults filled in. The checklist loader and the case runner share it. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { CheckKind } from './define-check.ts';

export type ParamsResult =
  | { readonly ok: true; readonly params: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly errors: readonly ErrorObject[] };

/**
 * The one ajv of the project: strict, so that a misspelt keyword in a schema throws when it is compiled; all errors at once; the
 * offending schema and value come with each error, because our own texts name them. Schemas are compiled in every process that
 * compiles a plan, for few values each: so they are not optimised, nor held against the meta-schema, which a test does.
 */
export function createAjv(options: { readonly useDefaults: boolean; readonly validateSchema?: boolean }): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    allErrors: true,
    verbose: true,
    useDefaults: options.useDefaults,
    validateSchema: options.validateSchema ?? false,
    code: { optimize: false },
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
    shared ??= createAjv({ useDefaults: true });
    validate = shared.compile(kind.meta.params as object);
    compiled.set(kind, validate);
  }
  return validate;
}

/** Validates a copy of `params` against the kind's schema; `params` of the result holds the defaults too. */
export function validateParams(kind: CheckKind, params: unknown): ParamsResult {
  const validate = paramsValidator(kind);
  const copy: unknown = structuredClone(params);
  if (validate(copy)) return { ok: true, params: copy as Readonly<Record<string, unknown>> };
  return { ok: false, errors: validate.errors ?? [] };
}
