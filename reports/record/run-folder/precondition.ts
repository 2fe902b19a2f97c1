/** Asked by a worker before its phase starts: is the phase before it GO, by this run's records or the ledger? */
import { errorText } from '../../../checks/contract/text.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import { endsUnderWay } from '../../decide/under-way.ts';
import { preconditionFor } from '../../decide/phase-state.ts';
import { loadPeople, type People } from '../../../specs/loader/people/load.ts';
import { lookedAtAgain } from './look-again.ts';
import { inputFor } from './input.ts';
import { readRun } from './read.ts';

export interface PreconditionQuestion {
  readonly runDir: string;
  readonly root: string;
  /** The run's frozen plan, as its folder holds it. */
  readonly plan: Plan;
  readonly phase: string;
  readonly now: Date;
}

/** Never throws: what cannot be read is a precondition that is not met. */
export function preconditionOf(question: PreconditionQuestion): { readonly met: boolean; readonly why: string } {
  const { runDir, root, plan, phase, now } = question;
  try {
    const run = readRun(runDir);
    const people = loadPeople(root, plan);
    const ask = (said: People) =>
      preconditionFor(inputFor({ run, root, people: said, now, endedBy: 'finished' }), phase);
    const answer = ask(people);
    if (answer.met) return endsUnderWay(question, people, ask) ?? answer;
    return lookedAtAgain(run, root, phase) ?? answer;
  } catch (error) {
    const why = errorText(error);
    return { met: false, why: `whether the phase before ${phase} is GO cannot be told: ${why}` };
  }
}
