/** Sorts a decision's items into the phases and sections of the checklist, in its order. */
import type { DecidedItem, DecidedPhase, Decision } from '../../../checks/contract/decision.ts';
import type { Plan } from '../../../checks/contract/plan.ts';

export interface ItemSection {
  /** The section's heading, or the ids' common beginning where the checklist names none. */
  readonly title: string;
  readonly items: readonly DecidedItem[];
}
export interface ItemPhase {
  readonly id: string;
  readonly title: string;
  readonly decided: DecidedPhase | undefined;
  readonly sections: readonly ItemSection[];
}

/** Items of phases the decision does not list come last, under their phase's id: none is left out. */
export function groupItems(decision: Decision, plan: Plan | null): readonly ItemPhase[] {
  const sectionOf = new Map(plan?.items.map((item) => [item.id, item.section]));
  const byPhase = new Map<string, Map<string, DecidedItem[]>>(decision.phases.map(({ id }) => [id, new Map()]));
  for (const item of decision.items) {
    const sections = byPhase.get(item.phase) ?? new Map<string, DecidedItem[]>();
    byPhase.set(item.phase, sections);
    const title = sectionOf.get(item.id) ?? item.id.replace(/-[^-]*$/, '');
    const items = sections.get(title);
    if (items) items.push(item);
    else sections.set(title, [item]);
  }
  return [...byPhase].map(([id, sections]) => {
    const decided = decision.phases.find((phase) => phase.id === id);
    return {
      id,
      title: decided?.title ?? id,
      decided,
      sections: [...sections].map(([title, items]) => ({ title, items })),
    };
  });
}
