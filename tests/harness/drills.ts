/** The CODE platform's drills, for tests of its faults against single kinds. */
import { ObservationError } from '../../checks/contract/capabilities.ts';
import { kinds } from '../../checks/index.ts';
import type { Verdict } from '../../checks/kit/verdict.ts';
import { isUnobserved } from '../../checks/kit/verdict.ts';
import { bound, type BoundFault } from '../../rehearsal/drill/bound.ts';
import type { Seen } from '../../rehearsal/drill/compare.ts';
import type { Fault } from '../../rehearsal/faults/fault.ts';
import { faults as allFaults } from '../../rehearsal/faults/index.ts';
import { loadDrills } from '../../specs/loader/drills/load.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { renderProblems } from '../../specs/loader/problems.ts';
import { repositoryRoot } from './repository.ts';

/** What a drill would see of an item whose kind is asked directly: its verdict, or the refusal that ended it. */
export async function seenOf(item: string, judge: () => Promise<Verdict>): Promise<Seen> {
  try {
    const verdict = await judge();
    // As the record of an item says it: what kept it from looking.
    const refused = verdict.outcome === 'error' ? verdict.doubts.find(({ reason }) => isUnobserved(reason)) : undefined;
    if (!refused) return { item, message: '', ...verdict };
    const { reason, detail } = refused;
    return { item, message: '', ...verdict, reason, ...(detail === undefined ? {} : { detail }) };
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    const { code, detail, message } = error;
    const about = { reason: code, ...(detail === undefined ? {} : { detail }) };
    return { item, outcome: 'error', message, ...about, findings: [], doubts: [{ ...about, why: message }] };
  }
}

/** The given faults with what the checklist says of them. Throws with all problems of its files. */
export function boundFaults(faults: readonly Fault[]): readonly BoundFault[] {
  const root = repositoryRoot();
  const compiled = compilePlan({ root, env: { GOLIVE_ENV: 'rehearsal' } });
  if ('problems' in compiled) throw new Error(renderProblems(compiled.problems));
  const names = allFaults.map(({ name }) => name);
  const { drills, problems } = loadDrills(root, compiled.plan, kinds, names);
  if (problems.length > 0) throw new Error(renderProblems(problems));
  return bound(faults, drills);
}
