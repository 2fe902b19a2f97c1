/** Specs of a team whose tests are bound to an item each, and what became of each. */
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { GateItem, GateProject } from './gate-project.ts';
import type { MakeProject } from './gate-projects.ts';

export const FILE = 'shop.spec.ts';
export const SEEN = "evidence.observe('Shop', 'order 17 was accepted');";
let number = 0;
export const bound = (title: string, more: Partial<GateItem> = {}): GateItem => ({
  id: `P1-SPEC-${String((number += 1)).padStart(3, '0')}`,
  spec: { file: FILE, title },
  ...more,
});
export const recordsOf = (project: GateProject) => project.outcomes().map((line) => JSON.parse(line) as OutcomeRecord);

/** Runs tests, each bound to an item, all in phase 1, and answers what became of each, by title. */
export async function outcomesBySpec(
  make: MakeProject,
  tests: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const items = Object.keys(tests).map((title) => bound(title));
  const project = await make([{ phase: 'phase1', items }]);
  project.writeSpec(FILE, Object.values(tests).join('\n'));
  const result = await project.run(args, env);
  const byTitle = (title: string) => {
    const id = items.find((item) => item.spec?.title === title)?.id;
    const decided = result.decision?.items.find((item) => item.id === id);
    return { outcome: decided?.outcome, reason: decided?.reason, message: decided?.message ?? '' };
  };
  return { result, project, byTitle };
}
