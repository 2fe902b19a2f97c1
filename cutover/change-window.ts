/** Whether the cutover may begin now, as its item judges it: asked again right before anything moves. */
import { ObservationError, type Capabilities } from '../checks/contract/capabilities.ts';
import { formatMs } from '../checks/contract/units.ts';
import { instantText, momentOf, readCalendars, spanText } from '../checks/cutover/change-window/calendar.ts';
import type { ChangeWindow } from './settings.ts';

/** Why not; null where it may, or where no calendar is declared. @throws ObservationError where one cannot be read */
export async function whyNotNow(
  changes: ChangeWindow | undefined,
  can: Pick<Capabilities, 'http' | 'files'>,
  now = new Date(),
): Promise<string | null> {
  if (!changes) return null;
  const seen = await readCalendars(changes, can, now);
  const refused = seen.find(({ refusal }) => refusal);
  if (refused?.refusal)
    throw new ObservationError(refused.refusal.code, `${refused.source}: ${refused.refusal.message}`);
  const moment = momentOf(seen, changes.windows !== undefined, now.getTime(), changes.lastsMs);
  if (moment.may) return null;
  const why = {
    frozen: (): string =>
      moment.why === 'frozen' ? `a freeze (${moment.by.who}) lasts until ${instantText(moment.by.to)}` : '',
    outside: (): string => 'this is outside of every change window',
    'too-short': (): string =>
      moment.why === 'too-short'
        ? `the change window ends ${instantText(moment.until)}, and the cutover needs ${formatMs(changes.lastsMs)}`
        : '',
  }[moment.why]();
  return `traffic may not be moved now: ${why}. The next window: ${spanText(moment.next)}`;
}
