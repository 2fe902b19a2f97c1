/** `execution.yaml` beside the checklist: how the release is built, pushed and applied. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { createAjv } from '../../checks/kit/params.ts';
import { executionSchema } from '../../specs/loader/execution-schema.ts';
import { problemsFromAjv } from '../../specs/loader/ajv-problems.ts';
import type { Problem } from '../../specs/loader/problems.ts';
import { readYamlFile } from '../../specs/loader/yaml/parse.ts';

export const EXECUTION_FILE = 'execution.yaml';

export type Execution = FromSchema<typeof executionSchema>;

/** What the file says, or what is wrong with it; null where there is none. */
export function readExecution(
  root: string,
  plan: Plan,
): { readonly file: string; readonly execution: Execution } | { readonly problems: readonly Problem[] } | null {
  const file = join(dirname(plan.checklist.file), EXECUTION_FILE);
  if (!existsSync(resolve(root, file))) return null;
  const yaml = readYamlFile(root, file);
  if (yaml.problems.length > 0) return { problems: yaml.problems };
  const validate = createAjv({ useDefaults: true }).compile(executionSchema);
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
