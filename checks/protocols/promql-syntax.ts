/** A PromQL expression as a tree, by Prometheus' own grammar. */
import { parser } from '@prometheus-io/lezer-promql';
import { selectorsOf } from './promql.ts';

/** `text` is what stands in the expression, for people and to tell two apart. */
export type Expression = { readonly text: string } & (
  | { readonly type: 'number'; readonly value: number }
  /** A metric with matchers; the metric is empty where only braces select. */
  | { readonly type: 'selector'; readonly metric: string }
  /** A function or an aggregation; `grouping` is the latter's `by (…)` or `without (…)`. */
  | { readonly type: 'call'; readonly name: string; readonly grouping: string; readonly args: readonly Expression[] }
  | {
      readonly type: 'binary';
      readonly operator: string;
      /** `bool`, `on (…)`, `group_left (…)`. */
      readonly modifiers: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** A range, an offset or a time of another expression. */
  | { readonly type: 'moved'; readonly how: string; readonly of: Expression }
  | { readonly type: 'other' }
);

export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);

type Node = ReturnType<typeof parser.parse>['topNode'];

/** The tree of an expression; null where Prometheus' grammar does not read it. */
export function parsePromql(text: string): Expression | null {
  const tree = parser.parse(text);
  const errors: string[] = [];
  tree.iterate({
    enter({ type }) {
      if (type.isError) errors.push(type.name);
    },
  });
  const [first, ...others] = childrenOf(tree.topNode);
  return errors.length > 0 || !first || others.length > 0 ? null : expressionOf(first, text);
}

function childrenOf(node: Node): readonly Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (child.name !== 'LineComment') found.push(child);
  return found;
}

const MOVED: ReadonlySet<string> = new Set(['MatrixSelector', 'SubqueryExpr', 'OffsetExpr', 'StepInvariantExpr']);

function expressionOf(node: Node, source: string): Expression {
  const text = textOf(node, source);
  const parts = childrenOf(node);
  const inner = (index: number): Expression => {
    const part = parts.at(index);
    return part ? expressionOf(part, source) : { type: 'other', text };
  };
  const texts = (some: readonly Node[]): readonly string[] => some.map((part) => textOf(part, source));
  if (MOVED.has(node.name)) return { type: 'moved', text, how: texts(parts.slice(1)).join(' '), of: inner(0) };
  switch (node.name) {
    case 'ParenExpr':
      return inner(0);
    case 'NumberDurationLiteral':
      return { type: 'number', text, value: numberOf(text) };
    case 'VectorSelector':
      return { type: 'selector', text, metric: selectorsOf(text)[0]?.metric ?? '' };
    case 'UnaryExpr':
      return signed(text, inner(1));
    case 'FunctionCall':
    case 'AggregateExpr':
      return callOf(parts, text, source);
    case 'BinaryExpr': {
      const [operator = '', ...modifiers] = texts(parts.slice(1, -1)).map((part) => part.toLowerCase());
      return { type: 'binary', text, operator, modifiers: modifiers.join(' '), left: inner(0), right: inner(-1) };
    }
    default:
      return { type: 'other', text };
  }
}

function callOf(parts: readonly Node[], text: string, source: string): Expression {
  const body = parts.find(({ name }) => name === 'FunctionCallBody');
  const modifier = parts.find(({ name }) => name === 'AggregateModifier');
  return {
    type: 'call',
    text,
    name: /^\w+/.exec(text)?.[0].toLowerCase() ?? '',
    grouping: modifier ? textOf(modifier, source) : '',
    args: body ? childrenOf(body).map((arg) => expressionOf(arg, source)) : [],
  };
}

function signed(text: string, of: Expression): Expression {
  if (!text.startsWith('-')) return of;
  const left: Expression = { type: 'number', text: '-1', value: -1 };
  return { type: 'binary', text, operator: '*', modifiers: '', left, right: of };
}

/** Without comments and with one blank where there are several: two that say the same are the same text. */
const textOf = (node: Node, source: string): string =>
  source
    .slice(node.from, node.to)
    .replace(/("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|#[^\n]*|\s+/g, (_, quoted?: string) => quoted ?? ' ')
    .replace(/([({]) | ([)},])/g, '$1$2');

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** Seconds of a duration as Prometheus and Alertmanager write it, `1h30m`; null where it is none. */
export function promSeconds(text: string): number | null {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return null;
  return parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (SECONDS[unit] ?? 0), 0);
}

/** `0.5`, `1e3`, `0x1F`, `Inf`, `1_000`, and a duration in seconds: `5m`. */
function numberOf(text: string): number {
  if (/^inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  return promSeconds(text) ?? Number(text.replaceAll('_', ''));
}
