/** May a phase start? Asked while the run goes on, of what has been recorded so far. Pure. */
import { decide } from './decide.ts';
import { phaseBefore } from './gather.ts';
import type { DecisionInput } from './input.ts';
import type { DecidedPhase, Decision } from '../../checks/contract/decision.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { isBlocking } from './order.ts';

export type PhaseStateInput = Omit<DecisionInput, 'endedBy'>;

/** How a phase stands by the records so far; null when the plan has no such phase. */
export function phaseState(input: PhaseStateInput, phase: string): DecidedPhase | null {
  const decision = decide({ ...input, endedBy: 'finished' });
  return decision.phases.find(({ id }) => id === phase) ?? null;
}

/** What a person has yet to allow before a phase that comes later than the item: such an item holds no phase before that one. */
function missingPermit({ items }: Decision, plan: Plan, phase: string): string | null {
  const due = new Set(
    plan.items.flatMap((item) =>
      item.dueBy === phase && item.phase !== phase && isBlocking(item.severity) ? [item.id] : [],
    ),
  );
  const open = items.filter(({ id, outcome, waived }) => due.has(id) && outcome === 'pending' && waived === null);
  return open.length === 0
    ? null
    : open.map(({ id, message }) => `${id} is due by ${phase}: ${message.split('\n', 1)[0] ?? ''}`).join('; ');
}

/** Whether the phase before `phase` is GO for this release and environment, and if not, why not, in one line. */
export function preconditionFor(
  input: PhaseStateInput,
  phase: string,
): { readonly met: boolean; readonly why: string } {
  const before = phaseBefore(phase, input.plan);
  if (before === null) return { met: true, why: `${phase} presupposes no other phase` };
  const decision = decide({ ...input, endedBy: 'finished' });
  const state = decision.phases.find(({ id }) => id === before);
  const permit = state?.decision === 'GO' ? missingPermit(decision, input.plan, phase) : null;
  if (permit !== null) return { met: false, why: permit };
  if (state?.decision === 'GO')
    return { met: true, why: `${before} is GO${state.from === 'ledger' ? ` (run ${state.fromRun ?? ''})` : ''}` };
  const why = state?.reasons.map(({ text }) => text).join('; ') ?? `${before} is not in the plan`;
  return { met: false, why: `${before} is ${state?.decision ?? 'not decided'}: ${why}` };
}
