/** Params as Markdown: a row each, shapes that kinds share as links. */
import { isRecord } from '../../../checks/contract/json.ts';
import { shapeKey, type Schema } from './json-schema.ts';
import { PARAM_SHAPES, shapeNames } from './shapes.ts';

const NAMES = shapeNames(PARAM_SHAPES);

/** A table of an object's members; `shapes` is the path of the page of shared shapes from where the table stands. */
export function membersTable(schema: Schema, shapes: string): string[] {
  const rows = rowsOf(schema, '', shapes);
  return rows.length === 0 ? [] : ['| Name | Type | Default | Meaning |', '|---|---|---|---|', ...rows];
}

function rowsOf(schema: Schema, prefix: string, shapes: string): string[] {
  const properties = isRecord(schema['properties']) ? (schema['properties'] as Readonly<Record<string, Schema>>) : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : [];
  return Object.entries(properties).flatMap(([name, member]) => {
    const byDefault =
      'default' in member ? `\`${JSON.stringify(member['default'])}\`` : required.includes(name) ? 'required' : '–';
    const description = typeof member['description'] === 'string' ? member['description'] : '';
    const row = [`\`${prefix}${name}\``, typeText(member, shapes), byDefault, description].map(cell).join(' | ');
    return [`| ${row} |`, ...innerRows(member, `${prefix}${name}`, shapes)];
  });
}

/** Members of a map or of a list's elements, unless they are a shape with a description of its own. */
function innerRows(member: Schema, prefix: string, shapes: string): string[] {
  if (NAMES.has(shapeKey(member))) return [];
  const { items } = member;
  const elements = isRecord(items) && !NAMES.has(shapeKey(items)) ? rowsOf(items, `${prefix}[].`, shapes) : [];
  return [...rowsOf(member, `${prefix}.`, shapes), ...elements];
}

/** What values a schema allows, in words. */
export function typeText(schema: Schema, shapes: string): string {
  const shape = NAMES.get(shapeKey(schema));
  if (shape !== undefined) return `[${shape}](${shapes}#${anchor(shape)})`;
  return plainType(schema, shapes);
}

/** The same for a schema that is itself the shape. */
export function plainType(schema: Schema, shapes: string): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if ('const' in schema) return `\`${JSON.stringify(schema['const'])}\``;
  const union = schema['oneOf'] ?? schema['anyOf'];
  if (Array.isArray(union))
    return [...new Set((union as readonly Schema[]).map((one) => typeText(one, shapes)))].join(' or ');
  const type = typeof schema['type'] === 'string' ? schema['type'] : 'any';
  const { items, additionalProperties } = schema;
  if (type === 'array') return `list of ${isRecord(items) ? typeText(items, shapes) : 'any'}`;
  if (type === 'object')
    return isRecord(additionalProperties) ? `map of ${typeText(additionalProperties, shapes)}` : 'map';
  return `${type === 'string' ? 'text' : type}${rangeText(schema)}`;
}

function rangeText(schema: Schema): string {
  const bounds = [
    ['minimum', '≥'],
    ['exclusiveMinimum', '>'],
    ['maximum', '≤'],
    ['exclusiveMaximum', '<'],
  ].flatMap(([name, sign]) =>
    typeof schema[name ?? ''] === 'number' ? [`${sign ?? ''} ${String(schema[name ?? ''])}`] : [],
  );
  return bounds.length ? ` ${bounds.join(', ')}` : '';
}

/** GitHub's anchor of a heading that is one word, such as a kind or a shape. */
export function anchor(heading: string): string {
  return heading.toLowerCase().replace(/[^a-z0-9-]/g, '');
}

export function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\n/g, ' ');
}
