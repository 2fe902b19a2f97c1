/** The text of a calendar, from a file of the project or from an address. */
import type { OnCallSource } from '../../contract/notify.ts';
import { ObservationError, type Capabilities } from '../../kit/kind.ts';

export type CalendarSource = Extract<OnCallSource, { readonly type: 'icalendar' }>;

/** @throws ObservationError `misconfigured` without either, `protocol` where the address answers something else */
export async function calendarText(
  source: CalendarSource,
  { http, files }: Pick<Capabilities, 'http' | 'files'>,
): Promise<string> {
  if (source.file !== undefined) return await files.read(source.file);
  if (source.url === undefined)
    throw new ObservationError('misconfigured', 'the calendar has neither url nor file', { fix: 'Name one of them' });
  const answer = await http.request({
    url: source.url,
    ...(source.path === undefined ? {} : { secretPath: source.path }),
    ...(source.caFile === undefined ? {} : { caFile: source.caFile }),
    maxBytes: 16 * 1024 * 1024,
  });
  if (answer.status === 200 && !answer.truncated) return answer.body;
  const what = answer.truncated ? 'is longer than golive reads' : `answered ${answer.status}, expected 200`;
  throw new ObservationError('protocol', `The calendar ${what}.`, { detail: `http-${answer.status}` });
}
