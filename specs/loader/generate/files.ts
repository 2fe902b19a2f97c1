/** Everything that is generated from kinds and checklist, as texts by file name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../../checks/contract/plan.ts';
import { kinds } from '../../../checks/index.ts';
import { rbacFor } from '../rbac-manifest.ts';
import { cataloguePages } from './catalogue.ts';
import { fileSchemaTexts } from './file-schemas.ts';
import { checklistSchemaText } from './schema.ts';

export const SCHEMA_FILE = 'specs/checklist.schema.json';
export const FILE_SCHEMAS = 'specs/schemas';
export const RBAC_FILE = 'k8s/gate/rbac.yaml';

/** `plan`: the checklist compiled for the rehearsal. */
export function generatedFiles(root: string, plan: Plan): Readonly<Record<string, string>> {
  return {
    [SCHEMA_FILE]: checklistSchemaText(kinds),
    ...Object.fromEntries(Object.entries(fileSchemaTexts()).map(([name, text]) => [`${FILE_SCHEMAS}/${name}`, text])),
    ...cataloguePages(kinds, plan, (id) => itemSource(root, plan, id)),
    [RBAC_FILE]: rbacFor(plan),
  };
}

/** An item's own lines in its phase file, without the indentation of the list. */
function itemSource(root: string, plan: Plan, id: string): string | undefined {
  const item = plan.items.find((one) => one.id === id);
  if (!item) return undefined;
  const lines = readFileSync(join(root, item.place.file), 'utf8')
    .split(/\r?\n/)
    .slice(item.place.line - 1);
  const indent = item.place.column - 3;
  const rest = lines.slice(1);
  const end = rest.findIndex((line) => line.trim() !== '' && line.search(/\S/) <= indent);
  const own = [lines[0] ?? '', ...(end === -1 ? rest : rest.slice(0, end))];
  while (own.at(-1)?.trim() === '') own.pop();
  return own.map((line) => line.slice(indent)).join('\n');
}
