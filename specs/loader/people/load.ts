/** Reads the waivers and attestations that stand beside a checklist. What is not valid is told, and covers nothing. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import type { Plan, PlannedItem } from '../../../checks/contract/plan.ts';
import { schemaErrors } from '../../../checks/kit/params.ts';
import { problemsFromAjv } from '../ajv-problems.ts';
import type { Problem } from '../problems.ts';
import { renderProblem, showValue, sortProblems } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import type { ProblemText, YamlFile } from '../yaml/parse.ts';
import { readYamlFile } from '../yaml/parse.ts';
import { attestationsSchema, waiversSchema } from './schemas.ts';
import type { Attestation, Waiver } from '../../../checks/contract/people.ts';
import { ATTESTED_KINDS } from '../../../checks/contract/people.ts';

export const WAIVERS_FILE = 'waivers.yaml';
export const ATTESTATIONS_FOLDER = 'attestations';

/** What people said, as far as it is valid, and a line for each thing that is not. */
export interface People {
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
  readonly problems: readonly string[];
}
export interface LoadedPeople {
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
  /** Why entries are refused. */
  readonly problems: readonly Problem[];
  /** Entries that are valid but match no item of the plan; the decision warns about them too. */
  readonly unmatched: readonly Problem[];
}
/** What is needed of a plan; a checklist that does not compile has it too. */
export interface PlanFacts {
  readonly checklist: Pick<Plan['checklist'], 'file'>;
  readonly items: readonly Pick<PlannedItem, 'id' | 'kind'>[];
  readonly roles: Plan['roles'];
}

/** For the decision: never throws, and says every problem in one line. What matches no item the decision itself warns of. */
export function loadPeople(root: string, plan: PlanFacts): People {
  const { waivers, attestations, problems } = readPeople(root, plan);
  return { waivers, attestations, problems: problems.map(renderProblem) };
}

/** For `golive validate` and everybody who wants the places. `root` is the project's folder. */
export function readPeople(root: string, plan: PlanFacts): LoadedPeople {
  const folder = dirname(plan.checklist.file);
  const context: Context = { plan, problems: [], unmatched: [], seen: new Map() };
  const waivers = existsSync(resolve(root, folder, WAIVERS_FILE))
    ? waiversIn(readYamlFile(root, join(folder, WAIVERS_FILE)), context)
    : [];
  const attestations = attestationFiles(root, folder, context).flatMap((file) =>
    attestationsIn(readYamlFile(root, file), context),
  );
  return {
    waivers,
    attestations,
    problems: sortProblems(context.problems),
    unmatched: sortProblems(context.unmatched),
  };
}

interface Context {
  readonly plan: PlanFacts;
  readonly problems: Problem[];
  readonly unmatched: Problem[];
  /** Identity of an entry → where it stands first. */
  readonly seen: Map<string, string>;
}

