/** YAML files that people write: parsed with the place of every value, or refused with every reason at once. */
import { constructFromEvents, parseEvents, YAMLException, type Event } from 'js-yaml';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SourcePlace } from '../../../checks/contract/plan.ts';
import { visibleText } from '../../../checks/contract/visible-text.ts';
import { pointerStep, positionsOf, type Offsets } from '../../../k8s/semantics/objects/positions.ts';
import { firstProblems, maskSecrets, type Problem } from '../problems.ts';

/** Far above any file a person writes. */
export const MAX_YAML_BYTES = 1024 * 1024;
const MAX_DEPTH = 40;

/** What a problem says besides its place. */
export type ProblemText = Pick<Problem, 'message'> & Partial<Pick<Problem, 'allowed' | 'suggestion' | 'fix' | 'field'>>;

export interface YamlFile {
  readonly file: string;
  /** The document; undefined when it could not be parsed. Plain objects, arrays, strings, numbers, booleans and null. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Place of a value by JSON pointer, or of its key; the nearest enclosing one that exists. */
  at(pointer: string, what?: 'key' | 'value'): SourcePlace;
  /** A problem at a value, or at its key, with the source line. */
  problem(pointer: string, text: ProblemText, what?: 'key' | 'value'): Problem;
}

const SYNTAX: readonly (readonly [RegExp, string, string])[] = [
  [/tab characters/, 'a tab is used for indentation', 'Indent with spaces'],
  [
    /deficient indentation/,
    'this line is not indented enough, or a quote or bracket opened above it is not closed',
    'Close it, or indent this line',
  ],
  [
    /bad indentation/,
    'the indentation is wrong here',
    'Align it with its neighbours, two spaces a level; quote a text that holds ": "',
  ],
  [/within a flow collection/, 'a bracket is not closed', 'Close it with ] or }'],
  [/within a .*quoted scalar/, 'a quote is not closed', 'Close the quote'],
  [/nesting|maxDepth|depth/i, `it is nested deeper than ${MAX_DEPTH} levels`, 'Write it flatter'],
  [/more.*document|single document/, 'it holds more than one document', 'Split it into files'],
  [/empty/, 'it is empty', 'Write the document'],
];

/** Parses a text; never throws. `file` is how problems name it. */
export function parseYamlFile(text: string, file: string): YamlFile {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (Buffer.byteLength(source) > MAX_YAML_BYTES) {
    return unreadable(file, { message: `the file is larger than ${MAX_YAML_BYTES / 1024} KiB`, fix: 'Split it' });
  }
  let events: Event[];
  try {
    events = parseEvents(source, { maxDepth: MAX_DEPTH });
  } catch (error) {
    return syntaxError(source, file, error);
  }
  const { offsets, refusals } = positionsOf(source, events, (offset) => lineColumn(source, offset).line);
  const build = (value: unknown, problems: readonly Problem[]): YamlFile =>
    yamlFile(source, file, offsets, value, firstProblems(problems));
  const locate = build(undefined, []);
  const refused = refusals.map(({ offset, pointer, message, fix }) => ({
    ...locate.problem(pointer, { message, fix }),
    ...lineColumn(source, offset),
    excerpt: excerptAt(source, offset),
  }));
  // A bomb needs aliases, a code object needs tags: neither is ever constructed. Twice-written keys are, so that the rest is checked too.
  const harmless = refused.every((problem) => problem.message.startsWith('the key '));
  if (!harmless) return build(undefined, refused);
  try {
    const documents = constructFromEvents(events, { source, json: true, maxAliases: 0 });
    if (documents.length === 0)
      return build(undefined, [whole(file, { message: 'it is empty', fix: 'Write the document' })]);
    if (documents.length > 1) {
      return build(undefined, [
        whole(file, { message: 'it holds more than one document', fix: 'Split it into files' }),
      ]);
    }
    return build(documents[0], [...refused, ...controlCharacters(documents[0], locate)]);
  } catch (error) {
    const failed = syntaxError(source, file, error);
    return build(undefined, [...refused, ...failed.problems]);
  }
}

