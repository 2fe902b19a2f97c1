/** Schedules of PagerDuty (both generations), Opsgenie and Grafana OnCall, read as shifts. */
import type { HttpClient } from '../../contract/http.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import type { OnCallSource } from '../../contract/notify.ts';
import { ObservationError } from '../../kit/kind.ts';
import { auth, onCalls, pagerSource } from '../notify/pagerduty.ts';
import { askJson, type TelemetrySource } from '../telemetry.ts';
import type { Rota, Shift, Span } from './shifts.ts';

type SourceOf<Type extends OnCallSource['type']> = Extract<OnCallSource, { readonly type: Type }>;
const DAY_MS = 86_400_000;
/** Instants that Opsgenie is asked at. */
const SAMPLES = 12;
const iso = (ms: number): string => new Date(ms).toISOString();

/** A schedule of PagerDuty: the older generation first, which does not know the newer ones. */
export async function pagerdutySchedule(
  http: HttpClient,
  source: SourceOf<'pagerduty'>,
  window: Span,
): Promise<readonly Rota[]> {
  const span = `since=${iso(window.from)}&until=${iso(window.to)}`;
  const id = encodeURIComponent(source.schedule);
  const ask = (path: string) => askJson(http, pagerSource(source), path, { ...auth(source), also: [404] });
  const older = await ask(`/schedules/${id}?${span}`);
  const isOlder = older.status === 200 && textAt(older.json, '', 'schedule', 'type') !== 'schedule_v3';
  if (isOlder) return [olderSchedule(older.json)];
  const newer = older.status === 200 ? older : await ask(`/v3/schedules/${id}?${span}&include[]=final_schedule`);
  if (newer.status === 404)
    throw new ObservationError('not-found', `PagerDuty: there is no schedule ${source.schedule}.`, {
      detail: 'http-404',
      fix: 'Correct the id of the schedule in the environment file.',
    });
  return [newerSchedule(newer.json)];
}

function olderSchedule(json: unknown): Rota {
  const final = at(json, 'schedule', 'final_schedule');
  const entries = listAt(final, 'rendered_schedule_entries');
  // Rendered for a window only: without one nothing was computed, and an empty list says nothing.
  if (typeof at(final, 'rendered_coverage_percentage') !== 'number') throw notRendered();
  return {
    name: textAt(json, '', 'schedule', 'name'),
    shifts: entries.map((entry) => shiftAt(entry, 'start', 'end', textAt(entry, '', 'user', 'summary'))),
  };
}

function newerSchedule(json: unknown): Rota {
  const final = at(json, 'schedule', 'final_schedule');
  if (!Array.isArray(at(final, 'computed_shift_assignments'))) throw notRendered();
  const people = listAt(final, 'computed_shift_assignments').filter(
    (one) => textAt(one, '', 'member', 'type') === 'user_member',
  );
  return {
    name: textAt(json, '', 'schedule', 'name'),
    shifts: people.map((one) => shiftAt(one, 'start_time', 'end_time', textAt(one, '', 'member', 'user_id'))),
  };
}

const notRendered = (): ObservationError =>
  new ObservationError('protocol', 'PagerDuty: the schedule was not rendered for the window that was asked for.', {
    detail: 'not-rendered',
    fix: 'Check the window: PagerDuty renders 90 days at most.',
  });

/** Each level of a policy, as a rota of its own. */
export async function pagerdutyPolicy(
  http: HttpClient,
  source: SourceOf<'pagerduty-policy'>,
  window: Span,
): Promise<readonly Rota[]> {
  const asked = { since: new Date(window.from), until: new Date(window.to) };
  const entries = await onCalls(http, source, source.policy, asked);
  return Array.from({ length: source.levels }, (_, index) => ({
    name: `level ${index + 1} of ${source.policy}`,
    shifts: entries
      .filter(({ level }) => level === index + 1)
      .map(({ start, end, name, user }) => ({
        from: start === null ? -Infinity : instantOf(start),
        to: end === null ? Infinity : instantOf(end),
        who: name || user,
      })),
  }));
}

