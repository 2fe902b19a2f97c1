/**
 * What a Go decoder does with an object of a builtin kind: wrong types are refused, unknown fields are named and dropped. The fields are
 * those of the Kubernetes client's own models, copied into `fields.json` (`rehearsal/api-server/schema.test.ts` compares them and, with `-u`, writes them).
 */
import { parseQuantity } from '../quantity.ts';
import { isShape, text, type Shape } from '../shape.ts';
import fieldsOf from './fields.json' with { type: 'json' };

/** Field by field its type: `string`, `int32`, `Pod…` of this table, `[T` for a list, `{T` for a map. */
type Fields = Readonly<Record<string, string>>;
const TYPES: Readonly<Record<string, Fields>> = fieldsOf;

export interface Decoded {
  /** The object without what its kind does not know. */
  readonly value: Shape;
  /** Paths of unknown fields, in the order they stand. */
  readonly unknown: readonly string[];
  /** What the decoder says of the first value of a wrong type; null when all fit. */
  readonly problem: string | null;
}

/** A kind of a version, whatever its group: only Kubernetes' own are known here. */
export interface ObjectType {
  readonly version: string;
  readonly kind: string;
}
/** The type that an object says it is of. */
export function typeOf(object: Shape): ObjectType {
  const apiVersion = text(object['apiVersion']) ?? '';
  return { version: apiVersion.slice(apiVersion.indexOf('/') + 1), kind: text(object['kind']) ?? '' };
}

/** Decodes an object as its kind. Of kinds that are custom resources only the metadata is known. */
export function decodeAs(kind: ObjectType, object: Shape): Decoded {
  const type = kind.kind === 'Event' ? 'CoreV1Event' : `${kind.version.toUpperCase()}${kind.kind}`;
  const anything = Object.fromEntries(Object.keys(object).map((name) => [name, 'any']));
  const decoder = new Decoder();
  const fields = TYPES[type] ?? { ...anything, ...CUSTOM_FIELDS };
  const value = decoder.fields(fields, object, kind.kind, { go: '', path: '' });
  return { value, unknown: decoder.unknown, problem: decoder.problem };
}

const CUSTOM_FIELDS: Fields = { metadata: 'V1ObjectMeta', spec: 'object', status: 'object' };
/** The words of k8s.io/apimachinery/pkg/api/resource. */
const QUANTITY = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const SUFFIX = /^(?:[numkMGTPE]?|[KMGTPE]i|[eE][-+]?\d+)$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

const isWhole = (limit: number) => (value: unknown) => Number.isInteger(value) && Math.abs(value as number) <= limit;
/** Types that are not plainly those of JSON. */
const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  any: () => true,
  object: isShape,
  int32: isWhole(2 ** 31),
  int64: isWhole(2 ** 63),
  intOrString: (value) => Number.isInteger(value) || typeof value === 'string',
  quantity: (value) => typeof value === 'number' || typeof value === 'string',
  // What is patched was stored before, with dates in it.
  time: (value) => typeof value === 'string' || value instanceof Date,
};

/** A field as Go names it (no index, the struct before it) and as `unknown field` names it. */
interface Position {
  readonly go: string;
  readonly path: string;
}

class Decoder {
  readonly unknown: string[] = [];
  problem: string | null = null;

