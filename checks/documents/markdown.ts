/** What a Markdown document says, as plain data: front matter, sections and their anchors, links, and every passage with its line. */
import { createHash } from 'node:crypto';
import GithubSlugger from 'github-slugger';
import { FAILSAFE_SCHEMA, load } from 'js-yaml';
import MarkdownIt from 'markdown-it';
import { isRecord } from '../contract/json.ts';

/** A heading and what stands below it until the next one of its depth or above. */
export interface Section {
  readonly title: string;
  /** As GitHub makes it of the title; a repeated one ends in `-1`. */
  readonly anchor: string;
  readonly depth: number;
  readonly line: number;
  /** Words of its text and code, those of its subsections included. */
  readonly words: number;
  /** The first word that says that nobody has written it yet: `TODO`. */
  readonly unwritten?: string;
}
/** A run of text that belongs together: a paragraph, a table's cell, a code block's line. */
export interface Passage {
  readonly line: number;
  /** Code spans stand in backticks; struck-out text and comments are left out. */
  readonly text: string;
  readonly form: 'prose' | 'heading' | 'cell' | 'code' | 'diagram';
  /** Titles of the sections around it, outermost first. */
  readonly within: readonly string[];
  /** The heading of its column, for a cell. */
  readonly column?: string;
}
export interface MarkdownDocument {
  readonly path: string;
  /** Texts as they are written: a date is no Date, `no` no boolean. */
  readonly front: Readonly<Record<string, string>>;
  /** Why the front matter could not be read. */
  readonly frontProblem?: string;
  /** `sha256:…` of everything below the front matter. */
  readonly digest: string;
  readonly sections: readonly Section[];
  /** Anchors that the author set, `<a id="…">`. */
  readonly ids: readonly string[];
  readonly links: readonly { readonly to: string; readonly line: number }[];
  readonly passages: readonly Passage[];
}

const FRONT = /^---[ \t]*\n([\s\S]*?\n)?---[ \t]*(?:\n|$)/;
const DIAGRAMS = /^(mermaid|plantuml|puml|dot|graphviz|d2)\b/i;
const UNWRITTEN = /\b(TODO|TBD|TBA|FIXME|XXX)\b|lorem ipsum|coming soon|to be (?:written|defined|done)/i;

type Token = ReturnType<InstanceType<typeof MarkdownIt>['parse']>[number];

const STRIKES: Readonly<Record<string, number>> = { s_open: 1, s_close: -1 };
/** What people read of an inline token: markup has no text of its own. */
const plainOf = ({ type, content }: Token): string =>
  type === 'text' ? content : /^(soft|hard)break$/.test(type) ? ' ' : '';

/** Reads a document. Never throws: what it cannot read stays out of it, and a front matter that is no YAML is told as such. */
export function readMarkdown(path: string, text: string): MarkdownDocument {
  const source = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const [whole = '', yaml = ''] = FRONT.exec(source) ?? [];
  const body = source.slice(whole.length);
  const reading = new Reading(whole.split('\n').length - 1);
  for (const token of new MarkdownIt({ html: true, linkify: true }).parse(body, {})) reading.take(token);
  return {
    path,
    ...frontOf(yaml),
    digest: `sha256:${createHash('sha256').update(body).digest('hex')}`,
    sections: reading.sections(),
    ids: reading.ids,
    links: reading.links,
    passages: reading.passages,
  };
}

