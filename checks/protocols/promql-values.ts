/**
 * Which values an expression can have, by what its functions and operators can give: a share never exceeds 1, a count is never negative.
 * What is not known may be anything: whatever is said to be impossible here is so on every platform.
 */
import { factorOf, isShare } from './promql-shares.ts';
import { COMPARISONS, parsePromql, type Expression } from './promql-syntax.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}
type Call = Extract<Expression, { readonly type: 'call' }>;
type Binary = Extract<Expression, { readonly type: 'binary' }>;
/** Expressions of the recording rules of a name. */
export type Records = (metric: string) => readonly string[];

const INFINITY = Number.POSITIVE_INFINITY;
const ANY: Range = { min: -INFINITY, max: INFINITY };
const POSITIVE: Range = { min: 0, max: INFINITY };
const SHARE: Range = { min: 0, max: 1 };
const ONE: Range = { min: 1, max: 1 };
const DEEPEST_RECORD = 4;

const FLIPPED: Readonly<Record<string, string>> = { '>': '<', '<': '>', '>=': '<=', '<=': '>=' };
/** What functions give, whatever they are given. */
const GIVES: Readonly<Record<string, Range>> = {
  ...of(POSITIVE, 'rate irate increase resets changes count_over_time time timestamp stdvar stddev abs exp'),
  ...of(POSITIVE, 'stdvar_over_time stddev_over_time'),
  ...of({ min: 1, max: INFINITY }, 'count count_values'),
  ...of(ONE, 'absent absent_over_time group present_over_time'),
  ...of(SHARE, 'histogram_fraction'),
  ...of({ min: -1, max: 1 }, 'sgn sin cos tanh'),
  hour: { min: 0, max: 23 },
  minute: { min: 0, max: 59 },
  month: { min: 1, max: 12 },
  day_of_week: { min: 0, max: 6 },
  day_of_month: { min: 1, max: 31 },
  day_of_year: { min: 1, max: 366 },
  days_in_month: { min: 28, max: 31 },
};
/** Functions that give values of what they are given, and which argument that is. */
const KEEPS: Readonly<Record<string, number>> = {
  ...of(0, 'vector avg min max last_over_time min_over_time max_over_time avg_over_time sort sort_desc label_replace'),
  ...of(0, 'label_join sort_by_label sort_by_label_desc first_over_time'),
  ...of(1, 'topk bottomk quantile limitk limit_ratio quantile_over_time'),
};

function of<T>(value: T, names: string): Record<string, T> {
  return Object.fromEntries(names.split(' ').map((name) => [name, value]));
}

/**
 * The part of an expression that can never be true, as text; null where there is none, or where it cannot be read. `largestBucket` is
 * the bound of the histograms that it asks.
 */
export function impossiblePart(text: string, records: Records, largestBucket = INFINITY): string | null {
  const whole = parsePromql(text);
  if (!whole) return null;
  const parts: Expression[] = [];
  const note = (expression: Expression): null => {
    parts.push(expression);
    return null;
  };
  return rangeOf(whole, { records, largestBucket, note, depth: 0 }) === null ? (parts[0] ?? whole).text : null;
}

interface Reading {
  readonly records: Records;
  /** No quantile of a histogram is larger. */
  readonly largestBucket: number;
  /** Is told of the innermost expression that never has a value. */
  readonly note: (expression: Expression) => null;
  readonly depth: number;
}

/** Null where the expression never has a value at all. */
function rangeOf(expression: Expression, reading: Reading): Range | null {
  switch (expression.type) {
    case 'number':
      return { min: expression.value, max: expression.value };
    case 'selector':
      return rangeOfMetric(expression.metric, reading);
    case 'moved':
      return rangeOf(expression.of, reading);
    case 'call':
      return rangeOfCall(expression, reading);
    case 'binary':
      return rangeOfBinary(expression, reading);
    case 'other':
      return ANY;
  }
}

function rangeOfMetric(metric: string, reading: Reading): Range | null {
  const recorded = reading.depth < DEEPEST_RECORD ? reading.records(metric) : [];
  if (recorded.length > 0) {
    const silent = { ...reading, note: () => null, depth: reading.depth + 1 };
    const ranges = recorded.map((text) => {
      const read = parsePromql(text);
      return read ? rangeOf(read, silent) : ANY;
    });
    return union(ranges) ?? ANY;
  }
  // A name that ends in _up may count several, and one in _total is a gauge at times.
  return /^(up|probe_success|pg_up|redis_up|mysql_up)$/.test(metric) ? SHARE : ANY;
}