  fields(fields: Fields, object: Shape, struct: string, at: Position): Shape {
    const known: [string, unknown][] = [];
    for (const [name, value] of Object.entries(object)) {
      const inner = { go: join(at.go, name), path: join(at.path, name) };
      const type = fields[name];
      if (type === undefined) this.unknown.push(inner.path);
      else known.push([name, value === null ? null : this.#value(type, value, struct, inner)]);
    }
    return Object.fromEntries(known);
  }

  #value(type: string, value: unknown, struct: string, at: Position): unknown {
    if (type.startsWith('[')) {
      if (!Array.isArray(value)) return this.#wrong(value, struct, at, type);
      return value.map((member: unknown, index) =>
        member === null
          ? null
          : this.#value(type.slice(1), member, struct, { go: at.go, path: `${at.path}[${index}]` }),
      );
    }
    if (type.startsWith('{')) {
      if (!isShape(value)) return this.#wrong(value, struct, at, type);
      return Object.fromEntries(
        Object.entries(value).map(([key, member]) => [
          key,
          member === null ? null : this.#value(type.slice(1), member, struct, { go: at.go, path: join(at.path, key) }),
        ]),
      );
    }
    const fields = TYPES[type];
    if (fields)
      return isShape(value) ? this.fields(fields, value, goName(type), at) : this.#wrong(value, struct, at, type);
    return this.#plain(type, value, struct, at);
  }

  #plain(type: string, value: unknown, struct: string, at: Position): unknown {
    const fits = PLAIN[type];
    if (!(fits ? fits(value) : typeof value === type))
      return this.#wrong(value, struct, at, type === 'object' ? `v1.${struct}Spec` : type);
    if (type === 'time') this.#time(value);
    if (type !== 'quantity') return value;
    this.#quantity(String(value));
    return String(value);
  }

  #time(value: unknown): void {
    if (typeof value === 'string' && !TIME.test(value))
      this.problem ??= `parsing time "${value}" as "2006-01-02T15:04:05Z07:00": cannot parse "${value}" as "2006"`;
  }

  #quantity(text: string): void {
    const parts = QUANTITY.exec(text);
    if (!parts) this.problem ??= `quantities must match the regular expression '${QUANTITY.source}'`;
    else if (!SUFFIX.test(parts[2] ?? '')) this.problem ??= "unable to parse quantity's suffix";
    else if (!isQuantity(text)) this.problem ??= 'unable to parse numeric part of quantity';
  }

  /** Keeps what is said of the first wrong value. */
  #wrong(value: unknown, struct: string, at: Position, type: string): undefined {
    this.problem ??= `json: cannot unmarshal ${jsonType(value)} into Go struct field ${struct}.${at.go} of type ${goType(type)}`;
  }
}

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

function join(before: string, name: string): string {
  return before === '' ? name : `${before}.${name}`;
}

function goName(type: string): string {
  return type.replace(/^(?:Core|Apps)?V\d+/, '');
}

/** `map[string]string` of `{string`, `[]v1.Container` of `[V1Container`. */
function goType(type: string): string {
  if (type.startsWith('[')) return `[]${goType(type.slice(1))}`;
  if (type.startsWith('{')) return `map[string]${goType(type.slice(1))}`;
  if (type === 'boolean') return 'bool';
  if (type === 'bytes') return '[]uint8';
  const version = /^(?:Core|Apps)?(V\d+)/.exec(type)?.[1];
  return version === undefined ? type : `${version.toLowerCase()}.${goName(type)}`;
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (isShape(value)) return 'object';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'number' : `number ${value}`) : typeof value;
}

const OPENING = /^[[{]$/;
const CLOSING = /^[\]}]$/;

interface Frame {
  readonly path: string;
  /** Of an object; a list has none. */
  readonly keys: Set<string> | null;
  index: number;
  key: string;
}

/** Fields that a JSON text gives more than once, by their paths. JSON.parse takes the last one without a word. */
export function duplicateFields(json: string): readonly string[] {
  const found: string[] = [];
  const open: Frame[] = [];
  let before = '';
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    const frame = open.at(-1);
    if (OPENING.test(token))
      open.push({ path: pathWithin(frame), keys: token === '{' ? new Set() : null, index: 0, key: '' });
    else if (CLOSING.test(token)) open.pop();
    else if (token === ',' && frame) frame.index += 1;
    else if (token.startsWith('"') && frame?.keys && before !== ':') take(frame, frame.keys, token, found);
    before = token;
  }
  return found;
}

function take(frame: Frame, keys: Set<string>, token: string, found: string[]): void {
  frame.key = JSON.parse(token) as string;
  if (keys.has(frame.key)) found.push(join(frame.path, frame.key));
  keys.add(frame.key);
}

function pathWithin(frame: Frame | undefined): string {
  if (!frame) return '';
  return frame.keys ? join(frame.path, frame.key) : `${frame.path}[${frame.index}]`;
}
