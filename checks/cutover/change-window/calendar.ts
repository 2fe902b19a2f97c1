/** Whether traffic may be moved now, and when next: windows less freezes, as instants. */
import { WEEKDAYS, type ChangeSpans } from '../../contract/change-schemas.ts';
import { attempt, ObservationError, type Capabilities, type Refusal } from '../../kit/kind.ts';
import { calendarText } from '../../protocols/on-call/calendar-source.ts';
import { calendarShifts } from '../../protocols/on-call/icalendar.ts';
import type { Shift, Span } from '../../protocols/on-call/shifts.ts';

/** How far it is looked for the next window. */
export const HORIZON_MS = 92 * 86_400_000;

export interface Calendars {
  readonly windows?: readonly ChangeSpans[];
  readonly freezes?: readonly ChangeSpans[];
}
/** What a source says of the time to come. */
export interface SpansSeen {
  readonly source: string;
  readonly role: 'window' | 'freeze';
  readonly spans: readonly Shift[];
  readonly refusal: Refusal | null;
}
/** `until`: when it may not be moved any more; Infinity where nothing ends it. */
export type Moment =
  | { readonly may: true; readonly until: number }
  | { readonly may: false; readonly why: 'frozen'; readonly by: Shift; readonly next: Span | null }
  | { readonly may: false; readonly why: 'outside'; readonly next: Span | null }
  | { readonly may: false; readonly why: 'too-short'; readonly until: number; readonly next: Span | null };

/** Reads every source, from now on. */
export async function readCalendars(
  { windows = [], freezes = [] }: Calendars,
  can: Pick<Capabilities, 'http' | 'files'>,
  now: Date,
): Promise<readonly SpansSeen[]> {
  const asked = [
    ...windows.map((source) => ({ source, role: 'window' as const })),
    ...freezes.map((source) => ({ source, role: 'freeze' as const })),
  ].map(async ({ source, role }): Promise<SpansSeen> => {
    const span = { from: now.getTime(), to: now.getTime() + HORIZON_MS };
    // Calendars mark whole days as free: a freeze that is marked so is one all the same.
    const { seen, refusal } = await attempt(() => spansOf(source, can, span, role === 'freeze' ? 'all' : 'busy'));
    return { source: nameOf(source), role, spans: seen ?? [], refusal: refusal ?? null };
  });
  return await Promise.all(asked);
}

async function spansOf(
  source: ChangeSpans,
  can: Pick<Capabilities, 'http' | 'files'>,
  span: Span,
  counts: 'busy' | 'all',
): Promise<readonly Shift[]> {
  if (source.type === 'span') return [{ from: Date.parse(source.from), to: Date.parse(source.to), who: source.name }];
  const isWeekly = source.type === 'weekly';
  const text = isWeekly ? weeklyCalendar(source, span) : await calendarText(source, can);
  return (await calendarShifts(text, span, source.timeZone, counts)).shifts;
}

/** As a calendar: one reading of zones and clocks for all of them. */
function weeklyCalendar({ days, from, to, timeZone, name = 'the weekly window' }: Weekly, { from: now }: Span): string {
  requireZone(timeZone);
  // A Monday well before: the first instance decides what the rule counts from.
  const monday = new Date(now - 14 * 86_400_000);
  monday.setUTCDate(monday.getUTCDate() - ((monday.getUTCDay() + 6) % 7));
  const day = (offset: number): string =>
    new Date(monday.getTime() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const local = (time: string): string => `T${time.replace(':', '')}00`;
  // One event a day: each begins on its own day, whatever day the week begins with.
  const events = days.flatMap((one) => {
    const offset = WEEKDAYS.indexOf(one);
    const last = offset + (to > from ? 0 : 1);
    return [
      'BEGIN:VEVENT',
      `UID:${one}@golive`,
      `SUMMARY:${name.replace(/[\r\n\\;,]/g, ' ')}`,
      `DTSTART:${day(offset)}${local(from)}`,
      `DTEND:${day(last)}${local(to)}`,
      'RRULE:FREQ=WEEKLY',
      'END:VEVENT',
    ];
  });
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:golive', ...events, 'END:VCALENDAR', ''].join('\r\n');
}
type Weekly = Extract<ChangeSpans, { readonly type: 'weekly' }>;

function requireZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw new ObservationError('misconfigured', `this machine knows no time zone ${timeZone}`, {
      fix: 'Name it as in the IANA database: Europe/Berlin',
    });
  }
}

function nameOf(source: ChangeSpans): string {
  if (source.type === 'icalendar') return `Calendar ${source.file ?? source.url ?? ''}`.trim();
  if (source.type === 'span') return source.name;
  return source.name ?? `${source.days.join(', ')} ${source.from}–${source.to} ${source.timeZone}`;
}

/** Whether a cutover that lasts so long may begin at that moment. `hasWindows` false: at any time outside freezes. */
export function momentOf(
  seen: readonly Pick<SpansSeen, 'role' | 'spans'>[],
  hasWindows: boolean,
  at: number,
  lastsMs: number,
): Moment {
  const of = (role: SpansSeen['role']): readonly Shift[] =>
    seen.filter((one) => one.role === role).flatMap(({ spans }) => spans);
  const freezes = of('freeze');
  const open = without(hasWindows ? joined(of('window')) : [{ from: at, to: Infinity }], joined(freezes));
  const next = open.find(({ from, to }) => to - Math.max(from, at) >= lastsMs && to > at) ?? null;
  const nextFrom = next && { from: Math.max(next.from, at), to: next.to };
  const present = open.find(({ from, to }) => from <= at && at < to);
  if (present)
    return present.to - at >= lastsMs
      ? { may: true, until: present.to }
      : { may: false, why: 'too-short', until: present.to, next: nextFrom };
  const by = freezes.find(({ from, to }) => from <= at && at < to);
  return by ? { may: false, why: 'frozen', by, next: nextFrom } : { may: false, why: 'outside', next: nextFrom };
}

/** In order, with those that touch as one. */
function joined(spans: readonly Span[]): readonly Span[] {
  const all: Span[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last && from <= last.to) all[all.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else if (to > from) all.push({ from, to });
  }
  return all;
}

function without(spans: readonly Span[], holes: readonly Span[]): readonly Span[] {
  return holes.reduce<readonly Span[]>(
    (left, hole) =>
      left.flatMap((span) =>
        [
          { from: span.from, to: Math.min(span.to, hole.from) },
          { from: Math.max(span.from, hole.to), to: span.to },
        ].filter(({ from, to }) => to > from),
      ),
    spans,
  );
}

/** `2026-12-07T09:00:00Z to 2026-12-07T16:00:00Z`. */
export function spanText(span: Span | null): string {
  if (span === null) return 'none within 92 days';
  return `${instantText(span.from)} to ${instantText(span.to)}`;
}

export const instantText = (ms: number): string =>
  Number.isFinite(ms) ? new Date(ms).toISOString().replace('.000Z', 'Z') : 'no end';
