/** Whether what people allowed outlives the cutover that begins on it. Pure. */
import type { Attestation, Waiver } from '../../checks/contract/people.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { durationMs } from '../../checks/contract/units.ts';
import { longestLadderMs } from '../../checks/cutover/cadence.ts';
import { isValidAt } from './people.ts';

interface Said {
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
}

/**
 * Traffic moves for as long as the phase lasts: what allows it to begin must allow its end. Why it must not begin where it would not be
 * allowed by what people said for that long; else null.
 */
export function endsUnderWay<People extends Said>(
  { plan, phase, now }: { readonly plan: Plan; readonly phase: string; readonly now: Date },
  people: People,
  ask: (said: People) => { readonly met: boolean },
): { readonly met: false; readonly why: string } | null {
  const lengthMs = cutoverMs(
    plan.items.filter((item) => item.phase === phase),
    plan.environment.compression,
  );
  if (lengthMs === null) return null;
  const end = new Date(now.getTime() + lengthMs);
  const ends = ({ expires }: { readonly expires: string }): boolean =>
    isValidAt(expires, now) && !isValidAt(expires, end);
  const { waivers, attestations } = people;
  if (![...waivers, ...attestations].some(ends)) return null;
  const lasts = (one: { readonly expires: string }): boolean => !ends(one);
  const lasting = { ...people, waivers: waivers.filter(lasts), attestations: attestations.filter(lasts) };
  if (ask(lasting).met) return null;
  const names = [
    ...waivers.filter(ends).map(({ id, expires }) => `waiver ${id} (until ${expires})`),
    ...attestations.filter(ends).map(({ item, expires }) => `attestation of ${item} (until ${expires})`),
  ];
  const why = `the cutover of ${phase} may last until ${end.toISOString()}, and what allows it ends before: ${names.join(', ')}. Renew it first`;
  return { met: false, why };
}

/** How long a cutover may last, with the rehearsal of its rollback; null where no traffic moves. */
function cutoverMs(items: readonly PlannedItem[], compression: number): number | null {
  const ms = ({ params }: PlannedItem, name: string): number => durationMs(String(params[name]));
  const steps = items.filter(({ kind }) => kind === 'cutover/step');
  const weights = items.find(({ kind }) => kind === 'cutover/weights');
  if (steps.length === 0 || !weights) return null;
  const ladder = steps.map((step) => ({
    watchMs: ms(step, 'watch') / compression,
    proveWithinMs: ms(step, 'proveWithin'),
  }));
  const backMs = ms(weights, 'rollbackWithin');
  return backMs + longestLadderMs(ladder, backMs);
}
