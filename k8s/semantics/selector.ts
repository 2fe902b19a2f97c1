/**
 * Label selectors in both forms (the object of a Deployment, the string of a list request) and field selectors, by the rules
 * of k8s.io/apimachinery/pkg/labels and pkg/fields.
 */
import { at, shape, shapes, text, textMap, texts } from './shape.ts';

/** How a requirement compares. `Gt` and `Lt` exist in the string form only (`a>5`). */
export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
/** One condition of a label selector; all of them must hold. */
export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  /** Empty for Exists and DoesNotExist. */
  readonly values: readonly string[];
}
/** One condition of a field selector: the field's value as text equals, or does not equal, `value`. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** A selector that Kubernetes would refuse with 400; the message says what was found and what was expected. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

const objectOperators: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/**
 * The requirements of a `{matchLabels, matchExpressions}` object. An empty object selects everything; what an absent selector
 * means depends on the field (a Service without one selects nothing), so ask for that before calling.
 * @throws SelectorError for an unknown operator, or values where none may be or none where some must be
 */
export function labelRequirements(selector: unknown): readonly Requirement[] {
  const { matchLabels, matchExpressions } = shape(selector);
  const exact = Object.entries(textMap(matchLabels)).map(([key, value]): Requirement => ({
    key,
    operator: 'In',
    values: [value],
  }));
  return [...exact, ...shapes(matchExpressions).map(expressionRequirement)];
}

function expressionRequirement(expression: Readonly<Record<string, unknown>>): Requirement {
  const key = text(expression['key']) ?? '';
  const operator = text(expression['operator']) ?? '';
  if (!isObjectOperator(operator)) throw new SelectorError(`"${operator}" is not a valid label selector operator`);
  const values = texts(expression['values']);
  const needsValues = operator === 'In' || operator === 'NotIn';
  if (needsValues && values.length === 0)
    throw new SelectorError(`values: Required value: must be specified when operator is '${operator}' (key "${key}")`);
  if (!needsValues && values.length > 0)
    throw new SelectorError(`values: Forbidden: may not be specified when operator is '${operator}' (key "${key}")`);
  return { key: checkedKey(key), operator, values };
}

function isObjectOperator(operator: string): operator is Operator {
  return objectOperators.includes(operator);
}

/** Whether an object with these labels is selected. No requirements select everything. */
export function matchesLabels(
  requirements: readonly Requirement[],
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return requirements.every((requirement) => holds(requirement, labels ?? {}));
}