function frontOf(yaml: string): Pick<MarkdownDocument, 'front' | 'frontProblem'> {
  try {
    const value = yaml.trim() === '' ? {} : load(yaml, { schema: FAILSAFE_SCHEMA });
    if (!isRecord(value)) return { front: {}, frontProblem: 'it is no map' };
    const texts = Object.entries(value).filter((one): one is [string, string] => typeof one[1] === 'string');
    return { front: Object.fromEntries(texts) };
  } catch (error) {
    return { front: {}, frontProblem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it is no YAML' };
  }
}

/** Walks over the tokens of markdown-it, which names the lines of blocks. */
class Reading {
  readonly ids: string[] = [];
  readonly links: { to: string; line: number }[] = [];
  readonly passages: Passage[] = [];
  readonly #offset: number;
  readonly #slugger = new GithubSlugger();
  readonly #headings: { title: string; anchor: string; depth: number; line: number; from: number }[] = [];
  /** Titles by depth; empty where a level was left out. */
  #within: readonly string[] = [];
  #line = 1;
  #form: Passage['form'] = 'prose';
  #depth = 0;
  #columns: string[] = [];
  #cell = 0;
  #inHead = false;

  constructor(offset: number) {
    this.#offset = offset;
  }

  take(token: Token): void {
    if (token.map) this.#line = token.map[0] + 1 + this.#offset;
    if (token.type === 'inline') return this.#inline(token);
    if (token.type === 'fence' || token.type === 'code_block') return this.#code(token);
    if (token.type === 'html_block') return this.#html(token.content);
    this.#structure(token.type, token.tag);
  }

  #structure(type: string, tag: string): void {
    if (type === 'heading_open') [this.#form, this.#depth] = ['heading', Number(tag.slice(1))];
    if (type === 'thead_open') [this.#inHead, this.#columns] = [true, []];
    if (type === 'thead_close') this.#inHead = false;
    if (type === 'tr_open') this.#cell = 0;
    if (type === 'th_open' || type === 'td_open') this.#form = 'cell';
    if (type === 'th_close' || type === 'td_close') this.#cell += 1;
    if (/^(heading|th|td)_close$/.test(type)) this.#form = 'prose';
  }

  #inline(token: Token): void {
    const { text, plain } = this.#textOf(token.children ?? []);
    if (this.#form === 'heading') {
      const [title, from] = [plain.trim(), this.passages.length];
      const anchor = this.#slugger.slug(title);
      this.#headings.push({ title, anchor, depth: this.#depth, line: this.#line, from });
      const above = Array.from({ length: this.#depth - 1 }, (_, level) => this.#within[level] ?? '');
      this.#within = [...above, title];
    }
    if (this.#inHead) this.#columns.push(plain.trim());
    const column = this.#form === 'cell' && !this.#inHead ? this.#columns[this.#cell] : undefined;
    this.#add(this.#line, text, this.#form, column);
  }

  /** A paragraph's text, and the same without backticks; links are collected with the line on which they stand. */
  #textOf(children: readonly Token[]): { text: string; plain: string } {
    const [texts, plain]: [string[], string[]] = [[], []];
    let line = this.#line;
    let struck = 0;
    for (const child of children) {
      const { type, content } = child;
      struck += STRIKES[type] ?? 0;
      if (/^(soft|hard)break$/.test(type)) line += 1;
      this.#linkOf(child, line);
      if (struck > 0) continue;
      texts.push(type === 'code_inline' ? `\`${content}\`` : plainOf(child));
      plain.push(type === 'code_inline' ? content : plainOf(child));
    }
    return { text: texts.join(''), plain: plain.join('') };
  }

  #linkOf(child: Token, line: number): void {
    const to = child.attrGet(child.type === 'image' ? 'src' : 'href');
    if (to !== null) this.links.push({ to: String(to), line });
    if (child.type === 'html_inline') this.#html(child.content);
  }

  #code(token: Token): void {
    const form = DIAGRAMS.test(token.info.trim()) ? 'diagram' : 'code';
    const first = this.#line + (token.type === 'fence' ? 1 : 0);
    for (const [index, line] of token.content.split('\n').entries()) this.#add(first + index, line, form);
  }

  #html(text: string): void {
    for (const [, id = ''] of text.matchAll(/<\w+[^>]*?\b(?:id|name)=["']?([^"'\s>]+)/g)) this.ids.push(id);
  }

  #add(line: number, text: string, form: Passage['form'], column?: string): void {
    if (text.trim() === '') return;
    this.passages.push({
      line,
      text: text.trim(),
      form,
      within: this.#within.filter((one) => one !== ''),
      ...(column === undefined ? {} : { column }),
    });
  }

  sections(): Section[] {
    return this.#headings.map(({ title, anchor, depth, line, from }, index) => {
      const next = this.#headings.slice(index + 1).find((one) => one.depth <= depth);
      const texts = this.passages.slice(from, next?.from).filter(({ form }) => form !== 'heading');
      const unwritten = texts.map(({ text }) => UNWRITTEN.exec(text)?.[0]).find((one) => one !== undefined);
      const words = texts.reduce((sum, { text }) => sum + text.split(/\s+/).filter((one) => /\w/.test(one)).length, 0);
      return { title, anchor, depth, line, words, ...(unwritten === undefined ? {} : { unwritten }) };
    });
  }
}
