/** Windows and freezes by the clocks of people: time zones, summer time, recurrences, whole days. */
import { describe, expect, it } from 'vitest';
import type { ChangeSpans } from '../../contract/change-schemas.ts';
import type { Capabilities } from '../../kit/kind.ts';
import { momentOf, readCalendars, type Calendars, type Moment } from './calendar.ts';

const HOUR = 3_600_000;
const berlin: ChangeSpans = {
  type: 'weekly',
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '09:00',
  to: '16:00',
  timeZone: 'Europe/Berlin',
};
const event = (...lines: readonly string[]): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:t',
    'BEGIN:VEVENT',
    'UID:1',
    'SUMMARY:One',
    ...lines,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
const calendar = { type: 'icalendar', file: 'one.ics', timeZone: 'Europe/Berlin' } as const;

async function at(time: string, calendars: Calendars, { text = '', lasts = HOUR } = {}): Promise<Moment> {
  const files = { read: () => Promise.resolve(text) } as unknown as Capabilities['files'];
  const seen = await readCalendars(calendars, { files, http: {} as Capabilities['http'] }, new Date(time));
  for (const { refusal } of seen) if (refusal) throw new Error(refusal.message);
  return momentOf(seen, calendars.windows !== undefined, Date.parse(time), lasts);
}
const iso = (ms: number): string => new Date(ms).toISOString();

describe('windows of the week', () => {
  it.each([
    ['in winter', '2026-03-27T08:00:00Z', true],
    ['too early in winter', '2026-03-27T07:59:00Z', false],
    ['in summer, an hour earlier', '2026-03-30T07:00:00Z', true],
    ['too early in summer', '2026-03-30T06:59:00Z', false],
    ['at the end, an hour before it', '2026-03-30T13:00:00Z', true],
    ['on a Saturday', '2026-03-28T10:00:00Z', false],
    ['in winter again', '2026-10-26T08:30:00Z', true],
    ['too early again', '2026-10-26T07:30:00Z', false],
  ])('%s', async (_, time, may) => {
    expect((await at(time, { windows: [berlin] })).may).toBe(may);
  });

  it('names the next one, over a weekend in which the clocks change', async () => {
    const moment = await at('2026-03-27T15:30:00Z', { windows: [berlin] });
    expect(moment.may ? null : moment.next && iso(moment.next.from)).toBe('2026-03-30T07:00:00.000Z');
  });

  it('ends the next day where it ends before it begins, and is too short at its end', async () => {
    const night: ChangeSpans = {
      type: 'weekly',
      days: ['sun'],
      from: '22:00',
      to: '04:00',
      timeZone: 'America/New_York',
    };
    // Sunday 22:00 in New York is Monday 03:00 UTC in winter.
    expect((await at('2026-12-07T03:00:00Z', { windows: [night] })).may).toBe(true);
    expect(await at('2026-12-07T08:30:00Z', { windows: [night] })).toMatchObject({ may: false, why: 'too-short' });
  });

  it('refuses a zone that does not exist', async () => {
    await expect(at('2026-03-27T08:00:00Z', { windows: [{ ...berlin, timeZone: 'Europe/Berlinn' }] })).rejects.toThrow(
      'Europe/Berlinn',
    );
  });
});

