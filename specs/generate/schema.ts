/** `specs/checklist.schema.json`: what editors complete and validate phase files by. */
import type { CheckKind } from '../../checks/define-check.ts';
import { compareText } from '../problems.ts';
import { itemSchema, phaseSchema, PLANNED_KIND } from '../schemas.ts';
import { isRecord } from '../templates.ts';

type Schema = Readonly<Record<string, unknown>>;
const TOKEN = {
  type: 'string',
  pattern: '\\$\\{(environment|rehearsal)\\.',
  description: 'A value of the environment',
} as const;

/** The schema as text; the same kinds give the same text. */
export function checklistSchemaText(kinds: ReadonlyMap<string, CheckKind>): string {
  const sorted = [...kinds.values()].sort((a, b) => compareText(a.meta.kind, b.meta.kind));
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A phase of a go-live checklist',
    ...phaseSchema,
    properties: {
      ...phaseSchema.properties,
      items: { ...phaseSchema.properties.items, items: { oneOf: [plannedItem(), ...sorted.map(kindItem)] } },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function plannedItem(): Schema {
  const properties = Object.entries(itemSchema.properties).filter(([name]) => name !== 'params');
  const kind = { const: PLANNED_KIND, description: 'Described, not built yet' };
  return { ...itemSchema, properties: { ...Object.fromEntries(properties), kind } };
}

function kindItem({ meta }: CheckKind): Schema {
  const required = (meta.params as { required?: readonly string[] }).required ?? [];
  return {
    ...itemSchema,
    required: [...itemSchema.required, ...(required.length ? ['params'] : [])],
    properties: {
      ...itemSchema.properties,
      kind: { const: meta.kind, description: meta.title },
      params: { description: meta.why, ...withTokens(meta.params as Schema) },
    },
  };
}

/** A value of the environment may stand wherever a value is asked for; its type is checked when it is put in. */
function withTokens(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema;
  const inner: Record<string, unknown> = { ...schema };
  if (isRecord(properties)) {
    inner['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, orToken(member)]),
    );
  }
  if (isRecord(items)) inner['items'] = orToken(items);
  if (isRecord(additionalProperties)) inner['additionalProperties'] = orToken(additionalProperties);
  for (const name of ['oneOf', 'anyOf']) {
    const alternatives = schema[name];
    // A token in place of an alternative is allowed around them already; twice would be two of one.
    if (Array.isArray(alternatives))
      inner[name] = alternatives.map((one: unknown) => (isRecord(one) ? withTokens(one) : one));
  }
  return inner;
}

/** The schema itself or a text with a token, documentation kept outside for editors. */
function orToken(member: unknown): unknown {
  if (!isRecord(member)) return member;
  const { description, default: byDefault, ...rest } = member;
  if (rest['type'] === 'string' && !('pattern' in rest) && !('enum' in rest) && !('format' in rest)) return member;
  return {
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
    anyOf: [withTokens(rest), TOKEN],
  };
}
