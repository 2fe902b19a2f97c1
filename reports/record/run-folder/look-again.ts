/** After the approval items of a gate's phase are looked at again on schedule: no step is taken, so no phase before it is presupposed. */
import { standingApproval } from '../ledger/approval.ts';
import type { RunContents } from './read.ts';

/** Null where it is no such look: of a whole phase, of an item that changes something, or of a release that nobody has approved. */
export function lookedAtAgain(
  { events, identity, plan }: RunContents,
  root: string,
  phase: string,
): { readonly met: true; readonly why: string } | null {
  const selected = events.flatMap((event) => (event.event === 'selected' && event.phase === phase ? event.items : []));
  const isLook = ({ id, mutation }: (typeof plan.items)[number]): boolean =>
    selected.includes(id) && mutation === undefined;
  const own = plan.items.filter((item) => item.phase === phase);
  const looks = own.filter(isLook);
  if (identity === null || looks.length !== selected.length || looks.length === 0 || looks.length === own.length)
    return null;
  const { approval } = { approval: undefined, ...standingApproval(root, plan, identity) };
  if (approval === undefined) return null;
  return {
    met: true,
    why: `the release was approved at ${approval.approvedAt}; ${selected.join(', ')} are looked at again`,
  };
}