describe('calendars', () => {
  it('follow their rules, but for what they except', async () => {
    const text = event(
      'DTSTART;TZID=Europe/Berlin:20260105T090000',
      'DTEND;TZID=Europe/Berlin:20260105T110000',
      'RRULE:FREQ=MONTHLY;BYDAY=1MO',
      'EXDATE;TZID=Europe/Berlin:20260601T090000',
    );
    const windows = { windows: [calendar] };
    expect((await at('2026-05-04T07:00:00Z', windows, { text })).may).toBe(true);
    expect((await at('2026-05-11T07:00:00Z', windows, { text })).may).toBe(false);
    const excepted = await at('2026-06-01T07:00:00Z', windows, { text });
    expect(excepted.may ? null : excepted.next && iso(excepted.next.from)).toBe('2026-07-06T07:00:00.000Z');
  });

  it('freeze whole days by the days of their zone, also where the event leaves people free', async () => {
    const text = event('DTSTART;VALUE=DATE:20261219', 'DTEND;VALUE=DATE:20270107', 'TRANSP:TRANSPARENT');
    const freezes = { freezes: [calendar] };
    expect((await at('2026-12-18T21:59:00Z', freezes, { text })).may).toBe(true);
    expect(await at('2026-12-18T23:00:00Z', freezes, { text })).toMatchObject({
      may: false,
      why: 'frozen',
      by: { who: 'One' },
    });
    expect(await at('2026-12-18T22:30:00Z', freezes, { text })).toMatchObject({ may: false, why: 'too-short' });
    expect((await at('2027-01-06T23:00:00Z', freezes, { text })).may).toBe(true);
  });

  it('freeze nothing where the event was cancelled', async () => {
    const text = event('DTSTART;VALUE=DATE:20261219', 'DTEND;VALUE=DATE:20270107', 'STATUS:CANCELLED');
    expect((await at('2026-12-24T10:00:00Z', { freezes: [calendar] }, { text })).may).toBe(true);
  });

  it('freeze every year', async () => {
    const text = event('DTSTART;VALUE=DATE:20201219', 'DTEND;VALUE=DATE:20210107', 'RRULE:FREQ=YEARLY');
    expect(await at('2026-12-24T10:00:00Z', { windows: [berlin], freezes: [calendar] }, { text })).toMatchObject({
      may: false,
      why: 'frozen',
      next: { from: Date.parse('2027-01-07T08:00:00Z') },
    });
  });
});

describe('what is no calendar of events', () => {
  const frozen = event('DTSTART:20261201T000000Z', 'DTEND:20261202T000000Z');
  const on = '2026-12-01T12:00:00Z';

  it.each([
    ['was cut off within an event', frozen.slice(0, frozen.indexOf('END:VEVENT')), /cut off/],
    ['was cut off after an event', frozen.slice(0, frozen.indexOf('END:VCALENDAR')), /cut off/],
    ['has an event without an end', frozen.replace('END:VEVENT\r\n', ''), /cut off/],
    ['takes events back', frozen.replace('PRODID:t', 'PRODID:t\r\nMETHOD:CANCEL'), /METHOD:CANCEL/],
    [
      'tells free and busy times',
      frozen.replaceAll('VEVENT', 'VFREEBUSY').replace('SUMMARY:One', 'FREEBUSY:20261201T000000Z/P1D'),
      /VFREEBUSY/,
    ],
    ['is a web page', '<html>', /BEGIN:VCALENDAR/],
  ])('one that %s is an error, never a time without a freeze', async (_, text, message) => {
    await expect(at(on, { freezes: [calendar] }, { text })).rejects.toThrow(message);
  });

  it.each([
    ['of two calendars the second counts, too', `${event('DTSTART:20261110T000000Z')}${frozen}`],
    ['a mark of the byte order is no part of it', `\uFEFF${frozen}`],
    ['nobody has confirmed it, and it forbids all the same', frozen.replace('UID:1', 'UID:1\r\nSTATUS:TENTATIVE')],
  ])('%s', async (_, text) => {
    expect(await at(on, { freezes: [calendar] }, { text })).toMatchObject({ may: false, why: 'frozen' });
  });

  it('a window that nobody has confirmed gives no leave', async () => {
    const text = frozen.replace('UID:1', 'UID:1\r\nSTATUS:TENTATIVE');
    expect((await at(on, { windows: [calendar] }, { text: frozen })).may).toBe(true);
    expect(await at(on, { windows: [calendar] }, { text })).toMatchObject({ may: false, why: 'outside' });
  });
});
