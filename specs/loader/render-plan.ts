/** The plan as text for people: what would run, against what, what it may change and which rights it needs. */
import type { Permission, Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { permissionsOf } from './rbac.ts';
import { PLANNED_KIND } from './schemas.ts';

/** May this item change what it changes, here and now? Contract: its class allowed by the environment, and armed for this release. */
export type Arming = 'read-only' | 'rehearsal' | 'armed' | 'not-armed' | 'not-allowed';

export function armingOf(item: PlannedItem, plan: Plan, armedFor: string | undefined): Arming {
  if (item.effect === 'read-only') return 'read-only';
  if (item.mutation === undefined || !plan.environment.mutations.includes(item.mutation)) return 'not-allowed';
  if (plan.environment.rehearsal) return 'rehearsal';
  return armedFor === plan.release.version ? 'armed' : 'not-armed';
}

export interface RenderPlanOptions {
  /** Value of GOLIVE_ARM. */
  readonly armedFor?: string | undefined;
}

export function renderPlan(plan: Plan, options: RenderPlanOptions = {}): string {
  const { environment, release } = plan;
  const built = plan.items.filter((item) => item.kind !== PLANNED_KIND);
  const mutating = built.filter((item) => item.effect === 'mutating').length;
  const target = environment.rehearsal
    ? 'the embedded rehearsal on this machine'
    : `context "${environment.kubeconfig.context}" of ${environment.kubeconfig.path}`;
  const lines = [
    `Checklist    ${plan.checklist.name} (${plan.checklist.file})`,
    `Release      ${release.name} ${release.version}, commit ${release.commit}`,
    `Environment  ${environment.name} (${environment.file}): ${target}`,
    `May change   ${environment.mutations.join(', ') || 'nothing'}`,
    `Phases       ${environment.preconditions === 'enforce' ? 'each starts only on GO of the one before' : 'run whatever the one before decided; the report says what would have been refused'}`,
    ...(environment.compression === 1 ? [] : [`Windows      ${environment.compression} times shorter than declared`]),
    ...environment.overrides.map(
      ({ item, param, value, why, approver, expires }) =>
        `Override     ${item} ${param} = ${JSON.stringify(value)} (${[why, approver, expires].filter(Boolean).join(', ')})`,
    ),
    `Plan         ${plan.digest}`,
  ];
  for (const phase of plan.phases) {
    const items = plan.items.filter((item) => item.phase === phase.id);
    lines.push('', `${phase.id}  ${phase.title}: ${counted(items.length, 'item')}, ${phase.order} (${phase.file})`);
    lines.push(...table(items.map((item) => itemCells(item, plan, options.armedFor))));
  }
  lines.push(
    '',
    `${counted(plan.items.length, 'item')}: ${built.length - mutating} read-only, ${mutating} mutating, ${plan.items.length - built.length} planned.`,
    '',
    'Rights in the cluster (`golive plan --rbac` prints them as YAML):',
    ...table(
      permissionsOf(plan).map(({ permission, neededBy }) => [permissionText(permission), `for ${neededBy.join(', ')}`]),
    ),
  );
  return `${lines.join('\n')}\n`;
}

function itemCells(item: PlannedItem, plan: Plan, armedFor: string | undefined): string[] {
  return [
    item.id,
    item.severity,
    item.kind,
    item.kind === PLANNED_KIND ? '-' : effectText(item, plan, armedFor),
    item.title,
  ];
}

function effectText(item: PlannedItem, plan: Plan, armedFor: string | undefined): string {
  const words: Readonly<Record<Arming, string>> = {
    'read-only': 'read-only',
    rehearsal: `changes (${item.mutation ?? ''})`,
    armed: `changes (${item.mutation ?? ''}), armed`,
    'not-armed': `changes (${item.mutation ?? ''}), waits for GOLIVE_ARM=${plan.release.version}`,
    'not-allowed': `changes (${item.mutation ?? ''}), not allowed here`,
  };
  return words[armingOf(item, plan, armedFor)];
}

/** `get, list pods in mcp-production`. */
export function permissionText(permission: Permission): string {
  const verbs = permission.verbs.join(', ');
  if (permission.nonResourceURLs) return `${verbs} ${permission.nonResourceURLs.join(', ')}`;
  const resources = permission.resources.map((resource) =>
    permission.groups.map((group) => (group === '' ? resource : `${resource}.${group}`)).join(', '),
  );
  const names = permission.resourceNames ? ` ${permission.resourceNames.join(', ')}` : '';
  const where = permission.namespace === undefined ? 'cluster-wide' : `in ${permission.namespace}`;
  return `${verbs} ${resources.join(', ')}${names} ${where}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map(
    (row) =>
      `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}`,
  );
}
