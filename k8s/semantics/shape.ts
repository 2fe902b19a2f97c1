/**
 * Reading plain objects that came from an API server or a file, where every field may be absent, null or of another type than
 * expected. A field of the wrong type reads as absent: the rules in this folder are written so that absent is never the
 * lenient answer by accident.
 */

/** A plain object whose fields are not known to be anything. */
export type Shape = Readonly<Record<string, unknown>>;

const nothing: Shape = Object.freeze({});

/** True for an object that is neither null nor an array. */
export function isShape(value: unknown): value is Shape {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is not an object. */
export function shape(value: unknown): Shape {
  return isShape(value) ? value : nothing;
}

/** The objects in a list; an empty list when it is no list. Members that are not objects are left out. */
export function shapes(value: unknown): readonly Shape[] {
  return Array.isArray(value) ? value.filter(isShape) : [];
}

/** The value when it is a string, else undefined. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The strings of a list; an empty list when it is no list. */
export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((member) => typeof member === 'string') : [];
}

/** The value when it is a finite number, else undefined. */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The members of an object that are strings, such as labels. */
export function textMap(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(shape(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

/** What a path such as `spec.template.metadata` leads to, or undefined. */
export function at(value: unknown, path: string): unknown {
  let inner = value;
  for (const field of fieldsOf(path)) inner = isShape(inner) ? inner[field] : undefined;
  return inner;
}

/** The few paths that this folder asks for, of each of many objects. */
const known = new Map<string, readonly string[]>();
function fieldsOf(path: string): readonly string[] {
  const fields = known.get(path) ?? path.split('.');
  known.set(path, fields);
  return fields;
}

/** `metadata.name`, or an empty string. */
export function nameOf(value: unknown): string {
  return text(shape(shape(value)['metadata'])['name']) ?? '';
}

/** `metadata.namespace`, or an empty string. */
export function namespaceOf(value: unknown): string {
  return text(shape(shape(value)['metadata'])['namespace']) ?? '';
}
