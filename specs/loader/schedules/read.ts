/** `schedules` of checklist.yaml: when which items are verified after go-live. */
import { isRecord } from '../../../checks/contract/json.ts';
import type { PhaseId } from '../../../checks/contract/plan.ts';
import { DURATION_PATTERN, durationMs } from '../../../checks/contract/units.ts';
import { pointerStep } from '../../../k8s/semantics/objects/positions.ts';
import type { Problem } from '../problems.ts';
import type { YamlFile } from '../yaml/parse.ts';
import { cronProblem } from '../../../k8s/semantics/cron.ts';

export const UTC = 'Etc/UTC';

export interface Schedule {
  readonly name: string;
  readonly cron: string;
  /** Of the IANA database. */
  readonly timeZone: string;
  readonly phase: PhaseId;
  /** How the ids of its items begin; empty: all of the phase. */
  readonly items: readonly string[];
  readonly deadlineMs: number;
}

/** What the schema has accepted. */
export function schedulesOf(value: unknown): readonly Schedule[] {
  return (Array.isArray(value) ? (value as readonly unknown[]) : []).filter(isRecord).map((one) => ({
    name: String(one['name']),
    cron: String(one['cron']),
    timeZone: zoneOf(one),
    phase: one['phase'] as PhaseId,
    items: prefixesOf(one),
    deadlineMs: deadlineOf(one),
  }));
}

/** What the schema cannot say: the expression, names used twice, and a selection that would judge nothing. */
export function scheduleProblems(
  value: unknown,
  items: readonly { readonly phase: PhaseId; readonly raw: Readonly<Record<string, unknown>> }[],
  yaml: YamlFile,
): readonly Problem[] {
  const names = new Set<unknown>();
  return (Array.isArray(value) ? (value as readonly unknown[]) : []).flatMap((one, index) => {
    if (!isRecord(one)) return [];
    const at = `/schedules${pointerStep(index)}`;
    const problems: Problem[] = [];
    const cron = one['cron'];
    const wrong = typeof cron === 'string' ? cronProblem(cron, zoneOf(one)) : undefined;
    if (wrong !== undefined)
      problems.push(
        yaml.problem(`${at}/cron`, { message: wrong, fix: "Write it as a CronJob's schedule: '7 * * * *'" }),
      );
    if (names.has(one['name']))
      problems.push(
        yaml.problem(`${at}/name`, { message: `${String(one['name'])} is used twice`, fix: 'Name each schedule once' }),
      );
    names.add(one['name']);
    const ids = items.filter(({ phase }) => phase === one['phase']).map(({ raw }) => String(raw['id']));
    const unmet = prefixesOf(one).filter((prefix) => !ids.some((id) => id.startsWith(prefix)));
    // What is no phase is a problem of its own.
    if (unmet.length > 0 && typeof one['phase'] === 'string')
      problems.push(
        yaml.problem(`${at}/items`, {
          message: `no item of ${one['phase']} begins with ${unmet.join(' or ')}`,
          fix: 'Name how the ids of its items begin, for example PD-DAY',
        }),
      );
    return problems;
  });
}

function zoneOf(one: Readonly<Record<string, unknown>>): string {
  return typeof one['timeZone'] === 'string' ? one['timeZone'] : UTC;
}

/** Also read where the schema has found the value wrong: a problem is told, not thrown. */
function deadlineOf({ deadline }: Readonly<Record<string, unknown>>): number {
  return typeof deadline === 'string' && new RegExp(DURATION_PATTERN).test(deadline) ? durationMs(deadline) : 0;
}

function prefixesOf(one: Readonly<Record<string, unknown>>): readonly string[] {
  const items: readonly unknown[] = Array.isArray(one['items']) ? (one['items'] as readonly unknown[]) : [];
  return items.filter((item): item is string => typeof item === 'string');
}
