/** Which divisions of PromQL give a share: errors of all requests, hits of all look-ups. */
import { COMPARISONS, type Expression } from './promql-syntax.ts';

type Binary = Extract<Expression, { readonly type: 'binary' }>;

/** 100 of `100 * errors`. */
export const factorOf = (expression: Expression): number =>
  expression.type === 'binary' && expression.operator === '*' && expression.left.type === 'number'
    ? Math.max(expression.left.value, 0)
    : 1;

/** What of fewer series is no larger, once none of them is negative. */
const GROWS = new Set(['sum', 'count', 'rate', 'irate', 'increase', 'sum_over_time', 'count_over_time']);

/** `errors / requests` where the errors are some of the requests, and `hits / (hits + misses)`. */
export function isShare({ left, right }: Binary): boolean {
  const whole = withoutGuards(right);
  const part = withoutZero(left);
  if (whole.type === 'binary' && whole.operator === '+') {
    const addends = [whole.left, whole.right];
    return addends.some(({ text }) => text === part.text) && addends.every(isCount);
  }
  return isPartOf(part, whole) && isCount(whole);
}

/** `x > 0`, `x or vector(1)` and `clamp_min(x, 1)` guard against a division by nothing, and make it no smaller. */
function withoutGuards(expression: Expression): Expression {
  if (expression.type === 'binary' && (expression.operator === 'or' || COMPARISONS.has(expression.operator)))
    return withoutGuards(expression.left);
  const [first] = expression.type === 'call' && expression.name === 'clamp_min' ? expression.args : [];
  return first ? withoutGuards(first) : expression;
}

/** `x` of `100 * x` and of `x or vector(0)`. */
function withoutZero(expression: Expression): Expression {
  if (expression.type !== 'binary') return expression;
  const { operator, left, right } = expression;
  if (operator === 'or' && isZero(right)) return withoutZero(left);
  return operator === '*' && left.type === 'number' ? withoutZero(right) : expression;
}

function isZero(expression: Expression): boolean {
  if (expression.type === 'number') return expression.value === 0;
  if (expression.type === 'call') return expression.name === 'vector' && expression.args.every(isZero);
  return expression.type === 'binary' && expression.operator === '*' && isZero(expression.left);
}

/** Something that is added up and never negative. */
function isCount(expression: Expression): boolean {
  if (expression.type === 'selector') return /_(total|count|bucket)$/.test(expression.metric);
  if (expression.type === 'moved') return isCount(expression.of);
  if (expression.type !== 'call') return false;
  const [first] = expression.args;
  return GROWS.has(expression.name) && (!expression.name.startsWith('sum') || (first !== undefined && isCount(first)));
}

/** Is the one the same as the other, of fewer series? */
function isPartOf(part: Expression, whole: Expression): boolean {
  if (part.type === 'binary' && COMPARISONS.has(part.operator)) return isPartOf(part.left, whole);
  if (part.type === 'call' && whole.type === 'call') return isSameSum(part, whole);
  if (part.type === 'moved' && whole.type === 'moved') return part.how === whole.how && isPartOf(part.of, whole.of);
  return part.type === 'selector' && whole.type === 'selector' && isNarrower(part.text, whole.text);
}

type Call = Extract<Expression, { readonly type: 'call' }>;

function isSameSum(part: Call, whole: Call): boolean {
  const [[ofPart, second], [ofWhole]] = [part.args, whole.args];
  if (!ofPart || !ofWhole || second || !GROWS.has(part.name)) return false;
  return part.name === whole.name && part.grouping === whole.grouping && isPartOf(ofPart, ofWhole);
}

/** Every matcher of the wider one is among those of the narrower. */
function isNarrower(narrow: string, wide: string): boolean {
  const [own, other] = [narrow, wide].map((text) => {
    const [, metric = '', matchers = ''] = /^([^{]*)\{?(.*?),?\}?$/s.exec(text) ?? [];
    return {
      metric,
      matchers: (matchers.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|[^,"'])+/g) ?? []).map((one) =>
        one.replace(/^\s*(\S+?)\s*([=!~]+)\s*/, '$1$2').trim(),
      ),
    };
  });
  return own?.metric === other?.metric && (other?.matchers ?? []).every((one) => own?.matchers.includes(one) === true);
}
