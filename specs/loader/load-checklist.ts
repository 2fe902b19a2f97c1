/** The checklist: its file, its phase files, their items. Reads everything and reports everything that is wrong at once. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { ChecklistUpkeep, PhaseId } from '../../checks/contract/plan.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { schemaErrors } from '../../checks/kit/params.ts';
import { problemsFromAjv } from './ajv-problems.ts';
import { phaseFiles } from './find-checklist.ts';
import { itemProblems } from './item-rules.ts';
import { roleTitles, signingOf, type StatedSigning } from './people/signing.ts';
import { upkeepOf, upkeepProblems } from './upkeep.ts';
import { isPhase, phaseIndex } from './phases.ts';
import { firstProblems, type Problem } from './problems.ts';
import { scheduleProblems, schedulesOf, type Schedule } from './schedules/read.ts';
import { checklistSchema, itemSchema, phaseSchema } from './schemas.ts';
import { isRecord } from '../../checks/contract/json.ts';
import { pointerStep } from '../../k8s/semantics/objects/positions.ts';
import { readYamlFile, type YamlFile } from './yaml/parse.ts';

/** An item as its file states it. */
export interface ChecklistItem {
  readonly phase: PhaseId;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly yaml: YamlFile;
  readonly pointer: string;
  /** Undefined for planned items and for kinds that do not exist (which is a problem already). */
  readonly kind: CheckKind | undefined;
  /** The heading it stands under, for reports. */
  readonly section?: string;
}
export interface ChecklistPhase {
  readonly id: PhaseId;
  readonly title: string;
  readonly order: 'parallel' | 'sequential';
  readonly maxAge?: string;
  /** Relative to the project. */
  readonly file: string;
}
/** What could be read; complete only when there are no problems. */
export interface Checklist {
  readonly name: string;
  readonly file: string;
  /** Titles by name. */
  readonly roles: Readonly<Record<string, string>>;
  /** Who signs. */
  readonly signing: StatedSigning;
  readonly upkeep: ChecklistUpkeep | undefined;
  readonly release: { readonly name: string; readonly version: string; readonly commit?: string };
  readonly phases: readonly ChecklistPhase[];
  readonly items: readonly ChecklistItem[];
  /** Verification after go-live; no part of the plan, and of no signature. */
  readonly schedules: readonly Schedule[];
}
export interface LoadedChecklist {
  readonly checklist: Checklist;
  readonly yaml: YamlFile;
  readonly problems: readonly Problem[];
}

/** Loads `file` (relative to `root`, or absolute); never throws. */
export function loadChecklist(root: string, file: string, kinds: ReadonlyMap<string, CheckKind>): LoadedChecklist {
  const yaml = readYamlFile(root, file);
  const problems: Problem[] = [...yaml.problems];
  if (yaml.value !== undefined) problems.push(...validate(checklistSchema, yaml.value, yaml, ''));
  const value = isRecord(yaml.value) ? yaml.value : {};
  const roles = isRecord(value['roles']) ? roleTitles(value['roles']) : {};

  const phases: ChecklistPhase[] = [];
  const items: ChecklistItem[] = [];
  const places = new Map<PhaseId, string>();
  const files = new Set<string>();
  phaseFiles(value['phases']).forEach(({ name, index }) => {
    const pointer = `/phases/${index}`;
    const located = confine(root, file, name);
    if ('message' in located) {
      problems.push(yaml.problem(pointer, located));
      return;
    }
    if (files.has(located.file)) {
      problems.push(yaml.problem(pointer, { message: `names ${name} a second time`, fix: 'Remove one of the two' }));
      return;
    }
    files.add(located.file);
    const phase = loadPhase(root, located.file, roles, kinds);
    problems.push(...phase.problems);
    items.push(...phase.items);
    if (!phase.phase) return;
    const first = places.get(phase.phase.id);
    if (first !== undefined) {
      problems.push(
        yaml.problem(pointer, {
          message: `${phase.phase.id} is described twice (first in ${first})`,
          fix: 'Remove one of the two',
        }),
      );
    }
    const last = phases.at(-1);
    if (last && phaseIndex(last.id) > phaseIndex(phase.phase.id)) {
      problems.push(
        yaml.problem(pointer, {
          message: `${phase.phase.id} stands after ${last.id}`,
          fix: 'List the phases in their order',
        }),
      );
    }
    places.set(phase.phase.id, located.file);
    phases.push(phase.phase);
  });
  problems.push(...duplicateIds(items), ...scheduleProblems(value['schedules'], items, yaml));
  problems.push(...upkeepProblems(value, roles, yaml));
  const release = isRecord(value['release']) ? value['release'] : {};
  return {
    checklist: {
      name: String(value['name']),
      file,
      roles,
      signing: signingOf(value),
      upkeep: upkeepOf(value),
      release: {
        name: String(release['name']),
        version: String(release['version']),
        ...(typeof release['commit'] === 'string' ? { commit: release['commit'] } : {}),
      },
      phases,
      items,
      schedules: schedulesOf(value['schedules']),
    },
    yaml,
    problems,
  };
}

