/** What a role accepts by signing, for whoever signs to read. Pure. */
import type { Decision } from '../../checks/contract/decision.ts';
import type { Covered } from '../../checks/contract/people.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { changesBetween } from '../../checks/people/signatures.ts';
import { formatUtc, listOf, plural } from '../../reports/tell/wording.ts';

export interface Terms {
  readonly plan: Plan;
  readonly role: string;
  readonly covers: Covered;
  readonly decision: Decision;
  /** What the role signed last, and when. */
  readonly last?: { readonly covers: Covered; readonly signedAt: string };
}

/** The items whose signature is asked of a role: those that a permit up to that phase answers. */
export function askedOf(plan: Plan, role: string): readonly PlannedItem[] {
  return plan.items.filter((item) => item.kind === 'people/signature' && item.role === role);
}

export function termsText({ plan, role, covers, decision, last }: Terms): string {
  const { release, environment, images, items, readiness, through } = covers;
  const outcomes = new Map<string, number>();
  for (const text of Object.values(items)) {
    const [outcome = ''] = text.split(' ');
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const counts = listOf([...outcomes].map(([outcome, count]) => `${count} ${outcome}`));
  return [
    `${role} (${plan.roles[role] ?? role}) signs ${release.name} ${release.version} (commit ${release.commit.slice(0, 12)}) for ${environment.name}:`,
    ...askedOf(plan, role).map(({ id, params }) => `  ${id}  ${String(params['statement'])}`),
    '',
    `Readiness is ${readiness}, up to ${through}: ${plural(Object.keys(items).length, 'item')}, ${counts}; ${plural(images.length, 'image')}.`,
    ...section('Waived', waivers(decision)),
    ...section('Overrides of this environment', overrides(plan)),
    ...section('What happens by itself if it goes wrong', automatic(plan)),
    ...(last === undefined
      ? ['Nobody has signed for this role before.']
      : section(
          `Changed since the signature of ${formatUtc(last.signedAt)}`,
          changesBetween(last.covers, covers),
          'nothing',
        )),
  ].join('\n');
}

function section(title: string, lines: readonly string[], none = 'none'): readonly string[] {
  return lines.length === 0 ? [`${title}: ${none}.`] : [`${title}:`, ...lines.map((line) => `  - ${line}`)];
}

function waivers({ items }: Decision): readonly string[] {
  return items.flatMap(({ id, outcome, waived }) =>
    waived
      ? [
          `${id} (${outcome}) by ${waived.approver} until ${formatUtc(waived.expires)}, ${waived.ticket}: ${waived.reason}`,
        ]
      : [],
  );
}

function overrides({ environment }: Plan): readonly string[] {
  return environment.overrides.map(
    ({ item, param, value, why }) => `${item} ${param} = ${JSON.stringify(value)}: ${why}`,
  );
}

function automatic({ items }: Plan): readonly string[] {
  return items
    .filter(({ kind, onFailure }) => kind === 'cutover/trigger' || onFailure === 'rollback')
    .map(({ id, title }) => `${id}: unless "${title}", traffic goes back`);
}
