/** Everything that is generated from kinds and checklist, as texts by file name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../../checks/contract/plan.ts';
import { kinds } from '../../../checks/index.ts';
import { GATE_PARTS, planOfPart, type GatePart } from '../gate-parts.ts';
import { rbacFor } from '../rbac-manifest.ts';
import type { Schedule } from '../schedules/read.ts';
import { cataloguePages } from './catalogue.ts';
import { fileSchemaTexts } from './file-schemas.ts';
import { GATE_NAMESPACE, gateJobs, VERIFY_ACCOUNT, WATCH_ACCOUNT } from './gate-jobs.ts';
import { checklistSchemaText } from './schema.ts';

export const SCHEMA_FILE = 'specs/checklist.schema.json';
export const FILE_SCHEMAS = 'specs/schemas';
export const RBAC_FILE = 'k8s/gate/rbac.yaml';

const JOBS_FILE = 'k8s/gate/cronjobs.yaml';
const PART_FILES: Readonly<Record<GatePart, { readonly file: string; readonly account: string }>> = {
  verification: { file: 'k8s/gate/rbac-verification.yaml', account: VERIFY_ACCOUNT },
  'cutover-watch': { file: 'k8s/gate/rbac-cutover-watch.yaml', account: WATCH_ACCOUNT },
};

export interface GeneratedFrom {
  /** The checklist compiled for the rehearsal. */
  readonly plan: Plan;
  /** For the environment that k8s/gate verifies; absent where the project has none of that name. */
  readonly production?: Plan | undefined;
  readonly schedules: readonly Schedule[];
}

export function generatedFiles(
  root: string,
  { plan, production, schedules }: GeneratedFrom,
): Readonly<Record<string, string>> {
  return {
    ...(production && schedules.length > 0 ? inClusterFiles(production, schedules) : {}),
    [SCHEMA_FILE]: checklistSchemaText(kinds),
    ...Object.fromEntries(Object.entries(fileSchemaTexts()).map(([name, text]) => [`${FILE_SCHEMAS}/${name}`, text])),
    ...cataloguePages(kinds, plan, (id) => itemSource(root, plan, id)),
    [RBAC_FILE]: rbacFor(plan),
  };
}

/** What runs in the cluster by itself: its CronJobs, and the rights of each account. */
function inClusterFiles(plan: Plan, schedules: readonly Schedule[]): Readonly<Record<string, string>> {
  const rights = GATE_PARTS.map((part) => {
    const { file, account } = PART_FILES[part];
    const subject = { kind: 'ServiceAccount', namespace: GATE_NAMESPACE, name: account } as const;
    return [file, rbacFor(planOfPart(plan, part, schedules), subject, part)] as const;
  });
  return { [JOBS_FILE]: gateJobs(schedules), ...Object.fromEntries(rights) };
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
