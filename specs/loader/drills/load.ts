/** Reads `drills/*.yaml` beside the checklist: which items each fault of the rehearsal must turn red, and for which reason. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import type { ValidateFunction } from 'ajv';
import type { NonEmpty } from '../../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../../checks/contract/plan.ts';
import type { CheckKind } from '../../../checks/kit/kind.ts';
import { createAjv } from '../../../checks/kit/params.ts';
import { problemsFromAjv } from '../ajv-problems.ts';
import { sortProblems, type Problem } from '../problems.ts';
import { readYamlFile, type YamlFile } from '../yaml/parse.ts';
import { pointerStep } from '../../../k8s/semantics/objects/positions.ts';
import { Judge } from './problems.ts';
import { drillsSchema } from './schema.ts';
import type { Drill, ExpectedChange } from './types.ts';

export const DRILLS_FOLDER = 'drills';

/** What is needed of a plan. */
export interface DrilledPlan {
  readonly checklist: Pick<Plan['checklist'], 'file'>;
  readonly items: readonly Pick<PlannedItem, 'id' | 'kind'>[];
}
export interface LoadedDrills {
  readonly drills: readonly Drill[];
  readonly problems: readonly Problem[];
}

type File = FromSchema<typeof drillsSchema>;
type Consequence = NonNullable<File['groups']>[string][number];

/**
 * All drills of the checklist, each with its groups put in. `faults` are the names of those that there are. A checklist without the
 * folder has no drills, which is no problem.
 */
export function loadDrills(
  root: string,
  plan: DrilledPlan,
  kinds: ReadonlyMap<string, CheckKind>,
  faults: readonly string[],
): LoadedDrills {
  const folder = join(dirname(plan.checklist.file), DRILLS_FOLDER);
  const path = resolve(root, folder);
  if (!existsSync(path)) return { drills: [], problems: [] };
  const read = readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => validFile(readYamlFile(root, join(folder, name))));
  const files = read.flatMap(({ yaml, value }) => (value ? [{ yaml, value }] : []));
  const judge = new Judge(plan.items, kinds, faults);
  const groups = groupsOf(files, judge);
  const drills = files.flatMap((file) => drillsOf(file, groups, judge));
  // A file that cannot be read may hold what is missing.
  if (files.length === read.length) judge.atEnd(folder);
  return { drills, problems: sortProblems([...read.flatMap(({ problems }) => problems), ...judge.problems]) };
}

interface Read {
  readonly yaml: YamlFile;
  readonly value: File;
}

let compiled: ValidateFunction | undefined;

function validFile(yaml: YamlFile): { yaml: YamlFile; value?: File; problems: readonly Problem[] } {
  if (yaml.value === undefined || yaml.problems.length > 0) return { yaml, problems: yaml.problems };
  const validate = (compiled ??= createAjv({ useDefaults: false }).compile(drillsSchema));
  if (validate(yaml.value)) return { yaml, value: yaml.value as File, problems: [] };
  return { yaml, problems: problemsFromAjv(validate.errors ?? [], { yaml, base: '' }) };
}

type Groups = ReadonlyMap<string, readonly Consequence[]>;

function groupsOf(files: readonly Read[], judge: Judge): Groups {
  const groups = new Map<string, readonly Consequence[]>();
  for (const { yaml, value } of files)
    for (const [name, consequences] of Object.entries(value.groups ?? {})) {
      const pointer = `/groups${pointerStep(name)}`;
      judge.group(yaml, pointer, name);
      consequences.forEach(({ items }, index) => judge.items(yaml, `${pointer}/${index}/items`, items));
      groups.set(name, consequences);
    }
  return groups;
}

function drillsOf({ yaml, value }: Read, groups: Groups, judge: Judge): readonly Drill[] {
  return Object.entries(value.drills ?? {}).map(([fault, { changes, mayChange = [] }]) => {
    const pointer = `/drills${pointerStep(fault)}`;
    judge.fault(yaml, pointer, fault);
    const expected = Object.entries(changes).map(([item, change]): ExpectedChange => ({ item, ...change }));
    for (const change of expected) judge.change(yaml, `${pointer}/changes${pointerStep(change.item)}`, change);
    const consequences = mayChange.flatMap((one, index): readonly Consequence[] => {
      const at = `${pointer}/mayChange/${index}`;
      if (typeof one === 'string') return judge.named(yaml, at, one) ? (groups.get(one) ?? []) : [];
      judge.items(yaml, `${at}/items`, one.items);
      return [one];
    });
    return {
      fault,
      // The schema wants at least one.
      changes: expected as unknown as NonEmpty<ExpectedChange>,
      mayChange: Object.fromEntries(consequences.flatMap(({ items, why }) => items.map((item) => [item, why]))),
    };
  });
}
