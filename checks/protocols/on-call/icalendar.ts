/**
 * A calendar (RFC 5545) as shifts. Recurrences follow local time, so every instance is turned into instants by its zone: a week of a change
 * of clocks has 167 or 169 hours. A DTEND gives each instance the same exact length, a DURATION in days the same local one.
 */
import { ObservationError } from '../../kit/kind.ts';
import type { Rota, Shift, Span } from './shifts.ts';

type Ical = typeof import('ical.js').default;
type Component = InstanceType<Ical['Component']>;
type Time = InstanceType<Ical['Time']>;
type Event = InstanceType<Ical['Event']>;

/** Instances that are looked through before a rule counts as endless nonsense. */
const MOST_INSTANCES = 50_000;
const DAY_MS = 86_400_000;
/** A later instance may have been moved to the front. */
const MARGIN_MS = 60 * DAY_MS;

/** `busy`: not the events that leave whoever has them free (TRANSP:TRANSPARENT), as calendars mark whole days, nor those nobody has confirmed (STATUS:TENTATIVE). `all`: these, too. */
type Counts = 'busy' | 'all';

/** Throws where the text is no calendar, or a time of it cannot be placed. */
export async function calendarShifts(
  text: string,
  window: Span,
  timeZone: string | undefined,
  counts: Counts = 'busy',
): Promise<Rota> {
  const { default: ical } = await import('ical.js');
  const rotas = parsed(ical, text).map((calendar) => rotaOf(ical, calendar, window, timeZone, counts));
  return {
    name: rotas.map(({ name }) => name).join(', '),
    shifts: rotas.flatMap(({ shifts }) => shifts),
  };
}

/** The calendars of a stream; mostly one. What was cut off, or says nothing of when, is none: a freeze that is not read is no freeze. */
function parsed(ical: Ical, text: string): readonly Component[] {
  const stream = text.replace(/^\uFEFF/, '').trim();
  if (!/^BEGIN:VCALENDAR/i.test(stream)) throw broken('it does not begin with BEGIN:VCALENDAR: is it the calendar?');
  const count = (line: RegExp): number => [...stream.matchAll(line)].length;
  if (!/\nEND:VCALENDAR$/i.test(stream) || count(/^BEGIN:/gim) !== count(/^END:/gim))
    throw broken('not everything that begins in it ends (END:VCALENDAR): it was cut off');
  try {
    const read = ical.parse(stream) as readonly unknown[];
    // Several stand in a list of their own.
    const all = typeof read[0] === 'string' ? [read] : read;
    return all.map((one) => new ical.Component(one as ConstructorParameters<Ical['Component']>[0]));
  } catch (cause) {
    throw new ObservationError('protocol', 'The calendar cannot be read.', { detail: 'no-calendar', cause });
  }
}

function rotaOf(ical: Ical, calendar: Component, window: Span, timeZone: string | undefined, counts: Counts): Rota {
  if (String(calendar.getFirstPropertyValue('method') ?? '').toUpperCase() === 'CANCEL')
    throw broken('it takes events back (METHOD:CANCEL) and is no calendar of them');
  if (calendar.getFirstSubcomponent('vfreebusy'))
    throw broken('it holds times that are free or busy (VFREEBUSY) instead of events: export the events');
  const how: How = { instant: zonesOf(calendar, timeZone), counts };
  const events = calendar.getAllSubcomponents('vevent');
  const masters = events.filter((one) => !one.hasProperty('recurrence-id'));
  const known = new Set(masters.map((one) => String(one.getFirstPropertyValue('uid'))));
  const orphans = events.filter(
    (one) => one.hasProperty('recurrence-id') && !known.has(String(one.getFirstPropertyValue('uid'))),
  );
  const shifts = [...masters, ...orphans].flatMap((one) => shiftsOf(new ical.Event(one), window, how));
  return { name: String(calendar.getFirstPropertyValue('x-wr-calname') ?? 'the calendar'), shifts };
}

/** Turns a local time, as the property of an event says it, into an instant; `days` later by the calendar. */
type ToInstant = (time: Time, zone: string | undefined, days?: number) => number;