/** Who Opsgenie says is on call, at instants spread over the window: it lists no shifts here. */
export async function opsgenieSchedule(
  http: HttpClient,
  source: SourceOf<'opsgenie'>,
  window: Span,
): Promise<readonly Rota[]> {
  const step = (window.to - window.from) / SAMPLES;
  const path = `/v2/schedules/${encodeURIComponent(source.schedule)}/on-calls?scheduleIdentifierType=name&flat=true`;
  const looks = Array.from({ length: SAMPLES }, async (_, index): Promise<Shift | null> => {
    const from = window.from + index * step;
    const { json } = await askJson(http, named('Opsgenie', source), `${path}&date=${encodeURIComponent(iso(from))}`, {
      authorization: { prefix: 'GenieKey ', secret: source.token },
    });
    // Jira Service Management answers without the wrapper.
    const answer = at(json, 'data') ?? json;
    const recipients = at(answer, 'onCallRecipients') ?? at(answer, 'onCallParticipants');
    if (!Array.isArray(recipients))
      throw new ObservationError('protocol', 'Opsgenie: the answer names no recipients.', { detail: 'no-list' });
    if (at(answer, '_parent', 'enabled') === false) return null;
    const who = recipients.flatMap(peopleOf);
    return who.length === 0 ? null : { from, to: from + step, who: who.join(', ') };
  });
  const shifts = (await Promise.all(looks)).filter((shift) => shift !== null);
  return [{ name: source.schedule, shifts, sampled: true }];
}

/** The people behind a recipient: a team or an escalation is nobody by itself. */
function peopleOf(recipient: unknown): readonly string[] {
  if (typeof recipient === 'string') return [recipient];
  if (textAt(recipient, 'user', 'type') === 'user') return [textAt(recipient, '', 'name')];
  return listAt(recipient, 'onCallParticipants').flatMap(peopleOf);
}

const MOST_PAGES = 100;

/** The final shifts of Grafana OnCall, page by page; it takes days, so the window is asked for with a day on either side. */
export async function grafanaSchedule(
  http: HttpClient,
  source: SourceOf<'grafana-oncall'>,
  window: Span,
): Promise<readonly Rota[]> {
  const day = (ms: number): string => iso(ms).slice(0, 10);
  const base = `/api/v1/schedules/${encodeURIComponent(source.schedule)}/final_shifts`;
  const asked = `start_date=${day(window.from - DAY_MS)}&end_date=${day(window.to + DAY_MS)}`;
  const shifts: Shift[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const { json } = await askJson(http, named('Grafana OnCall', source), `${base}?${asked}&page=${page}`, {
      authorization: { prefix: '', secret: source.token },
    });
    const results = at(json, 'results');
    if (!Array.isArray(results))
      throw new ObservationError('protocol', 'Grafana OnCall: the answer holds no results.', { detail: 'no-list' });
    for (const one of results) shifts.push(shiftAt(one, 'shift_start', 'shift_end', whoAt(one)));
    if (typeof at(json, 'next') !== 'string') return [{ name: source.schedule, shifts }];
  }
  throw new ObservationError('protocol', `Grafana OnCall: more than ${MOST_PAGES} pages of shifts.`, {
    detail: 'too-large',
  });
}
const whoAt = (one: unknown): string => textAt(one, textAt(one, '', 'user_pk'), 'user_username');

function shiftAt(value: unknown, start: string, end: string, who: string): Shift {
  return { from: instantOf(textAt(value, '', start)), to: instantOf(textAt(value, '', end)), who };
}

/** Offsets differ from entry to entry: instants alone can be compared. */
function instantOf(text: string): number {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms) && /(Z|[+-]\d\d:?\d\d)$/.test(text)) return ms;
  throw new ObservationError('protocol', `The schedule holds a time without its zone: ${text.slice(0, 40)}.`, {
    detail: 'no-time',
  });
}

function named(name: string, { url, caFile }: SourceOf<'opsgenie' | 'grafana-oncall'>): TelemetrySource {
  return { name, url: url.replace(/\/$/, ''), ...(caFile === undefined ? {} : { caFile }) };
}
