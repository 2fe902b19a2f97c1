/** `checks/CATALOG.md`: every kind, from its own meta and params schema. */
import type { CheckKind } from '../../checks/define-check.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { compareText } from '../problems.ts';
import { permissionText } from '../render-plan.ts';
import { isRecord } from '../templates.ts';

type Schema = Readonly<Record<string, unknown>>;

/** The catalogue as Markdown. Example items and rights are those of `plan`'s items. */
export function catalogueText(
  kinds: ReadonlyMap<string, CheckKind>,
  plan: Plan,
  exampleOf: (id: string) => string | undefined,
): string {
  const sorted = [...kinds.values()].sort((a, b) => compareText(a.meta.kind, b.meta.kind));
  const head = [
    '# Catalogue of checks',
    '',
    'Generated from the kinds themselves by `npm run generate`. Do not edit.',
    '',
    '| Kind | A pass means | Effect |',
    '|---|---|---|',
    ...sorted.map((kind) => {
      const { meta } = kind;
      return `| [${meta.kind}](#${anchor(meta.kind)}) | ${cell(meta.title)} | ${effect(kind)} |`;
    }),
  ];
  return `${[...head, ...sorted.flatMap((kind) => ['', ...section(kind, plan, exampleOf)])].join('\n')}\n`;
}

/** GitHub's anchor of a heading. */
function anchor(kind: string): string {
  return kind.replace(/[^a-z0-9-]/g, '');
}

function effect(kind: CheckKind): string {
  const { meta } = kind;
  if (kind.mutationOf) return 'reads only, unless the item names a `mutation`';
  return meta.effect === 'mutating' ? `changes something: ${meta.mutation ?? ''}` : 'reads only';
}

function section(kind: CheckKind, plan: Plan, exampleOf: (id: string) => string | undefined): string[] {
  const { meta } = kind;
  const items = plan.items.filter((item) => item.kind === meta.kind);
  const example = items.map((item) => exampleOf(item.id)).find((text) => text !== undefined);
  const rights = [...new Set(items.flatMap((item) => item.permissions.map(permissionText)))].sort();
  return [
    `## ${meta.kind}`,
    '',
    `${meta.title}.`.replace('..', '.'),
    '',
    `**Why.** ${meta.why}`,
    '',
    `**What a pass has seen.** ${[...meta.sees, ...meta.not.map((text) => `Not: ${text}`)].join(' ')}`,
    '',
    `**Uses.** ${meta.needs.join(', ') || 'nothing'}; ${effect(kind)}.`,
    ...(rights.length
      ? ['', '**Rights in the cluster**, as the checklist uses it:', '', ...rights.map((right) => `- ${right}`)]
      : []),
    '',
    ...params(meta.params as Schema),
    '',
    '**Messages**',
    '',
    '| Id | Says | Fix |',
    '|---|---|---|',
    ...Object.entries(meta.messages)
      .sort(([a], [b]) => compareText(a, b))
      .map(([id, message]) => `| \`${id}\` | ${cell(message.says)} | ${cell(message.fix)} |`),
    ...(example === undefined ? [] : ['', '**Example**', '', '```yaml', example.trimEnd(), '```']),
  ];
}

function params(schema: Schema): string[] {
  const rows = rowsOf(schema, '');
  if (rows.length === 0) return ['**Params.** None.'];
  return ['**Params**', '', '| Name | Type | Default | Meaning |', '|---|---|---|---|', ...rows];
}

function rowsOf(schema: Schema, prefix: string): string[] {
  const properties = isRecord(schema['properties']) ? (schema['properties'] as Readonly<Record<string, Schema>>) : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : [];
  return Object.entries(properties).flatMap(([name, member]) => {
    const byDefault =
      'default' in member ? `\`${JSON.stringify(member['default'])}\`` : required.includes(name) ? 'required' : '–';
    const description = typeof member['description'] === 'string' ? member['description'] : '';
    const items = isRecord(member['items']) ? rowsOf(member['items'], `${prefix}${name}[].`) : [];
    return [
      `| \`${prefix}${name}\` | ${cell(typeText(member))} | ${cell(byDefault)} | ${cell(description)} |`,
      ...rowsOf(member, `${prefix}${name}.`),
      ...items,
    ];
  });
}

/** What values a schema allows, in words. */
function typeText(schema: Schema): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if ('const' in schema) return `\`${JSON.stringify(schema['const'])}\``;
  const union = schema['oneOf'] ?? schema['anyOf'];
  if (Array.isArray(union)) return [...new Set((union as readonly Schema[]).map(typeText))].join(' or ');
  if (typeof schema['pattern'] === 'string' && schema['pattern'].endsWith('(ms|s|m|h|d)$')) return 'duration';
  const type = typeof schema['type'] === 'string' ? schema['type'] : 'any';
  if (type === 'array') return `list of ${isRecord(schema['items']) ? typeText(schema['items']) : 'any'}`;
  if (type === 'object')
    return isRecord(schema['additionalProperties']) ? `map of ${typeText(schema['additionalProperties'])}` : 'map';
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

function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\n/g, ' ');
}
