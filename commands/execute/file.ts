/** `execution.yaml` beside the checklist: how the release is built, pushed and applied. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { createAjv } from '../../checks/kit/params.ts';
import { DURATION_PATTERN } from '../../checks/contract/units.ts';
import { problemsFromAjv } from '../../specs/loader/ajv-problems.ts';
import type { Problem } from '../../specs/loader/problems.ts';
import { readYamlFile } from '../../specs/loader/yaml/parse.ts';
import { TOOLS } from './templates.ts';

export const EXECUTION_FILE = 'execution.yaml';

const text = { type: 'string', minLength: 1 } as const;
const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion'],
  anyOf: [{ required: ['build'] }, { required: ['apply'] }],
  properties: {
    apiVersion: { const: 'golive/v1' },
    build: {
      type: 'object',
      additionalProperties: false,
      required: ['tool', 'registry', 'images'],
      if: { properties: { tool: { const: 'command' } } },
      then: { required: ['command'] },
      properties: {
        tool: { enum: TOOLS },
        /** Of `tool: command`: what builds and pushes, with {image}, {context}, {dockerfile}, {commit} and {version}. */
        command: { type: 'array', minItems: 1, items: text },
        /** Name of the registry in the environment file where images are looked up. */
        registry: text,
        images: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['image', 'dockerfile'],
            properties: { image: text, context: { ...text, default: '.' }, dockerfile: text },
          },
        },
      },
    },
    apply: {
      type: 'object',
      additionalProperties: false,
      required: ['files'],
      properties: {
        /** In this order. */
        files: { type: 'array', minItems: 1, items: text },
        /** How long the Deployments may take to roll out. */
        within: { type: 'string', pattern: DURATION_PATTERN, default: '10m' },
      },
    },
  },
} as const satisfies JSONSchema;
export type Execution = FromSchema<typeof schema>;

/** What the file says, or what is wrong with it; null where there is none. */
export function readExecution(
  root: string,
  plan: Plan,
): { readonly file: string; readonly execution: Execution } | { readonly problems: readonly Problem[] } | null {
  const file = join(dirname(plan.checklist.file), EXECUTION_FILE);
  if (!existsSync(resolve(root, file))) return null;
  const yaml = readYamlFile(root, file);
  if (yaml.problems.length > 0) return { problems: yaml.problems };
  const validate = createAjv({ useDefaults: true }).compile(schema);
  if (!validate(yaml.value)) return { problems: problemsFromAjv(validate.errors ?? [], { yaml, base: '' }) };
  const execution = yaml.value as Execution;
  const registry = execution.build?.registry;
  const known = Object.keys(plan.environment.registries);
  if (registry !== undefined && !known.includes(registry))
    return {
      problems: [
        yaml.problem('/build/registry', { message: 'the environment has no such registry', allowed: known }, 'value'),
      ],
    };
  return { file, execution };
}
