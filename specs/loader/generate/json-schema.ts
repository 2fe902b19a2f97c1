/** Walking and printing JSON Schemas. */
import { compareText } from '../problems.ts';
import { isRecord } from '../../../checks/contract/json.ts';

export type Schema = Readonly<Record<string, unknown>>;

const MAPS = new Set(['properties', '$defs', 'dependencies']);
const SINGLE = new Set(['items', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else']);
const LISTS = new Set(['oneOf', 'anyOf', 'allOf']);

/** A copy with each schema directly inside replaced; values (`default`, `enum`, `const`) stay untouched. */
export function mapInner(schema: Schema, change: (inner: Schema) => unknown): Schema {
  const changed = (inner: unknown): unknown => (isRecord(inner) ? change(inner) : inner);
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (MAPS.has(keyword) && isRecord(value))
        return [keyword, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, changed(inner)]))];
      if (SINGLE.has(keyword)) return [keyword, changed(value)];
      if (LISTS.has(keyword) && Array.isArray(value)) return [keyword, value.map(changed)];
      return [keyword, value];
    }),
  );
}

/** The schema without these keywords of its own. */
export function without(schema: Schema, ...keywords: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)));
}

/** Equal for schemas that accept the same by the same keywords, whatever their own description and default. */
export function shapeKey(schema: Schema): string {
  return JSON.stringify(without(schema, 'description', 'default'), (_key, value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => compareText(a, b))) : value,
  );
}

const WIDTH = 120;

/** JSON in which whatever fits on a line stands on one: short enough to read, and a change touches its own lines only. */
export function compactJson(value: unknown, indent = '', taken = 0): string {
  const line = oneLine(value);
  if (indent.length + taken + line.length < WIDTH || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((one) => inner + compactJson(one, inner)).join(',\n')}\n${indent}]`;
  const members = Object.entries(value).map(([name, member]) => {
    const key = `${JSON.stringify(name)}: `;
    return inner + key + compactJson(member, inner, key.length);
  });
  return `{\n${members.join(',\n')}\n${indent}}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${oneLine(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