function zonesOf(calendar: Component, timeZone: string | undefined): ToInstant {
  const own = new Set(
    calendar.getAllSubcomponents('vtimezone').map((one) => String(one.getFirstPropertyValue('tzid'))),
  );
  return (time, zone, days = 0) => {
    const local = Date.UTC(time.year, time.month - 1, time.day + days, time.hour, time.minute, time.second);
    if (time.zone.tzid === 'UTC') return local;
    const named = zone ?? timeZone;
    if (named === undefined) throw broken('it holds times without a zone; name theirs with timeZone');
    if (isZone(named)) return instantIn(named, local);
    if (own.has(named)) return time.toUnixTime() * 1000 + days * DAY_MS;
    throw broken(`it holds times of ${named}, which neither it nor this machine knows`);
  };
}

/** The zone that a property names; a date has none. */
function zoneOf(component: Component, property: string): string | undefined {
  const zone = component.getFirstProperty(property)?.getParameter('tzid');
  return typeof zone === 'string' ? zone : undefined;
}

interface How {
  readonly instant: ToInstant;
  readonly counts: Counts;
}

function shiftsOf(event: Event, window: Span, how: How): Shift[] {
  const { instant } = how;
  if (!event.isRecurring()) return [shiftOf(event, event.startDate, how)].filter((one) => one !== null);
  const shifts: Shift[] = [];
  const instances = event.iterator();
  const zone = zoneOf(event.component, 'dtstart');
  for (let count = 0; ; count += 1) {
    if (count > MOST_INSTANCES)
      throw broken(`${event.summary || 'an event'} repeats more often than can be looked through`);
    const next = instances.next() as Time | null;
    if (!next) return shifts;
    if (instant(next, zone) > window.to + MARGIN_MS) return shifts;
    const { item, startDate } = event.getOccurrenceDetails(next) as { readonly item: Event; readonly startDate: Time };
    const shift = shiftOf(item, startDate, how);
    if (shift && shift.to > window.from && shift.from < window.to) shifts.push(shift);
  }
}

function shiftOf(item: Event, start: Time, { instant, counts }: How): Shift | null {
  const { component } = item;
  const word = (name: string): string => String(component.getFirstPropertyValue(name) ?? '').toUpperCase();
  if (word('status') === 'CANCELLED') return null;
  // What nobody has confirmed gives no leave; what may forbid does.
  if (counts === 'busy' && (word('transp') === 'TRANSPARENT' || word('status') === 'TENTATIVE')) return null;
  const from = instant(start, zoneOf(component, 'dtstart'));
  return { from, to: endOf(item, start, from, instant), who: item.summary };
}

function endOf({ component, startDate }: Event, start: Time, from: number, instant: ToInstant): number {
  const zone = zoneOf(component, 'dtstart');
  const end = component.getFirstPropertyValue('dtend') as Time | null;
  if (end) {
    // Whole days are counted as days: the day of a change of clocks is not 24 hours long.
    if (startDate.isDate) return instant(start, zone, daysBetween(startDate, end));
    return from + (instant(end, zoneOf(component, 'dtend')) - instant(startDate, zone));
  }
  const duration = component.getFirstPropertyValue('duration') as InstanceType<Ical['Duration']> | null;
  if (!duration) return startDate.isDate ? instant(start, zone, 1) : from;
  const { weeks, days, hours, minutes, seconds } = duration;
  return instant(start, zone, weeks * 7 + days) + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

const daysBetween = (a: Time, b: Time): number =>
  Math.round((Date.UTC(b.year, b.month - 1, b.day) - Date.UTC(a.year, a.month - 1, a.day)) / DAY_MS);

function isZone(name: string): boolean {
  try {
    return clockOf(name).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The instant of a local time: of an ambiguous one the first; one that does not exist takes the offset before the gap. */
function instantIn(timeZone: string, local: number): number {
  const before = local - offsetAt(timeZone, local - DAY_MS);
  const after = local - offsetAt(timeZone, local + DAY_MS);
  const fits = [before, after].filter((one) => one + offsetAt(timeZone, one) === local);
  return fits.length === 0 ? before : Math.min(...fits);
}

/** One is dear to make, and a calendar asks for its zones thousands of times. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-u-ca-gregory-hc-h23', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(timeZone, clock);
  return clock;
}

function offsetAt(timeZone: string, ms: number): number {
  const parts = clockOf(timeZone).formatToParts(ms);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
  return (
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) -
    Math.floor(ms / 1000) * 1000
  );
}

const broken = (what: string): ObservationError =>
  new ObservationError('protocol', `The calendar: ${what}.`, { detail: 'no-calendar' });
