/**
 * Kubernetes objects from text as kubectl reads it: several documents of YAML 1.1 or JSON, Lists of any kind. Each object keeps its place. A
 * document that cannot be read is reported with its place, and the others are read all the same. Pure.
 */
import { FAILSAFE_SCHEMA, load, parseEvents, YAMLException } from 'js-yaml';
import { isShape, text as textOf, type Shape } from '../shape.ts';
import { MANIFEST_SCHEMA } from './manifest-schema.ts';
import { readPlainYaml, type Offsets } from './plain-yaml.ts';
import { pointerStep, positionsOf } from './positions.ts';

export interface Place {
  readonly file: string;
  /** Which document of the file, from 1 on. */
  readonly document: number;
  /** From 1 on. */
  readonly line: number;
  readonly column: number;
}
/** An object and where it stands. */
export interface ReadObject {
  readonly object: Shape;
  readonly place: Place;
  /** The place of a field, `spec.containers[0].image`: of the nearest field around it that is written. */
  readonly at: (path: string) => Place;
}
/** A document, or a member of a List, that is no Kubernetes object. */
export interface UnreadDocument {
  readonly place: Place;
  readonly why: string;
  /** It was read, and is something else: values of a chart, a list of numbers. */
  readonly isNoObject?: boolean;
}
export interface ReadDocuments {
  readonly objects: readonly ReadObject[];
  readonly unread: readonly UnreadDocument[];
}

/** Anchors are rare in manifests; what expands without end is refused. */
const MAX_ALIASES = 100;
const MAX_DEPTH = 100;

export interface ReadOptions {
  /**
   * A name such as `y`, a truth value of YAML 1.1, or `1` is taken as it is written. An API server refuses such an object; who only asks what
   * its policies mean must not lose it for that.
   */
  readonly hasNamesAsWritten?: boolean;
}

/** Reads a whole file, or what a program has printed; never throws. */
export function readObjects(text: string, file: string, options: ReadOptions = {}): ReadDocuments {
  const objects: ReadObject[] = [];
  const unread: UnreadDocument[] = [];
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  for (const [index, chunk] of documentsOf(source).entries()) {
    const document = new Document(file, index + 1, chunk, options);
    const value = document.value();
    if ('problem' in value) unread.push(value.problem);
    // Comments alone, as helm leaves them.
    else if (value.found !== null && value.found !== undefined) expand(document, value.found, '', objects, unread, {});
  }
  return { objects, unread };
}

interface Chunk {
  readonly text: string;
  /** Lines of the file before it. */
  readonly linesBefore: number;
}

