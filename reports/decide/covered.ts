/** What a signature covers at this moment: the facts of the decision without times, messages and sign-off items. Pure. */
import { digestOf } from '../../checks/contract/canonical.ts';
import type { DecisionName } from '../../checks/contract/decision.ts';
import type { Attestation, Covered } from '../../checks/contract/people.ts';
import type { PhaseId, PlannedItem } from '../../checks/contract/plan.ts';
import { isHere } from '../../checks/people/speakers.ts';
import { gatePhases } from './gather.ts';
import type { DecisionInput } from './input.ts';
import { byText } from './order.ts';
import { asksStatement } from '../../checks/contract/people.ts';
import type { WeighedItem } from './phase.ts';

/** The last phase that the signature an item asks for covers: its own, or for a permit due by a later phase the one before that. */
export function throughOf({ phase, dueBy }: Pick<PlannedItem, 'phase' | 'dueBy'>, phases: readonly string[]): PhaseId {
  const gate = gatePhases(phases);
  const due = gate.indexOf(dueBy);
  return due > gate.indexOf(phase) ? (gate[due - 1] as PhaseId) : phase;
}

/** The phases of the decision up to and with one. */
export function phasesThrough(through: string, phases: readonly string[]): readonly string[] {
  const gate = gatePhases(phases);
  return gate.slice(0, gate.indexOf(through) + 1);
}

export function coveredOf(
  { plan, identity, attestations }: DecisionInput,
  all: readonly WeighedItem[],
  {
    through,
    phases,
    readiness,
  }: { readonly through: PhaseId; readonly phases: readonly string[]; readonly readiness: DecisionName },
): Covered {
  const items = all.filter(({ item }) => !item.signOff && phases.includes(item.phase));
  const { name, version, commit } = plan.release;
  return {
    plan: plan.digest,
    checklist: plan.checklist.name,
    release: { name, version, commit },
    environment: { name: plan.environment.name, uid: identity?.uid ?? 'unknown' },
    through,
    readiness,
    images: [...new Set(items.flatMap(({ images = [] }) => images))].sort(byText),
    items: Object.fromEntries(items.map((judged) => [judged.item.id, outcomeText(judged, attestations, plan)])),
  };
}

function outcomeText(
  { item, outcome, waived }: WeighedItem,
  attestations: readonly Attestation[],
  plan: DecisionInput['plan'],
): string {
  const here = { environment: plan.environment.name, release: plan.release };
  const said = asksStatement(item)
    ? attestations
        .filter((one) => one.item === item.id && isHere(one, here))
        .map((one) => ({ ...one, place: undefined }))
    : [];
  return [
    outcome,
    ...(waived ? [`waived ${digestOf(waived)}`] : []),
    ...(said.length > 0 ? [`attested ${digestOf(said)}`] : []),
  ].join(' ');
}
