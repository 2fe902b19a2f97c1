/** `specs/schemas/`: schemas for editors of the files beside the phases, from the constants that the loaders validate by. */
import { mailPort } from '../../../checks/contract/notify-schemas.ts';
import { drillsSchema } from '../drills/schema.ts';
import {
  dnsServerSchema,
  environmentSchema,
  portSchema,
  secretRefSchema,
  tlsSchema,
  urlSchema,
} from '../environment-schema.ts';
import { executionSchema } from '../execution-schema.ts';
import { attestationsSchema, waiversSchema } from '../people/schemas.ts';
import { checklistSchema } from '../schemas.ts';
import { compactJson, type Schema } from './json-schema.ts';
import { DIALECT } from './schema.ts';
import { defineShapes } from './shapes.ts';
import { allowing } from './tokens.ts';

/** By the name of its file in specs/schemas/. */
export function fileSchemaTexts(): Readonly<Record<string, string>> {
  return {
    'attestations.schema.json': textOf('Attestations: what people vouch for', attestationsSchema),
    'checklist-head.schema.json': textOf('A go-live checklist: its phases, roles and release', checklistSchema),
    'drills.schema.json': textOf('Drills: what each fault of the rehearsal must turn red', drillsSchema),
    'environment.schema.json': textOf('An environment that golive runs against', environmentForEditors()),
    'execution.schema.json': textOf('How a release is built, pushed and applied', executionSchema),
    'waivers.schema.json': textOf('Waivers: what the release may go on without', waiversSchema),
  };
}

function textOf(title: string, schema: Schema): string {
  return `${compactJson({ $schema: DIALECT, title, ...schema })}\n`;
}

const TOKEN = {
  type: 'string',
  pattern: '\\$\\{rehearsal\\.',
  $comment: "A value that the rehearsal gives once it runs; in the rehearsal's own file only",
} as const;
const ADDRESSES: ReadonlySet<Schema> = new Set([portSchema, urlSchema, dnsServerSchema, mailPort]);
const { inside, orToken } = allowing(TOKEN, (schema) => ADDRESSES.has(schema));

function environmentForEditors(): Schema {
  const { $defs, refer } = defineShapes({
    port: orToken(portSchema),
    secretRef: secretRefSchema,
    tls: tlsSchema,
    token: TOKEN,
    url: orToken(urlSchema),
  });
  return { ...refer(inside(environmentSchema)), $defs };
}
