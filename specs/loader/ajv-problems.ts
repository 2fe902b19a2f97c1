/** ajv's errors as problems a person can act on: the place, the value, what is allowed, the nearest word. */
import type { ErrorObject } from 'ajv';
import { WINDOW_PATTERN, WINDOW_PLACEHOLDER } from '../../checks/contract/param-schemas.ts';
import { DURATION_PATTERN } from '../../checks/contract/units.ts';
import { firstProblems, MOST_TOLD, showValue, isSecretName, type Problem } from './problems.ts';
import { didYouMean } from './suggest.ts';
import { pointerStep } from '../../k8s/semantics/objects/positions.ts';
import type { ProblemText, YamlFile } from './yaml/parse.ts';

type Schema = Readonly<Record<string, unknown>>;

export interface AjvContext {
  readonly yaml: YamlFile;
  /** JSON pointer of what was validated. */
  readonly base: string;
  /** Says where a value came from when it does not stand at the place itself: appended to the message. */
  readonly origin?: (pointer: string) => string | undefined;
}

/** All errors of one validation. */
export function problemsFromAjv(errors: readonly ErrorObject[], context: AjvContext): readonly Problem[] {
  const picked = pickBranches(errors);
  const problems = picked.slice(0, MOST_TOLD).flatMap((error) => {
    const told = textOf(error);
    if (!told) return [];
    const pointer = context.base + error.instancePath + (told.key === undefined ? '' : pointerStep(told.key));
    const origin = context.origin?.(context.base + error.instancePath);
    const message = origin === undefined ? told.text.message : `${told.text.message}, ${origin}`;
    return [context.yaml.problem(pointer, { ...told.text, message }, told.key === undefined ? 'value' : 'key')];
  });
  return firstProblems(problems, Math.max(0, picked.length - MOST_TOLD));
}

/**
 * Of a value that fits no branch of `oneOf` or `anyOf`, only the branch that was meant is told: the one whose constants fit. Without
 * such a branch the union itself is.
 */
function pickBranches(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const dropped = new Set<ErrorObject>();
  errors.forEach((union, index) => {
    if (union.keyword !== 'oneOf' && union.keyword !== 'anyOf') return;
    const branches = branchesOf(errors, index);
    const meant = [...branches.values()].filter(
      (branch) =>
        !branch.some(
          (error) =>
            error.keyword === 'const' || (error.keyword === 'type' && error.instancePath === union.instancePath),
        ),
    );
    const kept = meant.length === 1 ? meant[0] : undefined;
    for (const branch of branches.values()) if (branch !== kept) for (const error of branch) dropped.add(error);
    if (kept) dropped.add(union);
  });
  return errors.filter((error) => !dropped.has(error));
}

/** What ajv tells of the branches of the union at `index`, branch by branch. It tells them just before the union: only those are looked at. */
function branchesOf(errors: readonly ErrorObject[], index: number): ReadonlyMap<string, ErrorObject[]> {
  const branches = new Map<string, ErrorObject[]>();
  const union = errors[index];
  for (let before = index - 1; union && before >= 0; before -= 1) {
    const error = errors[before];
    if (!error || !`${error.instancePath}/`.startsWith(`${union.instancePath}/`)) break;
    if (!isBelow(error, union)) continue;
    const branch = branchOf(error, union);
    branches.set(branch, branches.get(branch) ?? []);
    branches.get(branch)?.push(error);
  }
  return branches;
}