function rangeOfCall(call: Call, reading: Reading): Range | null {
  const { name, args } = call;
  const kept = KEEPS[name];
  const [first] = args;
  if (name.startsWith('absent')) return first && isAlwaysThere(first) ? reading.note(call) : ONE;
  const measured = args.at(kept ?? 0);
  const inner = measured ? rangeOf(measured, reading) : ANY;
  if (inner === null || kept !== undefined) return inner;
  if (name === 'histogram_quantile') return { min: -INFINITY, max: reading.largestBucket };
  return GIVES[name] ?? MAKES[name]?.(inner, args) ?? ANY;
}

const rounded = ({ min, max }: Range): Range => ({ min: Math.floor(min), max: Math.ceil(max) });
const summed = ({ min }: Range): Range => (min >= 0 ? POSITIVE : ANY);

function clamped({ min, max }: Range, low: Expression | undefined, high: Expression | undefined): Range {
  const least = low?.type === 'number' ? low.value : -INFINITY;
  const most = high?.type === 'number' ? high.value : INFINITY;
  return { min: Math.min(Math.max(min, least), most), max: Math.max(Math.min(max, most), least) };
}

/** What functions make of the values that they are given. */
const MAKES: Readonly<Record<string, (inner: Range, args: readonly Expression[]) => Range>> = {
  ...of(rounded, 'ceil floor'),
  ...of(summed, 'sum sum_over_time'),
  clamp: (inner, [, low, high]) => clamped(inner, low, high),
  clamp_min: (inner, [, low]) => clamped(inner, low, undefined),
  clamp_max: (inner, [, high]) => clamped(inner, undefined, high),
};

/** A constant is there always. */
function isAlwaysThere(expression: Expression): boolean {
  if (expression.type === 'number') return true;
  return expression.type === 'call' && expression.name === 'vector';
}

const SETS = new Set(['and', 'or', 'unless']);

function rangeOfBinary(binary: Binary, reading: Reading): Range | null {
  const { operator, left, right } = binary;
  if (SETS.has(operator)) return rangeOfSets(binary, reading);
  const [a, b] = [rangeOf(left, reading), rangeOf(right, reading)];
  if (a === null || b === null) return null;
  if (!COMPARISONS.has(operator)) return arithmetic(binary, a, b);
  const kept = left.type === 'number' ? meeting(b, FLIPPED[operator] ?? operator, a) : meeting(a, operator, b);
  if (binary.modifiers.includes('bool')) return kept === null ? { min: 0, max: 0 } : SHARE;
  return kept ?? reading.note(binary);
}

/** `and` and `unless` give values of their left side, `or` those of both. */
function rangeOfSets(binary: Binary, reading: Reading): Range | null {
  const { operator, left, right } = binary;
  const silent = { ...reading, note: () => null };
  const a = rangeOf(left, operator === 'or' ? silent : reading);
  const b = rangeOf(right, operator === 'unless' ? silent : reading);
  if (operator === 'or') return union([a, b]);
  if (operator === 'unless') return a && b && empties(binary, a, b) ? reading.note(binary) : a;
  if (a === null || b === null) return null;
  return measuredOf(left).text === measuredOf(right).text ? (overlap(a, b) ?? reading.note(binary)) : a;
}

/** Does `unless` take away everything that is on its left? */
function empties({ left, right, modifiers }: Binary, a: Range, b: Range): boolean {
  if (/^on ?\(\)/.test(modifiers)) return isAlwaysThere(right);
  const same = measuredOf(left).text === measuredOf(right).text;
  return same && (right.text === measuredOf(right).text || (b.min <= a.min && b.max >= a.max));
}

/** What is compared: the expression without the comparisons around it. */
function measuredOf(expression: Expression): Expression {
  if (expression.type !== 'binary' || !COMPARISONS.has(expression.operator)) return expression;
  if (expression.modifiers.includes('bool')) return expression;
  return measuredOf(expression.left.type === 'number' ? expression.right : expression.left);
}

const union = (ranges: readonly (Range | null)[]): Range | null => {
  const some = ranges.filter((range) => range !== null);
  if (some.length === 0) return null;
  return { min: Math.min(...some.map(({ min }) => min)), max: Math.max(...some.map(({ max }) => max)) };
};
const overlap = (a: Range, b: Range): Range | null => {
  const both = { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
  return both.min <= both.max ? both : null;
};
/** The next larger number: what is greater than 5 begins there. */
const above = (value: number): number =>
  Number.isFinite(value) ? value + Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE) : value;

/** Values of `a` that compare so with some value of `b`. */
function meeting(a: Range, operator: string, b: Range): Range | null {
  switch (operator) {
    case '>':
      return overlap(a, { min: above(b.min), max: INFINITY });
    case '>=':
      return overlap(a, { min: b.min, max: INFINITY });
    case '<':
      return overlap(a, { min: -INFINITY, max: -above(-b.max) });
    case '<=':
      return overlap(a, { min: -INFINITY, max: b.max });
    case '==':
      return overlap(a, b);
    default:
      return a.min === a.max && b.min === b.max && a.min === b.min ? null : a;
  }
}