/** A file named by the checklist must lie in the checklist's own folder, links followed. */
function confine(root: string, checklist: string, name: string): { file: string } | { message: string; fix: string } {
  const folder = dirname(resolve(root, checklist));
  const path = resolve(folder, name);
  const outside = { message: `must lie in the checklist's folder (${name})`, fix: 'Name a file beside checklist.yaml' };
  if (!path.startsWith(folder + sep)) return outside;
  if (!existsSync(path)) return { message: `there is no such file (${name})`, fix: 'Create it or correct the name' };
  if (!realpathSync(path).startsWith(realpathSync(folder) + sep)) return outside;
  const file = relative(root, path);
  return { file: file.startsWith('..') ? path : file };
}

interface LoadedPhase {
  readonly phase: ChecklistPhase | undefined;
  readonly items: readonly ChecklistItem[];
  readonly problems: readonly Problem[];
}

function loadPhase(
  root: string,
  file: string,
  roles: Readonly<Record<string, string>>,
  kinds: ReadonlyMap<string, CheckKind>,
): LoadedPhase {
  const yaml = readYamlFile(root, file);
  if (yaml.value === undefined) return { phase: undefined, items: [], problems: yaml.problems };
  const problems: Problem[] = [...yaml.problems, ...validate(phaseSchema, yaml.value, yaml, '')];
  const value = isRecord(yaml.value) ? yaml.value : {};
  const id = value['phase'];
  const list: readonly unknown[] = Array.isArray(value['items']) ? (value['items'] as unknown[]) : [];
  const phaseId = isPhase(id) ? id : undefined;
  const items: ChecklistItem[] = [];
  const sections = isRecord(value['sections']) ? value['sections'] : {};
  list.forEach((raw, index) => {
    const pointer = `/items${pointerStep(index)}`;
    problems.push(...validate(itemSchema, raw, yaml, pointer));
    if (!isRecord(raw)) return;
    const section = sections[sectionKey(raw['id'])];
    const heading = typeof section === 'string' ? { section } : {};
    const item = { phase: phaseId ?? 'phase1', raw, yaml, pointer, kind: kinds.get(String(raw['kind'])), ...heading };
    problems.push(...itemProblems(item, { roles, kinds, phaseKnown: phaseId !== undefined }));
    items.push(item);
  });
  problems.push(...emptySections(Object.keys(sections), list, yaml));
  const order = value['order'] === 'parallel' ? 'parallel' : 'sequential';
  const maxAge = typeof value['maxAge'] === 'string' ? { maxAge: value['maxAge'] } : {};
  const phase = phaseId ? ({ id: phaseId, title: String(value['title']), order, file, ...maxAge } as const) : undefined;
  return { phase, items, problems: firstProblems(problems) };
}

/** `P1-CLU` of `P1-CLU-001`. */
function sectionKey(id: unknown): string {
  return String(id).replace(/-[^-]*$/, '');
}

function emptySections(keys: readonly string[], items: readonly unknown[], yaml: YamlFile): readonly Problem[] {
  const used = new Set(items.map((item) => sectionKey(isRecord(item) ? item['id'] : '')));
  return keys
    .filter((key) => !used.has(key))
    .map((key) =>
      yaml.problem(`/sections${pointerStep(key)}`, {
        message: `no item of this file begins with ${key}`,
        fix: 'Remove the heading, or correct what its ids begin with',
      }),
    );
}

function validate(schema: object, value: unknown, yaml: YamlFile, base: string): readonly Problem[] {
  return problemsFromAjv(schemaErrors(schema, value), { yaml, base });
}

function duplicateIds(items: readonly ChecklistItem[]): Problem[] {
  const first = new Map<string, ChecklistItem>();
  return items.flatMap((item) => {
    const id = item.raw['id'];
    if (typeof id !== 'string') return [];
    const earlier = first.get(id);
    if (!earlier) {
      first.set(id, item);
      return [];
    }
    const place = earlier.yaml.at(`${earlier.pointer}/id`);
    const message = `the id ${id} is used twice (first at ${place.file}:${place.line}:${place.column})`;
    return [
      item.yaml.problem(`${item.pointer}/id`, {
        message,
        fix: 'Give this item an id of its own; ids are never used again',
      }),
    ];
  });
}