function attestationFiles(root: string, folder: string, { problems }: Context): string[] {
  const path = join(folder, ATTESTATIONS_FOLDER);
  if (!existsSync(resolve(root, path))) return [];
  if (!statSync(resolve(root, path)).isDirectory()) {
    const message = 'it is a file';
    problems.push({ file: path, line: 0, column: 0, field: '', message, fix: 'Make it a folder of YAML files' });
    return [];
  }
  return readdirSync(resolve(root, path))
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function waiversIn(yaml: YamlFile, context: Context): Waiver[] {
  const entries = entriesOf<FromSchema<typeof waiversSchema>['waivers'][number]>(yaml, 'waivers', context);
  return entries.flatMap(({ entry, pointer, place }) => {
    const id = `${entry.item}@${entry.environment}${entry.subject === undefined ? '' : `#${entry.subject}`}`;
    if (!isSound(yaml, entry, pointer, `waiver ${id}@${entry.release}`, context)) return [];
    return [{ ...entry, id, place }];
  });
}

function attestationsIn(yaml: YamlFile, context: Context): Attestation[] {
  type Entry = FromSchema<typeof attestationsSchema>['attestations'][number];
  return entriesOf<Entry>(yaml, 'attestations', context).flatMap(({ entry, pointer, place }) => {
    const id = `attestation of ${entry.item} by ${entry.role} for ${entry.environment}, ${entry.release}`;
    const sound = isSound(yaml, entry, pointer, id, context);
    const vouched = isAttested(yaml, entry, pointer, context);
    return sound && vouched ? [{ ...entry, place }] : [];
  });
}

function isAttested(yaml: YamlFile, entry: { item: string; role: string }, pointer: string, context: Context): boolean {
  const problems: Problem[] = [];
  const roles = Object.keys(context.plan.roles);
  if (!roles.includes(entry.role)) {
    const message = `is no role of the checklist (${showValue(entry.role)})`;
    problems.push(yaml.problem(`${pointer}/role`, { message, allowed: roles, ...suggestion(entry.role, roles) }));
  }
  const item = context.plan.items.find(({ id }) => id === entry.item);
  if (item && !ATTESTED_KINDS.includes(item.kind)) {
    const message = `is of kind ${item.kind}, which no statement can replace (${showValue(entry.item)})`;
    problems.push(
      yaml.problem(`${pointer}/item`, { message, fix: 'Remove the attestation; waive the item if it must be' }),
    );
  }
  context.problems.push(...problems);
  return problems.length === 0;
}

interface Entry<T> {
  readonly entry: T;
  readonly pointer: string;
  readonly place: string;
}

/** The entries of a list that fit the schema. One that does not is told and left out; a broken file gives none. */
function entriesOf<T>(yaml: YamlFile, list: 'waivers' | 'attestations', context: Context): Entry<T>[] {
  context.problems.push(...yaml.problems);
  if (yaml.value === undefined || yaml.problems.length > 0) return [];
  const errors = schemaErrors(list === 'waivers' ? waiversSchema : attestationsSchema, yaml.value);
  const problems = problemsFromAjv(errors, { yaml, base: '' });
  context.problems.push(...problems);
  const bad = (pointer: string): boolean =>
    errors.some(({ instancePath }) => instancePath === pointer || instancePath.startsWith(`${pointer}/`));
  if (
    errors.some(
      ({ instancePath }) => instancePath === '' || instancePath === '/apiVersion' || instancePath === `/${list}`,
    )
  ) {
    return [];
  }
  const entries = (yaml.value as Readonly<Record<string, readonly T[]>>)[list] ?? [];
  return entries.flatMap((entry, index) => {
    const pointer = `/${list}/${index}`;
    const { file, line, column } = yaml.at(pointer);
    return bad(pointer) ? [] : [{ entry, pointer, place: `${file}:${line}:${column}` }];
  });
}

/** Time, duplicates, and whether its item exists. */
function isSound(
  yaml: YamlFile,
  entry: { readonly item: string; readonly expires: string },
  pointer: string,
  identity: string,
  { plan, problems, unmatched, seen }: Context,
): boolean {
  const before = problems.length;
  const tell = (member: string, text: ProblemText): number => problems.push(yaml.problem(`${pointer}/${member}`, text));
  if (!isRfc3339(entry.expires)) {
    const message = `is no RFC 3339 time with a zone (${showValue(entry.expires)})`;
    tell('expires', { message, fix: 'Write for example 2027-03-31T00:00:00Z' });
  }
  const first = seen.get(identity);
  const { file, line } = yaml.at(pointer);
  if (first === undefined) seen.set(identity, `${file}:${line}`);
  else
    tell('item', {
      message: `says again what stands at ${first} (${showValue(entry.item)})`,
      fix: 'Remove one of the two',
    });
  const ids = plan.items.map(({ id }) => id);
  if (!ids.includes(entry.item)) {
    const message = `matches no item of the plan (${showValue(entry.item)})`;
    unmatched.push(
      yaml.problem(`${pointer}/item`, { message, ...suggestion(entry.item, ids), fix: 'Correct the id or remove it' }),
    );
  }
  return problems.length === before;
}

/** A date and time with a zone that exists in the calendar. */
export function isRfc3339(text: string): boolean {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/.exec(text);
  if (!match || Number.isNaN(Date.parse(text))) return false;
  const [year, month, day] = match.slice(1, 4).map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day));
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
}

function suggestion(word: string, allowed: readonly string[]): { suggestion?: string } {
  const found = didYouMean(word, allowed);
  return found === undefined ? {} : { suggestion: found };
}
