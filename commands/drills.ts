/** The faults of the rehearsal with what the checklist says of them. */
import { kinds } from '../checks/index.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { bound, faults, type BoundFault } from '../rehearsal/door.ts';
import { loadDrills } from '../specs/loader/drills/load.ts';
import { renderProblems } from '../specs/loader/problems.ts';
import { hasColour, writePainted } from './write.ts';

/** None for a checklist without drills; undefined after all problems have been printed. */
export function drilledFaults(root: string, plan: Plan): readonly BoundFault[] | undefined {
  const names = faults.map(({ name }) => name);
  const { drills, problems } = loadDrills(root, plan, kinds, names);
  if (problems.length === 0) return bound(faults, drills);
  writePainted(renderProblems(problems, { colour: hasColour(process.stderr) }), process.stderr);
  return undefined;
}
