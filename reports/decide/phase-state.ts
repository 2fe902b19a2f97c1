/** May a phase start? Asked while the run goes on, of what has been recorded so far. Pure. */
import { decide } from './decide.ts';
import { phaseBefore } from './gather.ts';
import type { DecisionInput } from './input.ts';
import type { DecidedPhase } from '../../checks/contract/decision.ts';

export type PhaseStateInput = Omit<DecisionInput, 'endedBy'>;

/** How a phase stands by the records so far; null when the plan has no such phase. */
export function phaseState(input: PhaseStateInput, phase: string): DecidedPhase | null {
  const decision = decide({ ...input, endedBy: 'finished' });
  return decision.phases.find(({ id }) => id === phase) ?? null;
}

/** Whether the phase before `phase` is GO for this release and environment, and if not, why not, in one line. */
export function preconditionFor(
  input: PhaseStateInput,
  phase: string,
): { readonly met: boolean; readonly why: string } {
  const before = phaseBefore(phase, input.plan);
  if (before === null) return { met: true, why: `${phase} presupposes no other phase` };
  const state = phaseState(input, before);
  if (state?.decision === 'GO')
    return { met: true, why: `${before} is GO${state.from === 'ledger' ? ` (run ${state.fromRun ?? ''})` : ''}` };
  const why = state?.reasons.map(({ text }) => text).join('; ') ?? `${before} is not in the plan`;
  return { met: false, why: `${before} is ${state?.decision ?? 'not decided'}: ${why}` };
}