function isBelow(error: ErrorObject, union: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${union.schemaPath}/`);
}

function branchOf(error: ErrorObject, union: ErrorObject): string {
  return error.schemaPath.slice(union.schemaPath.length + 1).split('/')[0] ?? '';
}

interface Told {
  readonly text: ProblemText;
  /** The member the problem is about, when it is a member of what failed. */
  readonly key?: string;
}

function textOf(error: ErrorObject): Told | undefined {
  const schema = error.parentSchema as Schema | undefined;
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return unknownKey(String(params['additionalProperty'] ?? params['unevaluatedProperty']), schema);
    case 'required':
      return missingKey(String(params['missingProperty']), schema);
    case 'propertyNames':
      return {
        text: { message: `the name ${showValue(params['propertyName'])} is not allowed` },
        key: String(params['propertyName']),
      };
    case 'if':
      return undefined;
    default:
      return { text: valueText(error, schema, params) };
  }
}

/** What is wrong with a value. Only here it is shown: a problem of each key of a large map must not show the map each time. */
function valueText(
  error: ErrorObject,
  schema: Schema | undefined,
  params: Readonly<Record<string, unknown>>,
): ProblemText {
  const name = error.instancePath.split('/').at(-1) ?? '';
  const shown = isSecretName(name) || containsSecret(error.data) ? '' : ` (${showValue(error.data)})`;
  switch (error.keyword) {
    case 'enum':
      return oneOfWords(error.data, params['allowedValues'] as readonly unknown[], shown);
    case 'const':
      return { message: `must be ${showValue(params['allowedValue'])}${shown}` };
    case 'type':
      return wrongType(error, schema, shown);
    case 'pattern':
      return wrongPattern(error, schema, shown);
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return {
        message:
          Number(params['limit']) === 1 ? 'must not be empty' : `must have at least ${String(params['limit'])}${shown}`,
      };
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return { message: `must have at most ${String(params['limit'])}${shown}` };
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return { message: `must be ${String(params['comparison'])} ${String(params['limit'])}${shown}` };
    case 'uniqueItems':
      return { message: `members ${String(params['j'])} and ${String(params['i'])} are the same` };
    case 'format':
      return { message: `must be a ${String(params['format'])}${shown}` };
    case 'oneOf':
    case 'anyOf':
      return unionText(schema?.[error.keyword], shown);
    default:
      return { message: `${error.message ?? 'is not allowed'}${shown}` };
  }
}

function containsSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => isSecretName(name) || containsSecret(member));
}

function unknownKey(key: string, schema: Schema | undefined): Told {
  const allowed = Object.keys(schema?.['properties'] ?? {});
  const suggestion = didYouMean(key, allowed);
  const text = { message: `unknown key "${key}"`, allowed, ...(suggestion === undefined ? {} : { suggestion }) };
  return {
    text: allowed.length ? text : { message: `unknown key "${key}"; none is allowed here`, fix: 'Remove it' },
    key,
  };
}

function missingKey(key: string, schema: Schema | undefined): Told {
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  const description = properties[key]?.['description'];
  const hint = typeof description === 'string' ? ` (${description.replace(/\.$/, '')})` : '';
  return { text: { message: `"${key}" is missing`, fix: `Add ${key}${hint}` } };
}

function oneOfWords(value: unknown, allowed: readonly unknown[], shown: string): ProblemText {
  const words = allowed.map((word) => (typeof word === 'string' ? word : showValue(word)));
  const suggestion = typeof value === 'string' ? didYouMean(value, words) : undefined;
  return {
    message: `is not one of the allowed values${shown}`,
    allowed: words,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

const DURATION_FIX = 'Write a number and a unit without a space: 500ms, 30s, 5m, 2h or 30d';

const WINDOW_FIX = `Write it where a range stands, for example rate(http_requests_total[${WINDOW_PLACEHOLDER}])`;

function wrongType(error: ErrorObject, schema: Schema | undefined, shown: string): ProblemText {
  if (schema?.['pattern'] === DURATION_PATTERN) return { message: `must be a duration${shown}`, fix: DURATION_FIX };
  const type = (error.params as { type: string | readonly string[] }).type;
  const names = (Array.isArray(type) ? (type as readonly string[]) : [String(type)]).map(
    (word) => TYPE_NAMES[word] ?? word,
  );
  const quote = type === 'string' && (typeof error.data === 'number' || typeof error.data === 'boolean');
  return { message: `must be ${names.join(' or ')}${shown}`, ...(quote ? { fix: 'Put it in quotes' } : {}) };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  null: 'nothing',
};

function wrongPattern(error: ErrorObject, schema: Schema | undefined, shown: string): ProblemText {
  const pattern = (error.params as { pattern: string }).pattern;
  if (pattern === DURATION_PATTERN) return { message: `is not a duration${shown}`, fix: DURATION_FIX };
  if (pattern === WINDOW_PATTERN)
    return { message: `does not look back over ${WINDOW_PLACEHOLDER}${shown}`, fix: WINDOW_FIX };
  const description = schema?.['description'];
  if (typeof description === 'string')
    return { message: `does not have the right form${shown}`, fix: `Write it so: ${description.replace(/\.$/, '')}` };
  return { message: `does not match ${pattern}${shown}` };
}

function unionText(branches: unknown, shown: string): ProblemText {
  const forms = (Array.isArray(branches) ? (branches as readonly Schema[]) : []).map((branch) => formOf(branch));
  return { message: `fits none of the allowed forms${shown}`, ...(forms.length ? { allowed: forms } : {}) };
}

function formOf(schema: Schema): string {
  if (typeof schema['title'] === 'string') return schema['title'];
  if ('const' in schema) return showValue(schema['const']);
  const required = schema['required'];
  if (Array.isArray(required)) return `{${required.map(String).join(', ')}}`;
  const type = schema['type'];
  return typeof type === 'string' ? (TYPE_NAMES[type] ?? type) : 'another form';
}
