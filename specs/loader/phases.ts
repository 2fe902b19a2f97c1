/** The order of phases and what belongs to the decision to go live. */
import { PHASES, POST_DEPLOYMENT, type PhaseId } from '../../checks/contract/plan.ts';

/** Phases the decision to go live needs; post-deployment is decided by itself. */
export const GATE_PHASES: readonly PhaseId[] = PHASES.filter((phase) => phase !== POST_DEPLOYMENT);

export function phaseIndex(phase: PhaseId): number {
  return PHASES.indexOf(phase);
}

export function isPhase(value: unknown): value is PhaseId {
  return (PHASES as readonly unknown[]).includes(value);
}

/** The phase whose GO the given one waits for; the first and post-deployment wait for none. */
export function phaseBefore(phase: PhaseId): PhaseId | undefined {
  return phase === POST_DEPLOYMENT ? undefined : PHASES[phaseIndex(phase) - 1];
}