/** `---` at the start of a line begins a document wherever it stands, in block scalars, too (YAML 1.2, 9.1.2). */
function documentsOf(source: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let [start, line, startLine] = [0, 0, 0];
  for (let at = 0; at <= source.length; line += 1) {
    const end = source.indexOf('\n', at);
    const next = end === -1 ? source.length + 1 : end + 1;
    const isMarker = source.startsWith('---', at) && /^[\s]?$/.test(source.charAt(at + 3));
    if (isMarker && line > 0) {
      chunks.push({ text: source.slice(start, at), linesBefore: startLine });
      [start, startLine] = [at, line];
    }
    at = next;
  }
  chunks.push({ text: source.slice(start), linesBefore: startLine });
  // What stands before the first marker is mostly a comment.
  return chunks.filter(({ text }) => /^(?!\s*(#|$|---\s*$|\.\.\.\s*$|%))/m.test(text));
}

class Document {
  readonly #file: string;
  readonly #number: number;
  readonly #chunk: Chunk;
  readonly #options: ReadOptions;
  #offsets: ReadonlyMap<string, number> | undefined;
  constructor(file: string, number: number, chunk: Chunk, options: ReadOptions) {
    this.#file = file;
    this.#number = number;
    this.#chunk = chunk;
    this.#options = options;
  }

  /** The object with its name and namespace as texts, where that is asked for. */
  named(object: Shape, pointer: string): Shape {
    const { metadata } = object;
    if (this.#options.hasNamesAsWritten !== true || !isShape(metadata)) return object;
    const misread = ['name', 'namespace'].filter((key) => ['boolean', 'number'].includes(typeof metadata[key]));
    if (misread.length === 0) return object;
    let written: unknown = load(this.#chunk.text, { schema: FAILSAFE_SCHEMA, json: true });
    for (const step of [...pointer.split('/').slice(1), 'metadata'])
      written = (written as Readonly<Record<string, unknown>>)[step];
    const texts = written as Shape;
    return { ...object, metadata: { ...metadata, ...Object.fromEntries(misread.map((key) => [key, texts[key]])) } };
  }

  value(): { readonly found: unknown } | { readonly problem: UnreadDocument } {
    const { text } = this.#chunk;
    if (/^\s*[[{]/.test(text)) {
      try {
        return { found: JSON.parse(text) as unknown };
      } catch {
        // YAML's flow style looks like JSON, too.
      }
    }
    const plain = readPlainYaml(text);
    if (plain !== undefined) return plain;
    try {
      // Of a key written twice the last one counts, as for an API server that does not validate strictly.
      return {
        found: load(text, { schema: MANIFEST_SCHEMA, json: true, maxAliases: MAX_ALIASES, maxDepth: MAX_DEPTH }),
      };
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      return { problem: { place: this.#placeAt(error.mark?.position ?? 0), why: `it is not YAML: ${error.reason}` } };
    }
  }

  /** The place of what a JSON pointer leads to, or of the nearest around it. */
  placeOf(pointer: string): Place {
    this.#offsets ??= this.#read();
    for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const found = this.#offsets.get(at);
      if (found !== undefined) return this.#placeAt(found);
    }
    return this.start();
  }
  start(): Place {
    const { text } = this.#chunk;
    return this.#placeAt(Math.max(0, text.search(/^(?!\s*(#|$|---\s*$|%))/m)));
  }

  /** Found only when somebody asks: most documents have nothing to report. */
  #read(): ReadonlyMap<string, number> {
    const { text } = this.#chunk;
    const plain: Offsets = new Map();
    if (readPlainYaml(text, plain) !== undefined) return plain;
    const { offsets } = positionsOf(text, parseEvents(text, { maxDepth: MAX_DEPTH }));
    return new Map([...offsets].map(([pointer, { key, value }]) => [pointer, key ?? value]));
  }
  #placeAt(offset: number): Place {
    const { text, linesBefore } = this.#chunk;
    let [line, start] = [1, 0];
    for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
      line += 1;
      start = end + 1;
    }
    return { file: this.#file, document: this.#number, line: linesBefore + line, column: offset - start + 1 };
  }
}

/** Takes Lists apart; the members of a typed list (`DeploymentList`) carry no kind of their own in an API server's answer. */
function expand(
  document: Document,
  value: unknown,
  pointer: string,
  objects: ReadObject[],
  unread: UnreadDocument[],
  given: Shape,
): void {
  const where = (): Place => (pointer === '' ? document.start() : document.placeOf(pointer));
  if (!isShape(value)) {
    unread.push({ place: where(), why: 'it is no object', isNoObject: true });
    return;
  }
  const object = document.named({ ...given, ...value }, pointer);
  const kind = textOf(object['kind']);
  const apiVersion = textOf(object['apiVersion']);
  if (kind === undefined || kind === '' || apiVersion === undefined || apiVersion === '') {
    const missing = kind === undefined || kind === '' ? 'kind' : 'apiVersion';
    unread.push({ place: where(), why: `it has no ${missing}: no Kubernetes object`, isNoObject: true });
    return;
  }
  const { items } = object;
  if (Array.isArray(items) && kind.endsWith('List')) {
    const of = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
    for (const [index, item] of items.entries())
      expand(document, item, `${pointer}/items${pointerStep(index)}`, objects, unread, of);
    return;
  }
  objects.push({
    object,
    get place() {
      return where();
    },
    at: (path) => document.placeOf(pointer + pointerOf(object, path)),
  });
}

/** `metadata.annotations.a.b/c[0]` as a JSON pointer: a key may hold dots, the object tells where it ends. */
export function pointerOf(object: unknown, path: string): string {
  let [rest, value, pointer] = [path, object, ''];
  while (rest !== '') {
    const index = /^\[(\d+)\]\.?/.exec(rest);
    if (index !== null) {
      pointer += pointerStep(index[1] ?? '');
      value = Array.isArray(value) ? (value as readonly unknown[])[Number(index[1])] : undefined;
      rest = rest.slice(index[0].length);
      continue;
    }
    const key = keyAtStart(isShape(value) ? value : {}, rest) ?? /^[^.[]*/.exec(rest)?.[0] ?? rest;
    if (key === '' && rest !== '') return pointer;
    pointer += pointerStep(key);
    value = isShape(value) ? value[key] : undefined;
    rest = rest.slice(key.length).replace(/^\./, '');
  }
  return pointer;
}

/** The longest key that a path begins with. */
function keyAtStart(value: Shape, path: string): string | undefined {
  let longest: string | undefined;
  for (const key of Object.keys(value)) {
    const ends = path.length === key.length || path[key.length] === '.' || path[key.length] === '[';
    if (ends && path.startsWith(key) && key.length >= (longest?.length ?? 0)) longest = key;
  }
  return longest;
}
