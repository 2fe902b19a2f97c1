/** Reads the waivers and attestations that stand beside a checklist. What is not valid is told, and covers nothing. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import type { Plan, PlannedItem } from '../../../checks/contract/plan.ts';
import { schemaErrors } from '../../../checks/kit/params.ts';
import { problemsFromAjv } from '../ajv-problems.ts';
import type { Problem } from '../problems.ts';
import { firstProblems, renderProblem, showValue, sortProblems } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import type { ProblemText, YamlFile } from '../yaml/parse.ts';
import { readYamlFile } from '../yaml/parse.ts';
import { authorsOf } from './blame.ts';
import { isPlaceholder, isRfc3339, standsTooLong } from './words.ts';
import { readApprovals } from './approvals.ts';
import { peopleFolders, peopleKeys, signedBy, type PeopleKeys } from './keys.ts';
import { attestationsSchema, waiversSchema } from './schemas.ts';
import type { Approval, Attestation, Signed, Waiver } from '../../../checks/contract/people.ts';
import { asksStatement } from '../../../checks/contract/people.ts';

export const WAIVERS_FILE = 'waivers.yaml';
export const ATTESTATIONS_FOLDER = 'attestations';

/** What people said, as far as it is valid, and a line for each thing that is not. */
export interface People {
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
  readonly approvals: readonly Approval[];
  /** Of a rehearsal: the cluster that vouches for the keys of its people. */
  readonly cluster?: string;
  readonly problems: readonly string[];
}
export interface LoadedPeople {
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
  readonly approvals: readonly Approval[];
  readonly keys: PeopleKeys;
  /** Why entries are refused. */
  readonly problems: readonly Problem[];
  /** Entries that are valid but match no item of the plan; the decision warns about them too. */
  readonly unmatched: readonly Problem[];
}
/** What is needed of a plan; a checklist that does not compile has it too. */
export interface PlanFacts {
  readonly checklist: Pick<Plan['checklist'], 'file'>;
  readonly environment?: Pick<Plan['environment'], 'name' | 'rehearsal'>;
  readonly items: readonly (Pick<PlannedItem, 'id' | 'kind'> & Partial<Pick<PlannedItem, 'params'>>)[];
  readonly roles: Plan['roles'];
}

/** For the decision: never throws, and says every problem in one line. What matches no item the decision itself warns of. */
export function loadPeople(root: string, plan: PlanFacts): People {
  const { waivers, attestations, approvals, keys, problems } = readPeople(root, plan);
  const cluster = keys.cluster === undefined ? {} : { cluster: keys.cluster };
  return { waivers, attestations, approvals, ...cluster, problems: problems.map(renderProblem) };
}

/**
 * For `golive validate` and everybody who wants the places. `root` is the project's folder. With `now` an end more than a year away is a
 * problem, too; the decision holds it against its own time.
 */
export function readPeople(root: string, plan: PlanFacts, now?: Date): LoadedPeople {
  const folder = dirname(plan.checklist.file);
  const ids = plan.items.map(({ id }) => id);
  const keys = peopleKeys(root, plan);
  const context: Context = { plan, ids, known: new Set(ids), now, keys, problems: [], unmatched: [], seen: new Map() };
  const waivers = existsSync(resolve(root, folder, WAIVERS_FILE))
    ? waiversIn(root, readYamlFile(root, join(folder, WAIVERS_FILE)), context)
    : [];
  const attestations = peopleFolders(plan)
    .flatMap((one) => attestationFiles(root, one, context))
    .flatMap((file) => attestationsIn(readYamlFile(root, file), signedFile(root, file, keys), context));
  const signed = readApprovals(root, plan, keys);
  return {
    waivers,
    attestations,
    approvals: signed.approvals,
    keys,
    problems: sortProblems(firstProblems([...context.problems, ...signed.problems])),
    unmatched: sortProblems(firstProblems(context.unmatched)),
  };
}

