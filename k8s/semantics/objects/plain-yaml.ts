/**
 * The YAML that nearly every manifest is written in: nested maps and lists of one-line values. A document of it is read at a fifth of the
 * cost of the whole language, of which it must be exactly a part: whatever could mean something else is left to js-yaml, by an answer of
 * undefined (anchors, tags, folded text, escapes, keys that are no names, quotes over several lines, tabs).
 * `plain-yaml.test.ts` holds both against each other.
 */
import { valueOfPlain } from './manifest-schema.ts';
import { pointerStep } from './positions.ts';

/** Where each key, and each member of a list, begins in the text, by JSON pointer. */
export type Offsets = Map<string, number>;

/** The document, or undefined where it is more than plain. Given `offsets`, it fills them in. */
export function readPlainYaml(text: string, offsets?: Offsets): { readonly found: unknown } | undefined {
  if (NOT_PLAIN.test(text)) return undefined;
  try {
    return { found: reader.document(text, offsets) };
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

/** Controls, spaces and line ends of other kinds, what lies beyond 16 bits; a line that ends the document. */
const NOT_PLAIN = /[^ -~\n\u00a1-\u1fff\u2010-\u2027\u2030-\u2fff]|^\.\.\./m;
const KEY = /[A-Za-z_][\w./-]*(?=:[ \n])/y;
const WORD_START = /[\w./~+$(-]/;
const FLOW_WORD = /[\w./+](?:[\w./+@=-]| (?=[\w./+@=-]))*/y;
const MAX_DEPTH = 60;
const [LINE_END, SPACE, HASH, DASH, COLON] = [10, 32, 35, 45, 58];

class NotPlain extends Error {}
/** One for all: the stack of an error costs more than most documents. */
const NOT_PLAIN_HERE = new NotPlain('this document is more than plain');

class PlainReader {
  #text = '';
  #offsets: Offsets | undefined;
  /** Where the content of the current line begins, its column, and where the line ends; at the end of the text the column is -1. */
  #at = 0;
  #column = 0;
  #end = -1;
  #depth = 0;

  document(text: string, offsets: Offsets | undefined): unknown {
    // A last line without its end would need a case of its own everywhere.
    this.#text = text.endsWith('\n') ? text : `${text}\n`;
    this.#offsets = offsets;
    this.#end = -1;
    this.#depth = 0;
    this.#nextLine();
    if (this.#column === 0 && this.#text.startsWith('---', this.#at)) {
      this.#needEnd(this.#at + 3);
      this.#nextLine();
    }
    const value = this.#block('');
    if (this.#column !== -1) this.#giveUp();
    return value;
  }

  #giveUp(): never {
    throw NOT_PLAIN_HERE;
  }

  /** To the next line that holds more than a comment. */
  #nextLine(): void {
    const text = this.#text;
    for (let start = this.#end + 1; start < text.length; start = this.#end + 1) {
      let at = start;
      while (text.charCodeAt(at) === SPACE) at += 1;
      this.#end = text.indexOf('\n', at);
      const first = text.charCodeAt(at);
      if (first === LINE_END || first === HASH) continue;
      this.#at = at;
      this.#column = at - start;
      return;
    }
    this.#column = -1;
  }

  #isMember(): boolean {
    return this.#text.charCodeAt(this.#at) === DASH && this.#text.charCodeAt(this.#at + 1) === SPACE;
  }

  /** The map or list that begins on this line. */
  #block(pointer: string): unknown {
    if ((this.#depth += 1) > MAX_DEPTH || this.#column === -1) this.#giveUp();
    const value = this.#isMember() ? this.#list(pointer) : this.#map(pointer);
    this.#depth -= 1;
    return value;
  }

  #map(pointer: string): unknown {
    const column = this.#column;
    const map: Record<string, unknown> = {};
    while (this.#column === column && !this.#isMember()) {
      const key = this.#key(this.#at);
      const inner = this.#offsets === undefined ? '' : pointer + pointerStep(key);
      this.#offsets?.set(inner, this.#at);
      const at = this.#skipSpaces(this.#at + key.length + 1);
      map[key] = this.#isEnd(at) ? this.#below(column, inner) : this.#value(at, column, inner);
    }
    if (this.#column > column) this.#giveUp();
    return map;
  }

  #key(at: number): string {
    KEY.lastIndex = at;
    if (!KEY.test(this.#text)) this.#giveUp();
    const key = this.#text.slice(at, KEY.lastIndex);
    if (key === '__proto__' || valueOfPlain(key) !== key) this.#giveUp();
    return key;
  }

  /** What stands below a key that nothing follows on its line; a list may stand right below. */
  #below(column: number, pointer: string): unknown {
    this.#nextLine();
    if (this.#column > column && /[[{]/.test(this.#text.charAt(this.#at)))
      return this.#value(this.#at, column, pointer);
    if (this.#column > column || (this.#column === column && this.#isMember())) return this.#block(pointer);
    return null;
  }

  #list(pointer: string): unknown {
    const column = this.#column;
    const list: unknown[] = [];
    while (this.#column === column && this.#isMember()) {
      const at = this.#skipSpaces(this.#at + 2);
      const inner = this.#offsets === undefined ? '' : `${pointer}/${list.length}`;
      // Its text begins on another line.
      if (this.#offsets !== undefined && /[|>]/.test(this.#text.charAt(at))) this.#giveUp();
      this.#offsets?.set(inner, at);
      KEY.lastIndex = at;
      if (KEY.test(this.#text)) {
        this.#column += at - this.#at;
        this.#at = at;
        list.push(this.#block(inner));
      } else list.push(this.#value(at, column, inner));
    }
    if (this.#column > column) this.#giveUp();
    return list;
  }

  /** A value on the line of its key or dash, in a map or list at `column`; the next line is the current one afterwards. */
  #value(at: number, column: number, pointer: string): unknown {
    const first = this.#text.charAt(at);
    if (first === '|' || first === '>') return this.#textBelow(at, column);
    let value: unknown;
    if (first === '"' || first === "'") {
      const quoted = this.#quoted(at);
      this.#needEnd(at + quoted.length + 2);
      value = quoted;
    } else if (first === '[' || first === '{') {
      const flow = this.#flow(at, column, pointer);
      this.#needEnd(flow.next);
      ({ value } = flow);
    } else value = valueOfPlain(this.#lines(at, column));
    this.#nextLine();
    // The value goes on.
    if (this.#column > column) this.#giveUp();
    return value;
  }

  #skipSpaces(from: number): number {
    let at = from;
    while (this.#text.charCodeAt(at) === SPACE) at += 1;
    return at;
  }

  /** Nothing more on the line, or a comment. */
  #isEnd(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    return code === LINE_END || (code === HASH && this.#text.charCodeAt(at - 1) === SPACE);
  }
  #needEnd(from: number): void {
    if (!this.#isEnd(this.#skipSpaces(from))) this.#giveUp();
  }

  #quoted(at: number): string {
    const quote = this.#text.charAt(at);
    const end = this.#text.indexOf(quote, at + 1);
    if (end === -1 || end > this.#end || this.#text.charAt(end + 1) === quote) this.#giveUp();
    const value = this.#text.slice(at + 1, end);
    if (quote === '"' && value.includes('\\')) this.#giveUp();
    return value;
  }

  /** A plain scalar with the lines that go on with it. */
  #lines(from: number, column: number): string {
    const text = this.#text;
    if (!WORD_START.test(text.charAt(from))) this.#giveUp();
    if (text.charCodeAt(from) === DASH && text.charCodeAt(from + 1) <= SPACE) this.#giveUp();
    let words = this.#words(from);
    for (;;) {
      const start = this.#end + 1;
      const at = this.#skipSpaces(start);
      if (at >= text.length || at - start <= column || this.#isEnd(at)) return words;
      // After a comment nothing goes on.
      if (text.slice(from, this.#end).includes(' #')) this.#giveUp();
      this.#end = text.indexOf('\n', at);
      words += ` ${this.#words(at)}`;
    }
  }

  /** Words up to the end of their line, or to a comment. */
  #words(from: number): string {
    const text = this.#text;
    let end = from;
    for (let at = from; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === LINE_END || (code === HASH && text.charCodeAt(at - 1) === SPACE)) break;
      if (code === COLON && text.charCodeAt(at + 1) <= SPACE) this.#giveUp();
      if (code !== SPACE) end = at + 1;
    }
    return text.slice(from, end);
  }

  /** `[a, b]` or `{ a: b }`, also over several lines, in a map or list at `column`. */
  #flow(from: number, column: number, pointer: string): { readonly value: unknown; readonly next: number } {
    if ((this.#depth += 1) > MAX_DEPTH) this.#giveUp();
    const isList = this.#text.charAt(from) === '[';
    const [list, map, close]: [unknown[], Record<string, unknown>, string] = [[], {}, isList ? ']' : '}'];
    let at = this.#skipLines(from + 1, column);
    while (this.#text.charAt(at) !== close) {
      const key = isList ? String(list.length) : this.#key(at);
      const inner = this.#offsets === undefined ? '' : pointer + pointerStep(key);
      this.#offsets?.set(inner, at);
      const { value, next } = this.#flowValue(
        isList ? at : this.#skipLines(at + key.length + 1, column),
        column,
        inner,
      );
      if (isList) list.push(value);
      else map[key] = value;
      at = this.#afterMember(next, column, close);
    }
    this.#depth -= 1;
    return { value: isList ? list : map, next: at + 1 };
  }

  /** Where the next member begins, or the closing bracket is. */
  #afterMember(from: number, column: number, close: string): number {
    const at = this.#skipLines(from, column);
    if (this.#text.charAt(at) === ',') return this.#skipLines(at + 1, column);
    if (this.#text.charAt(at) !== close) this.#giveUp();
    return at;
  }

  /** Over spaces and line ends within brackets; each line is indented more than what the brackets belong to. */
  #skipLines(from: number, column: number): number {
    let at = this.#skipSpaces(from);
    while (this.#text.charCodeAt(at) === LINE_END) {
      const start = at + 1;
      at = this.#skipSpaces(start);
      if (start >= this.#text.length || at - start <= column) this.#giveUp();
      this.#end = this.#text.indexOf('\n', at);
    }
    return at;
  }

  #flowValue(at: number, column: number, pointer: string): { readonly value: unknown; readonly next: number } {
    const first = this.#text.charAt(at);
    if (first === '[' || first === '{') return this.#flow(at, column, pointer);
    if (first === '"' || first === "'") {
      const value = this.#quoted(at);
      return { value, next: at + value.length + 2 };
    }
    FLOW_WORD.lastIndex = at;
    const word = FLOW_WORD.exec(this.#text)?.[0];
    if (word === undefined || !/[ ,\]}\n]/.test(this.#text.charAt(at + word.length))) this.#giveUp();
    return { value: valueOfPlain(word), next: at + word.length };
  }

  /** Text over several lines, `|`, `|-`, `>` or `>-`, indented more than `column`. */
  #textBelow(at: number, column: number): string {
    const isStripped = this.#text.charCodeAt(at + 1) === DASH;
    if (this.#text.charCodeAt(at + (isStripped ? 2 : 1)) !== LINE_END) this.#giveUp();
    const lines = this.#linesBelow(column);
    while (lines.at(-1) === '') lines.pop();
    const isFolded = this.#text.charAt(at) === '>';
    // Empty lines, and lines that are indented further, fold otherwise.
    if (isFolded && lines.some((line) => line === '' || line.startsWith(' '))) this.#giveUp();
    return lines.join(isFolded ? ' ' : '\n') + (isStripped ? '' : '\n');
  }

  /** The lines that are indented as the first of them is, and empty ones; the line after them is the current one. */
  #linesBelow(column: number): string[] {
    const lines: string[] = [];
    let indent = -1;
    for (let start = this.#end + 1; start < this.#text.length; start = this.#end + 1) {
      const own = this.#skipSpaces(start) - start;
      const isEmpty = this.#text.charCodeAt(start + own) === LINE_END;
      if (isEmpty && own > 0) this.#giveUp();
      if (indent === -1 && !isEmpty) indent = own;
      if (!isEmpty && own < indent) {
        // Between the two: an error, or something rarer.
        if (own > column) this.#giveUp();
        break;
      }
      this.#end = this.#text.indexOf('\n', start);
      lines.push(isEmpty ? '' : this.#text.slice(start + indent, this.#end));
    }
    if (indent <= column) this.#giveUp();
    this.#nextLine();
    return lines;
  }
}

/** One for all documents: thousands of readers would cost as much as what they read. */
const reader = new PlainReader();