function holds({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  if (operator === 'In') return value !== undefined && values.includes(value);
  // A label that is absent differs from every value: `a!=b` selects it too.
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  const limit = integer(values[0]);
  const found = integer(value);
  if (limit === undefined || found === undefined) return false;
  return operator === 'Gt' ? found > limit : found < limit;
}

function integer(value: string | undefined): bigint | undefined {
  return value !== undefined && /^[+-]?\d+$/.test(value) ? BigInt(value.replace('+', '')) : undefined;
}

const keyName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const keyPrefix = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function checkedKey(key: string): string {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const prefixIsValid = prefix === undefined || (prefix.length <= 253 && keyPrefix.test(prefix));
  if (prefixIsValid && keyName.test(key.slice(slash + 1))) return key;
  throw new SelectorError(`unable to parse requirement: key: Invalid value: "${key}": expected [prefix/]name`);
}

function checkedValue(value: string): string {
  if (value === '' || keyName.test(value)) return value;
  throw new SelectorError(
    `unable to parse requirement: values: Invalid value: "${value}": expected at most 63 letters, digits, '-', '_' or '.'`,
  );
}

const token = /\s*(==|!=|[=!(),<>]|[^\s=!(),<>]+)/gy;

class Tokens {
  readonly #all: readonly string[];
  #next = 0;
  constructor(selector: string) {
    this.#all = [...selector.trimEnd().matchAll(token)].map((match) => match[1] ?? '');
  }
  /** The next token; an empty string at the end. */
  peek(): string {
    return this.#all[this.#next] ?? '';
  }
  take(): string {
    const found = this.peek();
    this.#next += 1;
    return found;
  }
}

const isIdentifier = (found: string): boolean => /^[^=!(),<>]+$/.test(found);

/**
 * The requirements of the string form: `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>5`. An empty string selects everything.
 * @throws SelectorError where the API server answers 400
 */
export function parseLabelSelector(selector: string): readonly Requirement[] {
  const tokens = new Tokens(selector);
  const requirements: Requirement[] = [];
  if (tokens.peek() === '') return requirements;
  for (;;) {
    requirements.push(parseRequirement(tokens));
    const separator = tokens.take();
    if (separator === '') return requirements;
    if (separator !== ',') throw new SelectorError(`found '${separator}', expected: ',' or 'end of string'`);
    const next = tokens.peek();
    if (next !== '!' && !isIdentifier(next)) throw new SelectorError(`found '${next}', expected: identifier after ','`);
  }
}

function parseRequirement(tokens: Tokens): Requirement {
  const negated = tokens.peek() === '!';
  if (negated) tokens.take();
  const key = tokens.take();
  if (!isIdentifier(key)) throw new SelectorError(`unable to parse requirement: found '${key}', expected: identifier`);
  checkedKey(key);
  if (negated) return { key, operator: 'DoesNotExist', values: [] };
  if (tokens.peek() === '' || tokens.peek() === ',') return { key, operator: 'Exists', values: [] };
  const sign = tokens.take();
  if (sign === 'in' || sign === 'notin')
    return { key, operator: sign === 'in' ? 'In' : 'NotIn', values: parseValues(tokens) };
  if (sign === '=' || sign === '==') return { key, operator: 'In', values: [exactValue(tokens)] };
  if (sign === '!=') return { key, operator: 'NotIn', values: [exactValue(tokens)] };
  if (sign === '>' || sign === '<') {
    const limit = exactValue(tokens);
    if (integer(limit) === undefined)
      throw new SelectorError(`unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer`);
    return { key, operator: sign === '>' ? 'Gt' : 'Lt', values: [limit] };
  }
  throw new SelectorError(`unable to parse requirement: found '${sign}', expected: in, notin, =, ==, !=, gt, lt`);
}

function exactValue(tokens: Tokens): string {
  if (tokens.peek() === '' || tokens.peek() === ',') return '';
  const value = tokens.take();
  if (isIdentifier(value)) return checkedValue(value);
  throw new SelectorError(`unable to parse requirement: found '${value}', expected: identifier`);
}

function parseValues(tokens: Tokens): readonly string[] {
  const opening = tokens.take();
  if (opening !== '(') throw new SelectorError(`unable to parse requirement: found '${opening}' expected: '('`);
  const values: string[] = [];
  for (;;) {
    // An empty member is the empty value: `in (a,)` selects a and the empty string.
    values.push(isIdentifier(tokens.peek()) ? checkedValue(tokens.take()) : '');
    const end = tokens.take();
    if (end === ')') return values;
    if (end !== ',') throw new SelectorError(`unable to parse requirement: found '${end}', expected: ',' or ')'`);
  }
}

/**
 * The requirements of a field selector: `metadata.name=x,status.phase!=Running`; `\,`, `\=` and `\\` stand for themselves.
 * Which fields a kind can be selected by is the server's affair: name them in `supported` to have the others refused.
 * @throws SelectorError where the API server answers 400
 */
export function parseFieldSelector(selector: string, supported?: readonly string[]): readonly FieldRequirement[] {
  const terms = selector.match(/(?:\\[^]|[^\\,])+/g) ?? [];
  return terms.map((term) => {
    const parts = /^((?:\\[^]|[^\\=!])+)(!=|==|=)([^]*)$/.exec(term);
    if (!parts) throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`);
    const [, field = '', sign = '', value = ''] = parts;
    if (supported && !supported.includes(field)) throw new SelectorError(`field label not supported: ${field}`);
    return { field, operator: sign === '!=' ? '!=' : '=', value: unescapeField(value) };
  });
}

function unescapeField(value: string): string {
  if (/^(?:\\[\\,=]|[^\\,=])*$/.test(value)) return value.replace(/\\([\\,=])/g, '$1');
  throw new SelectorError(`invalid field selector: unescaped or wrongly escaped character in value: ${value}`);
}

/** Whether an object is selected by its fields. An absent field counts as the empty string. */
export function matchesFields(requirements: readonly FieldRequirement[], object: unknown): boolean {
  return requirements.every(
    ({ field, operator, value }) => (fieldText(object, field) === value) === (operator === '='),
  );
}

function fieldText(object: unknown, field: string): string {
  const value = at(object, field);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