/** No name and no text of a checklist holds terminal commands: whoever wrote one wants to mislead those who read it. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/u;

/** Control characters in keys and texts. */
function controlCharacters(document: unknown, locate: YamlFile): Problem[] {
  const problems: Problem[] = [];
  const look = (text: string, pointer: string, what: 'key' | 'value'): void => {
    const found = CONTROL.exec(text)?.[0];
    if (found === undefined) return;
    const message = `holds the control character ${visibleText(found)}`;
    problems.push(locate.problem(pointer, { message, fix: 'Remove it' }, what));
  };
  const walk = (value: unknown, pointer: string): void => {
    if (typeof value === 'string') look(value, pointer, 'value');
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      look(name, pointer + pointerStep(name), 'key');
      walk(member, pointer + pointerStep(name));
    }
  };
  walk(document, '');
  return problems;
}

/** Reads and parses a file; `file` is relative to `root` or absolute. Missing, too large and not UTF-8 are problems. */
export function readYamlFile(root: string, file: string): YamlFile {
  const path = resolve(root, file);
  if (!existsSync(path))
    return unreadable(file, { message: 'there is no such file', fix: 'Create it or correct the name' });
  const stats = statSync(path);
  if (!stats.isFile()) return unreadable(file, { message: 'it is not a file', fix: 'Name a YAML file' });
  if (stats.size > MAX_YAML_BYTES) {
    return unreadable(file, { message: `the file is larger than ${MAX_YAML_BYTES / 1024} KiB`, fix: 'Split it' });
  }
  try {
    return parseYamlFile(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path)), file);
  } catch {
    return unreadable(file, {
      message: 'it cannot be read as UTF-8 text',
      fix: 'Save it as UTF-8 and make it readable',
    });
  }
}

/** `/items/3/params/min` as people read it: `items[3].params.min`. */
export function fieldOf(pointer: string): string {
  return steps(pointer)
    .map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

function steps(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

function yamlFile(
  source: string,
  file: string,
  offsets: ReadonlyMap<string, Offsets>,
  value: unknown,
  problems: readonly Problem[],
): YamlFile {
  const offsetOf = (pointer: string, what: 'key' | 'value'): number => {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
      const found = offsets.get(at);
      if (found) return what === 'key' || at !== pointer ? (found.key ?? found.value) : found.value;
      if (at === '') return 0;
    }
  };
  const at = (pointer: string, what: 'key' | 'value' = 'value'): SourcePlace => ({
    file,
    ...lineColumn(source, offsetOf(pointer, what)),
  });
  const problem = (pointer: string, text: ProblemText, what: 'key' | 'value' = 'value'): Problem => ({
    field: fieldOf(pointer),
    ...text,
    ...at(pointer, what),
    excerpt: excerptAt(source, offsetOf(pointer, what)),
  });
  return { file, value, problems, at, problem };
}

function unreadable(file: string, text: ProblemText): YamlFile {
  return yamlFile('', file, new Map(), undefined, [whole(file, text)]);
}

function whole(file: string, text: ProblemText): Problem {
  return { field: '', ...text, file, line: 0, column: 0 };
}

function syntaxError(source: string, file: string, error: unknown): YamlFile {
  if (!(error instanceof YAMLException)) throw error;
  const [, message, fix] = SYNTAX.find(([pattern]) => pattern.test(error.reason)) ?? [
    null,
    `this is not YAML: ${error.reason}`,
    undefined,
  ];
  const text: ProblemText = fix === undefined ? { message } : { message, fix };
  if (!error.mark) return unreadable(file, text);
  const position = error.mark.position;
  const problem: Problem = {
    field: '',
    ...text,
    file,
    ...lineColumn(source, position),
    excerpt: excerptAt(source, position),
  };
  return yamlFile(source, file, new Map(), undefined, [problem]);
}

/** Offsets at which lines start, of the last text asked about: one file is asked about many times in a row. */
let lineStarts: { source: string; starts: readonly number[] } = { source: '', starts: [0] };

function startsOf(source: string): readonly number[] {
  if (lineStarts.source !== source) {
    const starts = [0];
    for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
    lineStarts = { source, starts };
  }
  return lineStarts.starts;
}

function lineColumn(source: string, offset: number): { line: number; column: number } {
  const starts = startsOf(source);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

/** No person wrote a longer line: it is not shown. One line may have thousands of problems, each of which would show it. */
const LONGEST_LINE = 2000;

function excerptAt(source: string, offset: number): string {
  const { line } = lineColumn(source, offset);
  const starts = startsOf(source);
  const start = starts[line - 1] ?? 0;
  const end = starts[line] ?? source.length;
  return end - start > LONGEST_LINE ? '' : maskSecrets(source.slice(start, end).replace(/\r?\n$/, ''));
}
