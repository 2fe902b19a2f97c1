/** What the simulated days are like: beside the checklist, as what its people say. Whatever is not there, nothing is simulated of. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { isRecord } from '../../checks/contract/json.ts';
import type { Unit } from '../../checks/contract/outcome.ts';
import type { Release } from '../../checks/contract/plan.ts';

/** Beside checklist.yaml. */
const DAYS_FILE = join('rehearsal', 'days.yaml');

export interface SimulatedMetric {
  readonly name: string;
  readonly unit: Unit;
  readonly level: number;
  /** Of the level, over a day and from hour to hour; 0: it is the same at all times. */
  readonly rhythm: number;
  readonly noise: number;
}
export interface SimulatedItem {
  readonly item: string;
  readonly phase: string;
  readonly kind: string;
}
export interface SimulatedLine {
  readonly level: string;
  readonly message: string;
  /** Hours since the approval in which it is written, negative before it; absent: in all. */
  readonly from?: number;
  readonly to?: number;
}
export interface SimulatedLog {
  /** `<namespace>_<pod>_<container>`: the file of the container's log. */
  readonly stream: string;
  readonly lines: readonly SimulatedLine[];
}
export interface DaysScript {
  readonly checklist: string;
  readonly release: Release;
  /** The item that recorded the metrics at the approval, and the one that did so every hour since. */
  readonly promisedBy: string;
  readonly watchedBy: string;
  readonly metrics: readonly SimulatedMetric[];
  /** Items that were judged again every day. */
  readonly daily: readonly SimulatedItem[];
  readonly logs: readonly SimulatedLog[];
  /** The item that rehearsed the rollback, and the environment that it did so in. */
  readonly rollback?: SimulatedItem & { readonly environment: string };
}

/** Of the project's checklists. A file that cannot be read simulates nothing. */
export function daysScripts(project: string, env: NodeJS.ProcessEnv = process.env): readonly DaysScript[] {
  const folder = join(project, 'specs');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const checklist = yamlOf(join(folder, name, 'checklist.yaml'));
    const days = yamlOf(join(folder, name, DAYS_FILE));
    const release = checklist?.['release'];
    if (days === undefined || !isRecord(release)) return [];
    const { promisedBy, watchedBy, metrics, daily, logs, rollback } = days;
    return [
      {
        checklist: `specs/${name}/checklist.yaml`,
        release: {
          name: String(release['name']),
          version: env['GOLIVE_RELEASE'] || String(release['version']),
          commit: env['GOLIVE_COMMIT'] || String(release['commit']),
        },
        promisedBy: String(promisedBy),
        watchedBy: String(watchedBy),
        metrics: (metrics as SimulatedMetric[] | undefined) ?? [],
        daily: (daily as DaysScript['daily'] | undefined) ?? [],
        logs: (logs as DaysScript['logs'] | undefined) ?? [],
        ...(isRecord(rollback) ? { rollback: rollback as unknown as NonNullable<DaysScript['rollback']> } : {}),
      },
    ];
  });
}

function yamlOf(path: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = load(readFileSync(path, 'utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