function arithmetic(binary: Binary, a: Range, b: Range): Range {
  const corners = (...values: readonly number[]): Range =>
    values.some(Number.isNaN) ? ANY : { min: Math.min(...values), max: Math.max(...values) };
  switch (binary.operator) {
    case '+':
      return corners(a.min + b.min, a.max + b.max);
    case '-':
      return corners(a.min - b.max, a.max - b.min);
    case '*':
      return corners(...[a.min, a.max].flatMap((x) => [b.min, b.max].map((y) => (x === 0 || y === 0 ? 0 : x * y))));
    case '/':
      if (isShare(binary)) return { min: 0, max: factorOf(binary.left) };
      if (b.min === b.max && Number.isFinite(b.min) && b.min !== 0) return corners(a.min / b.min, a.max / b.min);
      return a.min >= 0 && b.min >= 0 ? POSITIVE : ANY;
    default:
      return ANY;
  }
}

/**
 * Whether the comparison of an expression holds for a value of what it measures, the leftmost one; null where nothing is compared with a
 * number. What stands beside it (`and`, `unless`) is taken as given.
 */
export function holdsFor(text: string, value: number, records: Records): boolean | null {
  const whole = parsePromql(text);
  const reading = { records, largestBucket: INFINITY, note: () => null, depth: 0 };
  return whole && holds(whole, value, reading);
}

function holds(expression: Expression, value: number, reading: Reading): boolean | null {
  switch (expression.type) {
    case 'moved':
      return holds(expression.of, value, reading);
    case 'call':
      return expression.name.startsWith('absent') ? null : firstOf(expression.args, value, reading);
    case 'selector': {
      const [recorded] = reading.depth < DEEPEST_RECORD ? reading.records(expression.metric) : [];
      const read = recorded === undefined ? null : parsePromql(recorded);
      return read && holds(read, value, { ...reading, depth: reading.depth + 1 });
    }
    case 'binary':
      return COMPARISONS.has(expression.operator)
        ? isMetBy(expression, value, reading)
        : holdsInBinary(expression, value, reading);
    default:
      return null;
  }
}

/** Does a value in the place of what is measured meet the comparison? Null where it is compared with no number. */
function isMetBy({ operator, left, right }: Binary, value: number, reading: Reading): boolean | null {
  const [a, b] = [rangeOf(left, reading), rangeOf(right, reading)];
  const measured = { min: value, max: value };
  if (b && b.min === b.max) return meeting(measured, operator, b) !== null;
  if (a && a.min === a.max) return meeting(measured, FLIPPED[operator] ?? operator, a) !== null;
  return null;
}

function holdsInBinary({ operator, left, right }: Binary, value: number, reading: Reading): boolean | null {
  if (operator === 'and' || operator === 'unless') return holds(left, value, reading);
  if (operator !== 'or') return firstOf([left, right], value, reading);
  const both = [left, right].map((one) => holds(one, value, reading));
  return both.includes(true) ? true : both.includes(null) ? null : false;
}

function firstOf(expressions: readonly Expression[], value: number, reading: Reading): boolean | null {
  return expressions.map((one) => holds(one, value, reading)).find((answer) => answer !== null) ?? null;
}

/** Does an expression give something even where none of its metrics exists: `… or vector(0)`, `vector(1)`? */
export function cannotBeEmpty(text: string): boolean {
  const whole = parsePromql(text);
  return whole !== null && givesAlways(whole);
}

function givesAlways(expression: Expression): boolean {
  if (isAlwaysThere(expression)) return true;
  if (expression.type === 'call')
    return !expression.name.startsWith('absent') && expression.args.length > 0 && expression.args.every(givesAlways);
  if (expression.type !== 'binary') return false;
  const { operator, left, right } = expression;
  if (operator === 'or') return givesAlways(left) || givesAlways(right) || givesIfAbsent(left, right);
  return operator !== 'unless' && givesAlways(left) && givesAlways(right);
}

/** `x or absent(x)` and `sum(x) or absent(x)` give something whether or not there is any. */
function givesIfAbsent(left: Expression, right: Expression): boolean {
  const within = right.type === 'binary' ? [right.left, right.right] : [right];
  const { text } = aggregated(left);
  return within.some((one) => one.type === 'call' && one.name === 'absent' && one.args[0]?.text === text);
}

/** What a sum, a maximum … is made of: it is there whenever that is. */
function aggregated(expression: Expression): Expression {
  if (expression.type !== 'call' || !/^(sum|min|max|avg|count|group)$/.test(expression.name)) return expression;
  const [of] = expression.args;
  return of && expression.args.length === 1 ? aggregated(of) : expression;
}
