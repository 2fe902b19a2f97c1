/** Which items the command line left in, of the tests that Playwright is about to run. Pure. */
import { relative, sep } from 'node:path';
import type { Plan } from '../checks/contract/plan.ts';
import { boundSpecs, isStated } from '../specs/loader/team-specs/binding.ts';

/** What is needed of Playwright's test. */
export interface SelectedTest {
  readonly phase: string;
  readonly file: string;
  /** Its describes', the outermost first, and its own. */
  readonly titles: readonly string[];
}

/** Ids of the selected items by phase, for each of `phases`: none where nothing of it was selected. `specs`: the folder of teams' specs. */
export function selectionOf(
  plan: Plan,
  phases: readonly string[],
  tests: readonly SelectedTest[],
  specs: string,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    plan.phases
      .filter(({ id }) => phases.includes(id))
      .map(({ id }) => {
        const own = tests.filter(({ phase }) => phase === id);
        const titles = new Set(own.map((test) => test.titles.at(-1)));
        const bound = boundSpecs(plan, id).filter(({ file, title }) =>
          own.some((test) => relative(specs, test.file).split(sep).join('/') === file && isStated(title, test.titles)),
        );
        const specItems = new Set(bound.map(({ item }) => item.id));
        const items = plan.items.filter(
          (item) => item.phase === id && (titles.has(`${item.id} ${item.title}`) || specItems.has(item.id)),
        );
        return [id, items.map((item) => item.id)] as const;
      }),
  );
}
