/** What is wrong with a file, and how it is shown: all of it at once, each with its place, the allowed values and the fix. */
import { hideCredentials } from '../../checks/contract/credentials.ts';
import { cutText, visibleLine, visibleText } from '../../checks/contract/visible-text.ts';

export interface Problem {
  /** Relative to the project. */
  readonly file: string;
  /** 1-based; 0 when the problem is the file itself. */
  readonly line: number;
  /** 1-based; 0 when the problem is the file itself. */
  readonly column: number;
  /** Dotted path, for example `items[3].params.minValidity`; empty for the whole file. */
  readonly field: string;
  /** What is wrong, without a full stop; ends with the value in brackets where there is one. */
  readonly message: string;
  readonly allowed?: readonly string[];
  readonly suggestion?: string;
  /** An imperative, without a full stop. */
  readonly fix?: string;
  /** The source line, secrets masked. */
  readonly excerpt?: string;
  /** Of a problem that stands for others: how many. */
  readonly more?: number;
}

/** Thrown where problems cannot be returned. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(renderProblems(problems));
    this.problems = problems;
  }
}

/** Longest list of allowed values that is still readable. */
const MAX_ALLOWED = 40;
const MAX_EXCERPT = 160;
/** Characters of a name that somebody wrote, and of a message that holds some. */
const MAX_NAME = 120;
const MAX_MESSAGE = 600;

/** Sorted by place; the same problem at the same place is told once. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const unique = new Map(problems.map((p) => [`${p.file}\n${p.line}\n${p.column}\n${p.field}\n${p.message}`, p]));
  return [...unique.values()].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compareText(a.field, b.field) ||
      compareText(a.message, b.message),
  );
}

/** Problems of one file that anybody reads. */
export const MOST_TOLD = 1000;

/** The first problems of a file, and how many more there are: also `untold`, of which nobody made a text. */
export function firstProblems(problems: readonly Problem[], untold = 0): readonly Problem[] {
  const [one] = problems;
  const told = problems.filter(({ more }) => more === undefined);
  const left = Math.max(0, told.length - MOST_TOLD);
  const more = problems.reduce((sum, problem) => sum + (problem.more ?? 0), left + untold);
  if (!one || more === 0) return problems;
  const message = `${more} more ${more === 1 ? 'problem' : 'problems'} than those told here`;
  const rest = { file: one.file, line: 0, column: 0, field: '', message, fix: 'Put these right first', more };
  return [...sortProblems(told).slice(0, MOST_TOLD), rest];
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One problem as a line: `file:line:column: field: what (value). Allowed: …. Did you mean "x"? Fix: ….` */
export function renderProblem(problem: Problem): string {
  const field = problem.field ? `${shownText(problem.field, MAX_NAME)}: ` : '';
  const parts = [`${placeOf(problem)}: ${field}${shownText(problem.message, MAX_MESSAGE)}.`];
  if (problem.allowed?.length) {
    const shown = problem.allowed
      .slice(0, MAX_ALLOWED)
      .map((word) => shownText(word, MAX_NAME))
      .join(', ');
    const rest = problem.allowed.length - MAX_ALLOWED;
    parts.push(`Allowed: ${shown}${rest > 0 ? ` and ${rest} more` : ''}.`);
  }
  if (problem.suggestion !== undefined) parts.push(`Did you mean "${shownText(problem.suggestion, MAX_NAME)}"?`);
  if (problem.fix !== undefined) parts.push(`Fix: ${shownText(problem.fix, MAX_MESSAGE)}.`);
  return parts.join(' ');
}

export interface RenderOptions {
  /** Off unless asked for: the caller knows whether it writes to a terminal. */
  readonly colour?: boolean;
}

/** All problems, sorted, each with its source line and a caret under the place, and their number at the end. */
export function renderProblems(problems: readonly Problem[], options: RenderOptions = {}): string {
  const paint = (code: number, text: string): string => (options.colour ? `\u001B[${code}m${text}\u001B[0m` : text);
  const sorted = sortProblems(problems);
  const blocks = sorted.map((problem) => {
    const place = placeOf(problem);
    const text = renderProblem(problem).slice(place.length);
    return [paint(1, place) + text, ...caretLines(problem).map((line) => paint(2, line))].join('\n');
  });
  const files = new Set(sorted.map((problem) => problem.file)).size;
  const count = `${sorted.length} ${sorted.length === 1 ? 'problem' : 'problems'} in ${files} ${files === 1 ? 'file' : 'files'}`;
  return `${blocks.join('\n')}\n${count}\n`;
}

/** A text from a file on one line: short, and without power over the terminal. */
function shownText(text: string, limit: number): string {
  const { text: kept, cut } = cutText(hideCredentials(text), limit);
  return cut ? `${visibleLine(kept)}…` : visibleLine(kept);
}

function placeOf(problem: Problem): string {
  const file = visibleLine(problem.file);
  return problem.line > 0 ? `${file}:${problem.line}:${problem.column}` : file;
}

function caretLines(problem: Problem): string[] {
  if (!problem.excerpt || problem.line === 0) return [];
  const start = problem.column > MAX_EXCERPT - 20 ? problem.column - 60 : 0;
  const text = problem.excerpt.slice(start, start + MAX_EXCERPT);
  const gutter = `${problem.line} | `;
  const before = visibleText(text.slice(0, Math.max(0, problem.column - 1 - start))).replace(/[^\t]/g, ' ');
  return [`  ${gutter}${visibleText(text)}`, `  ${' '.repeat(gutter.length - 2)}| ${before}^`];
}

/** A value as a message shows it: short, quoted like JSON. */
export function showValue(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) as string | undefined);
  if (text === undefined) return typeof value;
  const masked = text.replace(USER_INFO, '$1***@');
  return masked.length > 80 ? `${masked.slice(0, 77)}…` : masked;
}

/** User and password in a URL. */
const USER_INFO = /(:\/\/)[^@/\s"']+@/g;
const SECRET_NAME = /pass(word|wd|phrase)?|token|secret|api-?key|private-?key|credential/i;

/** Does a field of this name hold a secret? Its value is then never shown. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Takes what looks like a secret out of a source line before anybody sees it. */
export function maskSecrets(line: string): string {
  return hideCredentials(line)
    .replace(
      /((?:pass(?:word|wd|phrase)?|token|secret|api-?key|private-?key|credential)[\w-]*["']?\s*[:=]\s*)(?!\{)("[^"]*"?|'[^']*'?|[^\s,}#][^,}#]*)/gi,
      '$1***',
    )
    .replace(USER_INFO, '$1***@');
}
