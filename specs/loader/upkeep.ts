/** Who keeps a checklist, when it was looked at and when it must be again: `owner`, `reviewed` and `nextReview` of checklist.yaml. */
import type { JSONSchema } from 'json-schema-to-ts';
import type { ChecklistUpkeep } from '../../checks/contract/plan.ts';
import { showValue, type Problem } from './problems.ts';
import { isRfc3339 } from './people/words.ts';
import type { YamlFile } from './yaml/parse.ts';

const date = (description: string) =>
  ({ type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: `${description}: 2027-03-31` }) as const;

export const upkeepProperties = {
  owner: { type: 'string', minLength: 1, description: 'The role that keeps this checklist up to date' },
  reviewed: date('The day it was looked at as a whole'),
  nextReview: date('The day by which it is looked at again; afterwards each decision says that it is overdue'),
} as const satisfies Readonly<Record<string, JSONSchema>>;

/** Undefined where the checklist says nothing of it. */
export function upkeepOf(value: Readonly<Record<string, unknown>>): ChecklistUpkeep | undefined {
  const said = (['owner', 'reviewed', 'nextReview'] as const).flatMap((name) => {
    const one = value[name];
    return typeof one === 'string' ? [[name, one] as const] : [];
  });
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

/** What no schema can say: a role that exists, days of the calendar, a review that comes after the last. */
export function upkeepProblems(
  value: Readonly<Record<string, unknown>>,
  roles: Readonly<Record<string, string>>,
  yaml: YamlFile,
): readonly Problem[] {
  const { owner, reviewed, nextReview } = upkeepOf(value) ?? {};
  const problems: Problem[] = [];
  if (owner !== undefined && !Object.hasOwn(roles, owner)) {
    const message = `is no role of the checklist (${showValue(owner)})`;
    problems.push(yaml.problem('/owner', { message, allowed: Object.keys(roles) }));
  }
  for (const [name, day] of Object.entries({ reviewed, nextReview }))
    if (day !== undefined && !isRfc3339(`${day}T00:00:00Z`))
      problems.push(
        yaml.problem(`/${name}`, { message: `is no day of the calendar (${showValue(day)})`, fix: 'Write 2027-03-31' }),
      );
  if (reviewed !== undefined && nextReview !== undefined && !(reviewed < nextReview)) {
    const message = `is not after reviewed (${reviewed})`;
    problems.push(yaml.problem('/nextReview', { message, fix: 'Name the day by which it is looked at again' }));
  }
  return problems;
}

/** Why a checklist is overdue, or null. The day itself is not over. */
export function overdue({ owner, nextReview }: ChecklistUpkeep, now: Date): string | null {
  if (nextReview === undefined || now.toISOString().slice(0, 10) <= nextReview) return null;
  const who = owner === undefined ? 'somebody' : owner;
  return `the checklist was to be looked at again by ${nextReview}: ${who} reviews it and writes reviewed and nextReview`;
}
