/** `specs/checklist.schema.json`: what editors complete and validate phase files by. */
import type { CheckKind } from '../../../checks/kit/kind.ts';
import { compareText } from '../problems.ts';
import { itemSchema, phaseSchema, PLANNED_KIND } from '../schemas.ts';
import { compactJson, type Schema } from './json-schema.ts';
import { defineShapes, PARAM_SHAPES } from './shapes.ts';
import { allowing } from './tokens.ts';

/** The dialect that both editors and ajv speak. */
export const DIALECT = 'http://json-schema.org/draft-07/schema#';

const TOKEN = {
  type: 'string',
  pattern: '\\$\\{(environment|release|rehearsal)\\.',
  // No description: it would hide that of the value it stands for.
  $comment: 'A value of the environment',
} as const;
const { inside, orToken } = allowing(TOKEN);

/** The schema as text; the same kinds give the same text. */
export function checklistSchemaText(kinds: ReadonlyMap<string, CheckKind>): string {
  const sorted = [...kinds.values()].sort((a, b) => compareText(a.meta.kind, b.meta.kind));
  const shapes = Object.entries(PARAM_SHAPES).map(([name, shape]) => [name, orToken(shape)] as const);
  const { $defs, refer } = defineShapes({ ...Object.fromEntries(shapes), token: TOKEN });
  const schema = {
    $schema: DIALECT,
    title: 'A phase of a go-live checklist',
    ...phaseSchema,
    properties: {
      ...phaseSchema.properties,
      items: { ...phaseSchema.properties.items, items: { $ref: '#/$defs/item' } },
    },
    $defs: {
      item: itemOf([
        { kind: PLANNED_KIND, title: 'Described, not built yet' },
        ...sorted.map(({ meta: { kind, title } }) => ({ kind, title })),
      ]),
      ...$defs,
      [PLANNED_KIND]: { type: 'object', properties: { params: false } },
      ...Object.fromEntries(sorted.map((kind) => [definitionOf(kind.meta.kind), refer(ofKind(kind))])),
    },
  };
  return `${compactJson(schema)}\n`;
}

/** What all items have, and what follows from the kind: one condition each, so that an editor tells the kind's own mistakes only. */
function itemOf(kinds: readonly { readonly kind: string; readonly title: string }[]): Schema {
  // Alternatives instead of an enumeration: editors then say beside each kind what it verifies.
  const kind = {
    ...itemSchema.properties.kind,
    anyOf: kinds.map((one) => ({ const: one.kind, description: one.title })),
  };
  return {
    ...itemSchema,
    // What they are follows from the kind; a second description would be proposed beside the kind's own.
    properties: { ...itemSchema.properties, kind, params: true },
    allOf: kinds.map((one) => ({
      if: { required: ['kind'], properties: { kind: { const: one.kind } } },
      then: { $ref: `#/$defs/${definitionOf(one.kind)}` },
    })),
  };
}

function ofKind({ meta }: CheckKind): Schema {
  const schema = meta.params as Schema;
  const required = (schema['required'] as readonly string[] | undefined) ?? [];
  return {
    type: 'object',
    ...(required.length ? { required: ['params'] } : {}),
    properties: { params: { title: `Params of ${meta.kind}`, description: meta.why, ...inside(schema) } },
  };
}

/** A name without a slash: not every editor knows how a JSON pointer escapes one. */
function definitionOf(kind: string): string {
  return kind.replace('/', '.');
}