interface Context {
  readonly plan: PlanFacts;
  readonly ids: readonly string[];
  readonly known: ReadonlySet<string>;
  readonly now: Date | undefined;
  readonly keys: PeopleKeys;
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

function waiversIn(root: string, yaml: YamlFile, context: Context): Waiver[] {
  const entries = entriesOf<FromSchema<typeof waiversSchema>['waivers'][number]>(yaml, 'waivers', context);
  const sound = entries.flatMap(({ entry, pointer, place }) => {
    const id = `${entry.item}@${entry.environment}${entry.subject === undefined ? '' : `#${entry.subject}`}`;
    if (!isSound(yaml, entry, pointer, `waiver ${id}@${entry.release}`, context)) return [];
    return [{ ...entry, id, place, lines: APPROVED.map((member) => yaml.at(`${pointer}/${member}`).line) }];
  });
  const { file } = yaml.at('');
  const written = authorsOf(
    root,
    file,
    sound.flatMap(({ lines }) => lines),
  );
  return sound.map(({ lines, ...waiver }) => {
    const authors = lines.map((line) => written.get(line));
    const known = authors.flatMap((one) => one ?? []);
    return authors.includes(undefined) ? waiver : { ...waiver, authors: [...new Set(known)] };
  });
}

/** The members of a waiver that somebody takes upon themselves. */
const APPROVED = ['item', 'reason', 'approver', 'expires'] as const;

/** Whose signature lies beside a file: `ssh-keygen -Y sign` puts it there. */
export function signedFile(root: string, file: string, keys: PeopleKeys): Signed {
  const path = resolve(root, file);
  const beside = `${path}.sig`;
  const signature = existsSync(beside) ? readFileSync(beside, 'utf8') : undefined;
  return signedBy(existsSync(path) ? readFileSync(path, 'utf8') : '', signature, keys);
}

function attestationsIn(yaml: YamlFile, signed: Signed, context: Context): Attestation[] {
  type Entry = FromSchema<typeof attestationsSchema>['attestations'][number];
  return entriesOf<Entry>(yaml, 'attestations', context).flatMap(({ entry, pointer, place }) => {
    const id = `attestation of ${entry.item} by ${entry.approver} (${entry.role}) for ${entry.environment}, ${entry.release}`;
    const sound = isSound(yaml, entry, pointer, id, context);
    const vouched = isAttested(yaml, entry, pointer, context);
    return sound && vouched ? [{ ...entry, place, signed }] : [];
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
  if (item && !asksStatement(item)) {
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
  const bad = new Set(errors.map(({ instancePath }) => instancePath.split('/').slice(0, 3).join('/')));
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
    return bad.has(pointer) ? [] : [{ entry, pointer, place: `${file}:${line}:${column}` }];
  });
}

/** Members that a person answers with. */
const WORDS: ReadonlySet<string> = new Set(['reason', 'statement', 'approver', 'ticket']);

/** Time, words, duplicates, and whether its item exists. */
function isSound(
  yaml: YamlFile,
  entry: { readonly item: string; readonly expires: string },
  pointer: string,
  identity: string,
  { ids, known, now, problems, unmatched, seen }: Context,
): boolean {
  const before = problems.length;
  const tell = (member: string, text: ProblemText): number => problems.push(yaml.problem(`${pointer}/${member}`, text));
  if (!isRfc3339(entry.expires)) {
    const message = `is no RFC 3339 time with a zone (${showValue(entry.expires)})`;
    tell('expires', { message, fix: 'Write for example 2027-03-31T00:00:00Z' });
  } else if (now && standsTooLong(entry.expires, now)) {
    const message = `is more than a year from now (${showValue(entry.expires)})`;
    tell('expires', { message, fix: 'End it within a year, and look at it again then' });
  }
  for (const [member, text] of Object.entries(entry)) {
    if (!WORDS.has(member) || typeof text !== 'string' || !isPlaceholder(text)) continue;
    tell(member, {
      message: `says nothing (${showValue(text)})`,
      fix: 'Write it out, so that others can ask and check',
    });
  }
  const first = seen.get(identity);
  const { file, line } = yaml.at(pointer);
  if (first === undefined) seen.set(identity, `${file}:${line}`);
  else
    tell('item', {
      message: `says again what stands at ${first} (${showValue(entry.item)})`,
      fix: 'Remove one of the two',
    });
  if (!known.has(entry.item)) {
    const message = `matches no item of the plan (${showValue(entry.item)})`;
    unmatched.push(
      yaml.problem(`${pointer}/item`, { message, ...suggestion(entry.item, ids), fix: 'Correct the id or remove it' }),
    );
  }
  return problems.length === before;
}

function suggestion(word: string, allowed: readonly string[]): { suggestion?: string } {
  const found = didYouMean(word, allowed);
  return found === undefined ? {} : { suggestion: found };
}
