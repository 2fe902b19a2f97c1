/**
 * The vector selectors of a PromQL expression. No parser: selectors are what is left when strings, numbers, keywords, functions and
 * label lists have been told apart, which PromQL's grammar allows token by token.
 */

export interface Matcher {
  readonly name: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}
export interface Selector {
  /** Empty where only braces select: `{job="api"}`. */
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

const TOKEN =
  /\s+|#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\[[^\]]*\]|(?:\d[\w.]*(?:e[+-]?\d+)?)|[a-zA-Z_:][\w:]*|\{|\}|=~|!~|!=|==|[^\s]/gy;
/** Followed by a list of labels in parentheses. */
const LABEL_LISTS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'start', 'end', 'atan2', 'inf', 'nan']);

function tokensOf(expression: string): string[] {
  return [...expression.matchAll(TOKEN)].map(([token]) => token).filter((token) => !/^(\s|#)/.test(token));
}

/** Every selector of an expression, each once. Subqueries, offsets and ranges are left out: they say when, not what. */
export function selectorsOf(expression: string): readonly Selector[] {
  const tokens = tokensOf(expression);
  const found = new Map<string, Selector>();
  const add = (selector: Selector): void => void found.set(selectorText(selector), selector);
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i] ?? '';
    const next = tokens[i + 1] ?? '';
    if (token === '{') {
      const end = endOf(tokens, i, '}');
      add(braces('', tokens.slice(i + 1, end)));
      i = end;
    } else if (/^[a-zA-Z_:]/.test(token)) {
      if (LABEL_LISTS.has(token.toLowerCase())) {
        if (next === '(') i = endOf(tokens, i + 1, ')');
      } else if (next === '{') {
        const end = endOf(tokens, i + 1, '}');
        add(braces(token, tokens.slice(i + 2, end)));
        i = end;
      } else if (next !== '(' && !WORDS.has(token.toLowerCase()) && !/^(by|without)$/i.test(next)) {
        add({ metric: token, matchers: [] });
      }
    }
  }
  return [...found.values()];
}

function endOf(tokens: readonly string[], from: number, close: string): number {
  const end = tokens.indexOf(close, from);
  return end < 0 ? tokens.length : end;
}

function braces(metric: string, tokens: readonly string[]): Selector {
  const matchers: Matcher[] = [];
  let name = metric;
  for (let i = 0; i < tokens.length; i += 1) {
    const [label = '', operator = '', value = ''] = tokens.slice(i, i + 3);
    if (isOperator(operator)) {
      if (label === '__name__' && operator === '=') name = unquoted(value);
      else matchers.push({ name: unquoted(label), operator, value: unquoted(value) });
      i += 2;
    } else if (/^["'`]/.test(label)) {
      // A quoted metric name (UTF-8 names).
      name = unquoted(label);
    }
  }
  return { metric: name, matchers };
}

function isOperator(text: string): text is Matcher['operator'] {
  return text === '=' || text === '!=' || text === '=~' || text === '!~';
}

function unquoted(token: string): string {
  if (!/^["'`]/.test(token)) return token;
  const inner = token.slice(1, -1);
  return token.startsWith('`') ? inner : inner.replace(/\\(.)/g, '$1');
}

const PLAIN_METRIC = /^[a-zA-Z_:][\w:]*$/;

/** As PromQL. */
export function selectorText({ metric, matchers }: Selector): string {
  const plain = metric === '' || PLAIN_METRIC.test(metric);
  const all = [
    ...(plain ? [] : [`__name__=${JSON.stringify(metric)}`]),
    ...matchers.map(({ name, operator, value }) => `${name}${operator}${JSON.stringify(value)}`),
  ];
  return `${plain ? metric : ''}${all.length === 0 ? '' : `{${all.join(',')}}`}`;
}

/**
 * A regular expression of Prometheus or Alertmanager, which match whole values; null where it cannot be read. RE2 as far as it differs
 * from JavaScript in what people write: flags in front, named groups, the end of the text.
 */
export function anchored(pattern: string): RegExp | null {
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  try {
    return new RegExp(
      `^(?:${rest.replaceAll('(?P<', '(?<').replace(/\\z$/, '')})$`,
      [...new Set(`${flags}s`)].join(''),
    );
  } catch {
    return null;
  }
}

/**
 * A selector that must have data while all is well: `status=~"5.."` chooses among values that come with trouble, so only the label has
 * to exist, and not even that where it accepts the empty value (`cluster=~".*"`); an equality names what is watched and stays; a
 * negation leaves something out and is dropped.
 */
export function inGoodTimes({ metric, matchers }: Selector): Selector {
  return {
    metric,
    matchers: matchers.flatMap((matcher): Matcher[] => {
      if (matcher.operator === '=') return [matcher];
      return matcher.operator === '=~' && anchored(matcher.value)?.test('') !== true
        ? [{ name: matcher.name, operator: '!=', value: '' }]
        : [];
    }),
  };
}
