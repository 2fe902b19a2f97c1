/** `golive validate`: are checklist, environment, params, waivers and attestations right? Reads files only. */
import { EXIT } from '../checks/contract/decision.ts';
import { isRecord } from '../checks/contract/json.ts';
import { kinds } from '../checks/index.ts';
import { peopleStanding } from '../reports/decide/people.ts';
import { readPeople, type LoadedPeople } from '../specs/loader/people/load.ts';
import { listOf, plural } from '../reports/tell/wording.ts';
import { constantQueries } from '../specs/loader/constant-queries.ts';
import { findChecklist } from '../specs/loader/find-checklist.ts';
import { loadChecklist } from '../specs/loader/load-checklist.ts';
import { overdue } from '../specs/loader/upkeep.ts';
import { draftPlan, type PlanDraft } from '../specs/loader/plan.ts';
import { renderProblems } from '../specs/loader/problems.ts';
import { PLANNED_KIND } from '../specs/loader/schemas.ts';
import { SPEC_KIND } from '../specs/loader/team-specs/binding.ts';
import { unboundSpecs } from '../specs/loader/team-specs/files.ts';
import { selectedEnv, type Selection } from './compile.ts';
import { projectRoot } from './root.ts';
import { hasColour, writeError, writeOut, writePainted } from './write.ts';

/** 0 valid, also with warnings; 64 invalid, after every problem of every file has been told. */
export async function validate(selection: Selection): Promise<number> {
  const root = projectRoot();
  const compiled = draftPlan({ root, env: selectedEnv(selection) });
  const people = 'draft' in compiled ? readPeople(root, compiled.draft, new Date()) : peopleBeside(root, selection);
  const problems = [...('problems' in compiled ? compiled.problems : []), ...(people?.problems ?? [])];
  if (problems.length > 0 || !('draft' in compiled)) {
    writePainted(renderProblems(problems, { colour: hasColour(process.stderr) }), process.stderr);
    return Promise.resolve(EXIT.usage);
  }
  if (people) warn(compiled.draft, people);
  for (const { item, param } of constantQueries(compiled.draft.items)) {
    const { file, line, column } = item.place;
    writeError(
      `${file}:${line}:${column}: warning: ${item.id}: params.${param} gives a value also where nothing is measured, so a metric that was renamed looks good. Fix: leave the constant out ("or vector(0)"), or put it where the whole can still be empty: "(sum(errors) or vector(0)) / sum(requests)".`,
    );
  }
  for (const file of unboundSpecs(root, compiled.draft)) {
    writeError(
      `${file}: warning: no item of kind ${SPEC_KIND} names it, so it runs nowhere. Fix: name it in params.file of an item, or move it out of specs/.`,
    );
  }
  writeOut(summaryOf(compiled.draft, people));
  return Promise.resolve(EXIT.GO);
}

/** Waivers and attestations of a checklist that does not compile: what is wrong with them is told all the same. */
function peopleBeside(root: string, selection: Selection): LoadedPeople | undefined {
  const found = findChecklist(root, selectedEnv(selection)['GOLIVE_CHECKLIST']);
  if ('problem' in found) return undefined;
  const { checklist } = loadChecklist(root, found.file, kinds);
  if (Object.keys(checklist.roles).length === 0) return undefined;
  const items = checklist.items.map(({ raw }) => {
    const params = isRecord(raw['params']) ? raw['params'] : {};
    return { id: String(raw['id']), kind: String(raw['kind']), params };
  });
  return readPeople(root, { checklist, items, roles: checklist.roles }, new Date());
}

/** What is valid but covers nothing, to stderr. */
function warn(plan: PlanDraft, people: LoadedPeople): void {
  const late = overdue(plan.checklist.upkeep ?? {}, new Date());
  if (late !== null) writeError(`${plan.checklist.file}: warning: ${late}.`);
  for (const { place, text } of peopleStanding(plan, people, new Date())) writeError(`${place}: warning: ${text}.`);
}

function summaryOf({ checklist, items, phases, environment }: PlanDraft, people: LoadedPeople | undefined): string {
  const planned = items.filter((item) => item.kind === PLANNED_KIND).length;
  const said = [
    ...counted(people?.waivers.length ?? 0, 'waiver'),
    ...counted(people?.attestations.length ?? 0, 'attestation'),
  ];
  const besides = said.length > 0 ? ` Beside it: ${listOf(said)}.` : '';
  return `${checklist.file} is valid for environment ${environment.name}: ${plural(items.length, 'item')} in ${plural(phases.length, 'phase')}, ${planned} of them planned.${besides}`;
}

function counted(count: number, of: string): readonly string[] {
  return count === 0 ? [] : [plural(count, of)];
}
